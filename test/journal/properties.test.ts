import assert from 'node:assert/strict';
import test from 'node:test';

import { versionOf, type Happening, type JournalEvent } from '#src/journal/event.ts';
import { readEvents } from '#src/journal/reading.ts';
import { random, type Random } from '#src/random.ts';
import { fold } from '#src/study/record.ts';

const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1);
const MACHINES = ['laptop', 'desk', 'train'] as const;
const FIRST_MS = Date.UTC(2026, 0, 1);

/** Something of each kind that a fold looks at, about few things, so that later ones replace earlier ones. */
function happening(chance: Random): Happening {
  const guide = chance.pick(['03-idempotency', '01-batch-vs-streaming']);
  const name = chance.pick(['a', 'b', 'c']);
  const right = chance.below(2) === 0;
  const state = chance.pick(['ok', 'error', 'stopped']);
  const graded = { survived: 1, tried: 2, possible: 3, anomaly: name } as const;
  return chance.pick<Happening>([
    { kind: 'answered', guide, question: name, options: [right ? 'A' : 'B'], right },
    { kind: 'predicted', guide, block: name, ...(right ? { option: 'A' } : {}) },
    { kind: 'ran', guide, block: name, state, edited: right, elapsedMs: chance.below(1000) },
    { kind: 'tried', guide, exercise: name, outcome: chance.pick(['passed', 'failed', 'unknown']) },
    { kind: 'ticked', item: `concepts/${name}`, done: right },
    { kind: 'graded', lab: name, stage: 1, level: 'quick', state: right ? 'passed' : 'failed', ...graded },
    { kind: 'mended', lab: name, stage: 1, anomaly: name },
  ]);
}

/** What three machines wrote, each in its own sequence; many things happened in the same second. */
function history(chance: Random): JournalEvent[] {
  const seqs = new Map<string, number>();
  let at = FIRST_MS;
  return Array.from({ length: 120 }, (_, index): JournalEvent => {
    at += chance.below(2) * 1000;
    const machine = chance.pick(MACHINES);
    const seq = (seqs.get(machine) ?? 0) + 1;
    seqs.set(machine, seq);
    const happened = happening(chance);
    const envelope = { id: `e-${index}`, at: new Date(at).toISOString(), machine, seq, v: versionOf(happened.kind) };
    return { ...envelope, ...happened };
  });
}

function shuffled<T>(values: readonly T[], chance: Random): T[] {
  const rest = [...values];
  return values.map(() => rest.splice(chance.below(rest.length), 1)[0] as T);
}

/** A file as merges leave it: in any order, lines twice, empty lines, lines of a newer version, a torn one. */
function merged(events: readonly JournalEvent[], chance: Random): string {
  const lines = events.map((event) => JSON.stringify(event));
  const doubles = lines.filter(() => chance.below(4) === 0);
  const newer = JSON.stringify({ ...events[0], id: 'newer', kind: 'invented', v: 9 });
  const strange = ['', newer, (lines[0] ?? '').slice(0, 40)];
  return [
    JSON.stringify({ format: 'events', version: 1 }),
    ...shuffled([...lines, ...doubles, ...strange], chance),
    '',
  ].join('\n');
}

const stateOf = (text: string) => fold(readEvents(text).events);

test(`any order of merging gives the same state, ${SEEDS.length} seeds`, () => {
  for (const seed of SEEDS) {
    const chance = random(seed);
    const events = history(chance.fork('events'));
    const expected = stateOf(merged(events, chance.fork('first')));
    for (const name of ['second', 'third']) {
      const reading = readEvents(merged(events, chance.fork(name)));
      assert.deepEqual(fold(reading.events), expected, `seed ${seed}`);
      assert.equal(reading.events.length, events.length, 'each once');
    }
  }
});

test(`what was before yesterday's end gives yesterday's state, whatever came since, ${SEEDS.length} seeds`, () => {
  for (const seed of SEEDS) {
    const chance = random(seed);
    const events = history(chance.fork('events'));
    const end = events[chance.below(events.length)]?.at ?? '';
    const yesterday = events.filter(({ at }) => at <= end);
    const then = stateOf(merged(yesterday, chance.fork('then')));
    const now = readEvents(merged(events, chance.fork('now'))).events;
    assert.deepEqual(fold(now.filter(({ at }) => at <= end)), then, `seed ${seed}`);
    // Fold order is the order of time, so yesterday is a prefix of today.
    assert.deepEqual(
      now.slice(0, yesterday.length),
      now.filter(({ at }) => at <= end),
    );
  }
});
