import assert from 'node:assert/strict';
import test from 'node:test';

import type { HttpLog, HttpRequestNote } from '#src/faults/http-ledger.ts';
import { judgeRequests, mostRetries, neverSettled } from '#src/grading/requests.ts';

const noun = { one: 'payment', many: 'payments' };
type Answer = readonly [payment: string, answer: HttpRequestNote['answer'], afterMs: number, retryAfterS?: number];

function log(answers: readonly Answer[], settled: Record<string, number> = {}, incarnation = 1): HttpLog {
  let atMs = 0;
  const requests = answers.map(([payment, answer, afterMs, retryAfterS], index): HttpRequestNote => {
    atMs += afterMs;
    const path = `/payments/${payment}/settle`;
    const rest = { acted: false, replayed: false, ...(retryAfterS === undefined ? {} : { retryAfterS }) };
    return {
      nth: index + 1,
      atMs,
      incarnation,
      method: 'POST',
      path,
      what: 'settle',
      payment,
      attempt: 1,
      answer,
      ...rest,
    };
  });
  return { requests, leftOut: 0, settled, keys: {} };
}

const names = (found: readonly { anomaly: string }[]): string[] => found.map(({ anomaly }) => anomaly);

test('a refusal is final, but for those that pass', () => {
  for (const answer of [400, 402, 404, 409, 422])
    assert.deepEqual(
      names(
        judgeRequests(
          log([
            ['a', answer, 0],
            ['a', answer, 90],
          ]),
          { noun, due: ['a'] },
        ),
      ),
      ['needless-retry'],
    );
  for (const answer of [408, 425, 429, 500, 503, 'cut', 'silence'] as const)
    assert.deepEqual(
      names(
        judgeRequests(
          log([
            ['a', answer, 0],
            ['a', 200, 90],
          ]),
          { noun, due: ['a'] },
        ),
      ),
      [],
    );
});

test('two effects, a Retry-After that was not waited for, and a budget that was overspent', () => {
  assert.deepEqual(names(judgeRequests(log([], { a: 2, b: 1 }), { noun, due: ['a', 'b'] })), ['double-effect']);
  const soon = log([
    ['a', 429, 0, 1],
    ['a', 200, 900],
  ]);
  assert.deepEqual(judgeRequests(soon, { noun, due: [] })[0]?.witnesses, ['a: after 900 ms instead of 1 s']);
  assert.deepEqual(
    judgeRequests(
      log([
        ['a', 429, 0, 1],
        ['a', 200, 1001],
      ]),
      { noun, due: [] },
    ),
    [],
  );
  const three = log([
    ['a', 500, 0],
    ['a', 500, 50],
    ['b', 500, 50],
    ['b', 500, 50],
    ['b', 500, 50],
  ]);
  assert.equal(mostRetries(three), 3);
  assert.deepEqual(names(judgeRequests(three, { noun, due: [], budget: 2 })), ['over-budget']);
  assert.deepEqual(judgeRequests(three, { noun, due: [], budget: 3 }), []);
});

test('what was never settled was given up, or never asked for', () => {
  assert.deepEqual(
    names(
      neverSettled(
        log(
          [
            ['a', 500, 0],
            ['b', 200, 5],
          ],
          { b: 1 },
        ),
        ['a', 'b'],
      ),
    ),
    ['missing-retry'],
  );
  assert.deepEqual(names(neverSettled(log([['b', 200, 5]], { b: 1 }), ['a', 'b'])), ['lost']);
});

/** Eight payments that fail twice each, after the given pauses, one request every 5 ms otherwise. */
function paced(pause: (attempt: number, payment: number) => number): HttpLog {
  const each = Array.from({ length: 8 }, (_, i): Answer[] => [
    [`p${i}`, 500, 5],
    [`p${i}`, 500, pause(1, i)],
    [`p${i}`, 200, pause(2, i)],
  ]);
  return log(each.flat());
}

test('pauses: none, all alike, and spread by chance', () => {
  const judged = (pause: (attempt: number, payment: number) => number): string[] =>
    names(judgeRequests(paced(pause), { noun, due: [], pacing: true }));
  assert.deepEqual(
    judged(() => 4),
    ['no-backoff'],
  );
  assert.deepEqual(
    judged((attempt, i) => 150 * attempt + (i % 3)),
    ['no-jitter'],
  );
  assert.deepEqual(
    judged((attempt, i) => 150 * attempt * (0.5 + i / 16)),
    [],
  );
  assert.deepEqual(
    judged((attempt, i) => 150 * attempt * (i / 8) + 5),
    [],
  );
  assert.deepEqual(
    judged((_attempt, i) => 150 * (0.5 + i / 16)),
    ['no-backoff'],
  );
  // A machine that was busy once makes nothing of pauses that grow.
  assert.deepEqual(
    judged((attempt, i) => 150 * attempt * (0.5 + i / 16) + (attempt === 1 && i === 7 ? 400 : 0)),
    [],
  );
});
