import assert from 'node:assert/strict';
import test from 'node:test';

import type { HistoryEvent } from '#src/faults/history.ts';
import type { Point } from '#src/faults/schedule.ts';
import { likelyCauses } from '#src/grading/cause.ts';
import { unansweredTopics } from '#src/grading/cause-kafka.ts';
import { address, enumerate } from '#src/grading/enumerate.ts';
import { causeWords, faultWords } from '#src/grading/wording.ts';

const RULES = [{ boundary: 'kafka.produce' }, { boundary: 'kafka.offset' }];

let clock = 0;
function step(boundary: string, role: string, since: number, nth: number, points?: readonly Point[]): HistoryEvent[] {
  return (points ?? ['before', 'after-durable', 'client-moved-on']).map((point) => ({
    ...{ atMs: ++clock, incarnation: 1, lane: 'kafka', kind: 'boundary', text: boundary },
    ...{ boundary, role, roleNth: nth, since, nth, point },
  }));
}

void test('records that come in other requests have the same names', () => {
  const one = [...step('kafka.produce', 'valid', 0, 6), ...step('kafka.produce', 'valid', 6, 9)];
  const other = [...step('kafka.produce', 'valid', 0, 2), ...step('kafka.produce', 'valid', 2, 9)];
  const { targets, unnamed } = address(one, other, RULES);
  assert.deepEqual(unnamed, []);
  assert.deepEqual(targets, [
    { boundary: 'kafka.produce', role: 'valid', total: 9, numbers: [6, 9] },
    { boundary: 'kafka.offset', total: 0 },
  ]);
  const { faults, possible } = enumerate(targets, RULES, 'full');
  assert.equal(possible, 5, 'after its last step a program may be told to stop');
  assert.deepEqual(
    faults.map(({ nth, point }) => `${nth}:${point}`),
    ['6:after-durable', '6:before', '6:client-moved-on', '9:after-durable', '9:before'],
  );
});

void test('where two undisturbed runs write more or less in all, there is no name', () => {
  const { targets, unnamed } = address(
    step('kafka.produce', 'valid', 0, 6),
    step('kafka.produce', 'valid', 0, 7),
    RULES,
  );
  assert.deepEqual(targets, [{ boundary: 'kafka.offset', total: 0 }]);
  assert.deepEqual(unnamed[0]?.counts, [6, 7]);
});

void test('who writes in transactions is tried at their ends too, and who doesn’t is tried as before', () => {
  const rules = [...RULES, { boundary: 'kafka.endtxn' }];
  const run = [...step('kafka.offset', 'in-0', 0, 9), ...step('kafka.produce', 'valid', 0, 9)];
  for (const level of ['quick', 'full'] as const) {
    const { targets, unnamed } = address(run, run, rules);
    assert.deepEqual(unnamed, []);
    const before = enumerate(address(run, run, RULES).targets, RULES, level);
    assert.deepEqual(enumerate(targets, rules, level), before);
    const withEnds = [...run, ...step('kafka.endtxn', '', 0, 9)];
    const { faults } = enumerate(address(withEnds, withEnds, rules).targets, rules, level);
    const ends = faults.filter(({ boundary }) => boundary === 'kafka.endtxn');
    assert.deepEqual(
      ends.map(({ nth, role, point }) => [nth, role, point]),
      [
        [9, undefined, 'after-durable'],
        [9, undefined, 'before'],
      ],
    );
  }
});

void test('a write that asks for no answer can only be held back', () => {
  const run = step('kafka.produce', 'valid', 0, 6, ['before']);
  const { targets } = address(run, run, RULES);
  assert.deepEqual(targets[0]?.points, ['before']);
  assert.deepEqual(
    enumerate(targets, RULES, 'full').faults.map(({ point }) => point),
    ['before'],
  );
  assert.deepEqual(unansweredTopics([...run, ...step('kafka.produce', 'invalid', 0, 6)]), ['valid']);
  const fault = { action: 'kill', incarnation: 1, boundary: 'kafka.produce', role: 'valid', nth: 6, point: 'before' };
  const evidence = { recorded: run, failed: [], anomalies: ['lost'], outputs: [] } as const;
  const [cause] = likelyCauses({ ...evidence, fault: { ...fault, point: 'before' } }).map(causeWords);
  assert.match(cause ?? '', /acks=0.*\(record 6 to valid was still on its way\)/);
});

void test('what came first in the undisturbed run is the likely cause', () => {
  const write = (nth: number): HistoryEvent[] => step('kafka.produce', 'valid', nth - 5, nth);
  const commit = (nth: number): HistoryEvent[] => step('kafka.offset', 'in-0', nth - 5, nth);
  const fault = {
    action: 'kill',
    incarnation: 1,
    boundary: 'kafka.offset',
    role: 'in-0',
    nth: 5,
    point: 'before',
  } as const;
  const words = (recorded: readonly HistoryEvent[]): string[] =>
    likelyCauses({ recorded, failed: [], fault, anomalies: ['duplicate'], outputs: [] }).map(causeWords);
  assert.match(words([...write(5), ...commit(5), ...write(10), ...commit(10)])[0] ?? '', /after what it stands for/);
  assert.match(words([...commit(5), ...write(5), ...commit(10), ...write(10)])[0] ?? '', /before what it stands for/);
  const ended = step('kafka.endtxn', '', 0, 5);
  assert.deepEqual(words([...write(5), ...commit(5), ...ended]), []);
  assert.equal(faultWords(fault), 'killed your program at offset 5 of in-0, before Kafka had received it');
});
