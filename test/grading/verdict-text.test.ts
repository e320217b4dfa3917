import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { ownRoot } from '#src/paths.ts';
import { parseVerdict, VERDICT_SCHEMA, type Verdict } from '#src/grading/verdict.ts';
import { verdictText } from '#src/grading/verdict-text.ts';
import { causeWords, faultWords } from '#src/grading/wording.ts';

const golden = (name: string): Promise<string> =>
  readFile(join(ownRoot(import.meta.dirname), 'test', 'output', 'grading', `${name}.txt`), 'utf8');

const failed: Verdict = {
  schema: VERDICT_SCHEMA,
  lab: 'batch-error-handling',
  stage: 2,
  title: 'Killed at every step',
  state: 'failed',
  level: 'full',
  language: 'python',
  seed: 42,
  size: 10_000,
  points: { survived: 11, tried: 15, planned: 15, possible: 15 },
  schedule: 'v1 lab=batch-error-handling stage=2 seed=42 size=10000 kill@1/pg.commit#3:after-durable',
  did: [faultWords({ action: 'kill', incarnation: 1, boundary: 'pg.commit', nth: 3, point: 'after-durable' })],
  findings: [
    {
      anomaly: 'duplicate',
      expected: '10,000 orders, each once',
      found: '10,020 orders, 20 of them twice',
      count: 20,
      witnesses: ['o-2041 ×2', 'o-2042 ×2', 'o-2043 ×2', 'o-2044 ×2', 'o-2045 ×2'],
    },
  ],
  likely: [causeWords({ kind: 'position-after-commit', commit: 3, gapMs: 2.1 })],
  read: {
    words: 'Idempotency › Common Pitfalls › The gap between the effect and the record of it',
    href: 'concepts/03-idempotency.md#the-gap-between-the-effect-and-the-record-of-it',
  },
  reproduced: { times: 3, of: 3 },
  program: { hash: 'abc', argv: ['python', 'main.py'] },
  engines: { postgres: '18.4' },
  startedAt: '2026-11-24T16:00:00.000Z',
  elapsedMs: 12_345,
  folder: 'journal/runs/batch-error-handling/20261124-160000',
  picture: 'journal/runs/batch-error-handling/latest/timeline.svg',
  stopped: false,
};

test('a failure reads as it was designed, to the column', async () => {
  assert.equal(`${verdictText(failed, { hint: 'h: a hint' })}\n`, await golden('failed'));
});

test('a pass, an unknown and a stage that could not be exercised each say what they are worth', async () => {
  const passed: Verdict = {
    ...without(failed),
    state: 'passed',
    points: { survived: 15, tried: 15, planned: 15, possible: 15 },
    did: ['killed your program 15 times, at commits: before, just after, and once it had gone on'],
    findings: [],
  };
  const unknown: Verdict = {
    ...without(failed),
    state: 'unknown',
    findings: [],
    why: "PostgreSQL ended by itself. This is our trouble, not your program's, and doesn't count",
    remedy: 'Run the check again; ./dej doctor looks at the machine.',
  };
  const texts = [passed, unknown, { ...unknown, state: 'not-exercised' as const }].map((one) => verdictText(one));
  assert.equal(`${texts.join('\n\n')}\n`, await golden('others'));
});

test('several findings and two possible causes stand below each other; a crash shows the last words', async () => {
  const both: Verdict = {
    ...failed,
    findings: [
      ...failed.findings,
      { anomaly: 'lost', expected: '', found: '10,020 orders; 2 are missing', count: 2, witnesses: ['o-1', 'o-2'] },
    ],
    likely: [
      causeWords({ kind: 'position-after-commit', commit: 3, gapMs: undefined }),
      causeWords({ kind: 'position-before-commit', commit: 3, gapMs: 0.2 }),
    ],
    output: { lastLines: ['Traceback', 'KeyError: amount'], log: 'journal/runs/x/program.log' },
  };
  assert.equal(`${verdictText(both, { hint: './dej hint batch-error-handling' })}\n`, await golden('several'));
});

test('verdict.json reads back; another version and broken text do not', () => {
  assert.deepEqual(parseVerdict(JSON.stringify(failed)), failed);
  assert.equal(parseVerdict(JSON.stringify({ ...failed, schema: VERDICT_SCHEMA + 1 })), undefined);
  assert.equal(parseVerdict('{'), undefined);
});

function without(verdict: Verdict): Verdict {
  return { ...verdict, schedule: undefined, picture: undefined, read: undefined, reproduced: undefined, likely: [] };
}

test('lines of a program that differ in numbers only are counted, and the last of them is shown', () => {
  const said = (lastLines: string[]): string[] =>
    verdictText({ ...failed, output: { lastLines } }, { hint: '' })
      .split('\n')
      .map((row) => row.trim())
      .filter((row) => row.startsWith('It said') || row.startsWith('|') || row.startsWith('…'));
  const many = Array.from({ length: 30 }, (_, i) => `%6|${i}|FAIL|broker is down (after ${i % 3} ms)`);
  assert.deepEqual(said(['begun', ...many, 'ended']), [
    'It said     | begun',
    '| %6|0|FAIL|broker is down (after 0 ms)',
    '… 28 lines like it',
    '| %6|29|FAIL|broker is down (after 2 ms)',
    '| ended',
  ]);
  assert.deepEqual(said(['row 1', 'row 2', 'row 3']), ['It said     | row 1', '| row 2', '| row 3']);
  assert.deepEqual(said([]), []);
});
