import assert from 'node:assert/strict';
import test from 'node:test';

import { closing, follow, NO_CHECK, stateWords, type Check } from '#site/src/exercise/model.ts';
import type { ExerciseEvent } from '#src/commands/exercise.ts';

const cases = [
  { id: 'once', title: 'Once' },
  { id: 'again', title: 'Again' },
];
const after = (...events: readonly ExerciseEvent[]): Check => events.reduce(follow, NO_CHECK);
const words = ({ rows }: Check): string[] => rows.map(stateWords);

test('each case is shown from the start, and changes as it goes', () => {
  const passed: ExerciseEvent = { type: 'case', id: 'once', state: 'passed', elapsedMs: 640, text: '' };
  const begun = after({ type: 'cases', cases }, { type: 'progress', what: 'Starting PostgreSQL' });
  assert.deepEqual([words(begun), begun.words], [['not tried yet', 'not tried yet'], 'Starting PostgreSQL …']);
  const under = [{ type: 'begun', id: 'once' }, passed, { type: 'begun', id: 'again' }] satisfies ExerciseEvent[];
  const second = under.reduce(follow, begun);
  assert.deepEqual([words(second), second.words], [['passed in 0.6 s', 'running …'], '']);
  assert.equal(closing(second), '', 'nothing is said before the end');
});

test('the end says which case, and what was found; trouble of ours is no failure', () => {
  const finding = {
    anomaly: 'duplicate',
    expected: 'a',
    found: 'b',
    count: 1,
    witnesses: [],
    did: 'c',
    likely: 'd',
  } as const;
  const [, again] = cases as [unknown, (typeof cases)[0]];
  const state = { case: again, elapsedMs: 1 };
  const end = (verdict: Extract<ExerciseEvent, { type: 'verdict' }>['verdict']): string =>
    closing(after({ type: 'cases', cases }, { type: 'verdict', verdict, text: '' }));
  assert.equal(end({ ...state, state: 'failed', finding, line: undefined, lastLines: [] }), 'Not yet. Again: b.');
  assert.match(end({ ...state, state: 'unknown', why: 'PostgreSQL ended', remedy: '' }), /This does not count/);
  assert.equal(end({ state: 'passed', elapsedMs: 1 }), 'Passed: right in all 2 cases.');
});
