import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { loadContent } from '#src/content/content.ts';
import { loadLab } from '#src/content/lab.ts';
import { ownRoot } from '#src/paths.ts';
import { readBrief } from '#site/src/lab/brief.ts';
import { clockWords, EMPTY, grouped, next, pageOf, survivedWords, type Bench } from '#site/src/lab/model.ts';

type Event = Parameters<typeof next>[1];

const BEGAN: Event = { type: 'began', verb: 'check', from: 'app', at: '2026-01-01T00:00:00.000Z' };
const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const words = {
  stage: 2,
  heading: 'Stage 2 · x',
  beside: 'survived 3 of 4 crash points',
  rows: [],
  schedule: undefined,
};
const VERDICT: Event = {
  type: 'verdict',
  state: 'failed',
  at: '2026-01-01T00:01:00.000Z',
  stopped: false,
  replayed: false,
  ...words,
};

function after(...events: readonly Event[]): Bench {
  return events.reduce((bench, event) => next(bench, event, T0 + 5000), EMPTY);
}

test('what goes on is shown from its begin to its verdict, and the verdict stays', () => {
  const points = { survived: 3, tried: 3, planned: 15, possible: 36 };
  const stage: Event = { type: 'stage', stage: 2, of: 6, title: 'Killed' };
  const trying: Event = { type: 'progress', what: 'trying', words: 'trying 4 of 15', points, elapsedMs: 4000 };
  const { live } = after(BEGAN, stage, trying);
  assert.deepEqual([live?.stage?.n, live?.words, live?.sinceMs], [2, 'trying 4 of 15', T0 + 1000]);
  assert.equal(live?.points && survivedWords(live.points), 'survived 3 of 3 crash points, 15 planned');
  const done = after(BEGAN, stage, trying, VERDICT, { type: 'ended' });
  assert.equal(done.live, undefined);
  assert.equal(done.verdicts['2']?.heading, 'Stage 2 · x');
  assert.match(done.spoken, /failed/);
});

test('a suspicion is spoken once; a watch waits and goes on', () => {
  const suspect = (at: number): Event => ({ type: 'progress', what: 'confirming', words: `checking, ${at} of 3` });
  const once = after(BEGAN, suspect(2));
  assert.equal(once.spoken, 'checking, 2 of 3');
  assert.equal(next(once, suspect(3), T0).spoken, 'checking, 2 of 3');
  const waiting = after(BEGAN, VERDICT, { type: 'waiting', folder: 'f' });
  assert.equal(waiting.live?.isWaiting, true);
  assert.equal(next(waiting, { type: 'changed' }, T0).live?.isWaiting, false);
});

test('an end in trouble says why; one without a word says that', () => {
  const trouble = { message: 'the build failed', remedy: 'Mend it.' };
  assert.deepEqual(after(BEGAN, { type: 'ended', trouble }).trouble, trouble);
  assert.match(after(BEGAN, { type: 'vanished' }).trouble?.message ?? '', /without a word/);
});

test('rows without a label go on with the one above; links lead to pages; time is read at a glance', () => {
  const row = (label: string, text: string) => ({ label, text, kind: 'words' }) as const;
  const groups = grouped([row('Found', 'a'), row('', 'b'), row('Read', 'c')]);
  assert.deepEqual(
    groups.map(({ label, rows }) => [label, rows.length]),
    [
      ['Found', 2],
      ['Read', 1],
    ],
  );
  assert.equal(pageOf('concepts/03-idempotency.md#x-y'), '/concepts/03-idempotency/#x-y');
  assert.deepEqual([clockWords(59_900), clockWords(61_000)], ['59 s', '1 min 1 s']);
});

test('every written lab has a brief with a text for each of its stages', async () => {
  const root = ownRoot(import.meta.dirname);
  const content = await loadContent(root);
  const written = content.labs.filter((lab) => lab.written);
  assert.ok(written.length > 0);
  for (const { path } of written) {
    const { stages } = await loadLab(root, path);
    const brief = await readBrief(await readFile(join(root, path, 'README.md'), 'utf8'), content);
    assert.equal(brief.stages.length, stages.length, path);
    assert.ok(
      brief.stages.every((text) => /<p>(?:<code>|[A-Z])/.test(text)),
      path,
    );
    assert.match(brief.before, /<copy-line><code>\.\/dej start/);
    assert.doesNotMatch(brief.before + brief.after, /<h1|<script/);
  }
});
