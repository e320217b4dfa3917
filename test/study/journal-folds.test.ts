import assert from 'node:assert/strict';
import test from 'node:test';

import { loadContent } from '#src/content/content.ts';
import type { Happening, JournalEvent } from '#src/journal/event.ts';
import { ownRoot } from '#src/paths.ts';
import { random, type Random } from '#src/random.ts';
import { utcZone } from '#src/study/day.ts';
import { LEAD_MS, PAUSE_MS, studyTime } from '#src/study/study-time.ts';
import { tablesOf } from '#src/study/tables.ts';
import { offered, winsOf } from '#src/study/wins.ts';
import { events as told } from '#test/study/events.ts';

const SEEDS = Array.from({ length: 80 }, (_, i) => i + 1);
const content = await loadContent(ownRoot());
const [guide] = content.guides;
const NO_PAPERS = new Map();

function happening(chance: Random): Happening {
  const lab = chance.pick(['batch-error-handling', 'kafka-streaming', 'no-such-lab']);
  const stage = 1 + chance.below(2);
  const passed = chance.below(2) === 0;
  const tried = chance.below(4);
  const survived = passed ? tried : chance.below(tried + 1);
  const counts = { survived, tried, possible: tried + chance.below(2), level: chance.pick(['quick', 'full']) };
  const id = guide?.id ?? '';
  return chance.pick<Happening>([
    { kind: 'graded', lab, stage, state: passed ? 'passed' : 'failed', anomaly: 'duplicate', ...counts },
    { kind: 'mended', lab, stage, anomaly: chance.pick(['duplicate', 'lost']) },
    {
      kind: 'tried',
      guide: id,
      exercise: chance.pick(['a', 'b']),
      outcome: chance.pick(['passed', 'failed', 'unknown']),
    },
    { kind: 'answered', guide: id, question: 'q', options: ['A'], right: passed },
    { kind: 'reviewed', card: `question:${id}/q`, grade: passed ? 'good' : 'again', elapsedMs: 5 },
    { kind: 'ticked', item: `concepts/${id}`, done: passed },
    { kind: 'planned', minutes: 100 },
  ]);
}

/** Some days of a learner, with pauses of all lengths, nights among them. */
function history(chance: Random): JournalEvent[] {
  let ms = Date.UTC(2026, 0, 5, 20);
  return told(
    ...Array.from({ length: 60 }, () => {
      ms += chance.pick([0, 1000, 60_000, PAUSE_MS, PAUSE_MS + 1, 3_600_000, 40_000_000]);
      return [new Date(ms).toISOString(), happening(chance)] as const;
    }),
  );
}

test(`wins: each once, dated ones stay whatever comes later, and none that was taken or declined, ${SEEDS.length} seeds`, () => {
  for (const seed of SEEDS) {
    const chance = random(seed);
    const all = history(chance.fork('events'));
    const before = all.slice(0, chance.below(all.length));
    const wins = winsOf(content, all, NO_PAPERS);
    const keys = wins.map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length, `seed ${seed}: each key once`);
    for (const key of keys) assert.match(key, /^[a-z0-9/-]+$/, 'a key that a request may name');
    const dated = winsOf(content, before, NO_PAPERS).filter(({ at }) => at !== undefined);
    for (const { key, at } of dated) assert.equal(wins.find((one) => one.key === key)?.at, at, `seed ${seed}: ${key}`);
    const [taken, declined] = [keys.filter((_, i) => i % 3 === 0), keys.filter((_, i) => i % 3 === 1)];
    const more = declined.map((offer): JournalEvent => ({ ...(all[0] as JournalEvent), kind: 'declined', offer }));
    const left = offered(wins, new Set(taken), [...all, ...more]).map(({ key }) => key);
    assert.deepEqual(
      left,
      keys.filter((_, i) => i % 3 === 2),
    );
  }
});

test('a win is what was red before it was green, and a stage of which all that was tried was survived', () => {
  const tried = (outcome: 'passed' | 'failed'): Happening => ({
    kind: 'tried',
    guide: guide?.id ?? '',
    exercise: 'a',
    outcome,
  });
  const graded = (survived: number, level: string): Happening => ({
    ...{ kind: 'graded', lab: 'batch-error-handling', stage: 2, level, state: 'passed' },
    ...{ survived, tried: 15, possible: 40 },
  });
  const keys = (...happenings: readonly Happening[]): string[] =>
    winsOf(content, told(...happenings.map((one, i) => [`2026-01-0${i + 1}`, one] as const)), NO_PAPERS).map(
      ({ key }) => key,
    );
  assert.deepEqual(keys(tried('passed')), []);
  assert.deepEqual(keys(tried('failed'), tried('passed')), [`exercise/${guide?.id ?? ''}/a`]);
  assert.deepEqual(keys(graded(15, 'quick'), graded(14, 'full')), [], 'quick tried some of them only');
  assert.deepEqual(keys(graded(15, 'full')), ['survived/batch-error-handling/2']);
  assert.deepEqual(keys({ kind: 'mended', lab: 'batch-error-handling', stage: 2, anomaly: 'x y' }), [
    'mended/batch-error-handling',
  ]);
});

test(`study time: never more than went by, nothing lost between days and topics, the past stays, ${SEEDS.length} seeds`, () => {
  const sum = (spells: readonly { ms: number }[]): number => spells.reduce((all, { ms }) => all + ms, 0);
  for (const seed of SEEDS) {
    const chance = random(seed);
    const all = history(chance);
    const spells = studyTime(all, utcZone);
    const work = all.filter(({ kind }) => kind !== 'ticked' && kind !== 'planned');
    const times = work.map(({ at }) => Date.parse(at));
    const gaps = times.map((ms, i) => (i === 0 ? Number.POSITIVE_INFINITY : ms - (times[i - 1] ?? 0)));
    const due = gaps.reduce((total, gap) => total + (gap > PAUSE_MS ? LEAD_MS : gap), 0);
    assert.equal(sum(spells), due, `seed ${seed}`);
    assert.ok(sum(spells) <= (times.at(-1) ?? 0) - (times[0] ?? 0) + LEAD_MS, `seed ${seed}`);
    assert.equal(new Set(spells.map(({ day, topic }) => `${day} ${topic}`)).size, spells.length);
    const then = studyTime(all.slice(0, 30), utcZone);
    for (const { day, topic, ms } of then) {
      const now = spells.find((one) => one.day === day && one.topic === topic);
      assert.ok((now?.ms ?? 0) >= ms, 'what was counted stays counted');
    }
  }
});

test('tables hold each event once, in its own table too, with the columns that they promise', () => {
  for (const seed of SEEDS.slice(0, 20)) {
    const events = history(random(seed));
    const tables = tablesOf({ course: content, events, log: [], zone: utcZone });
    const rowsOf = (name: string): number => tables.find((one) => one.name === name)?.rows.length ?? -1;
    assert.equal(rowsOf('events'), events.length);
    for (const [name, kind] of [
      ['checks', 'graded'],
      ['answers', 'answered'],
      ['exercises', 'tried'],
      ['mendings', 'mended'],
      ['reviews', 'reviewed'],
    ] as const)
      assert.equal(rowsOf(name), events.filter((event) => event.kind === kind).length, name);
    for (const { name, columns, rows } of tables)
      for (const row of rows) assert.deepEqual(Object.keys(row).sort(), Object.keys(columns).sort(), name);
  }
});
