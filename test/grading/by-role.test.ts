import assert from 'node:assert/strict';
import test from 'node:test';

import type { HistoryEvent } from '#src/faults/history.ts';
import type { Point } from '#src/faults/schedule.ts';
import { address, enumerate, type AttackRule } from '#src/grading/enumerate.ts';

const rule: AttackRule = { boundary: 'pg.confirm', byRole: true };

/** Confirmations as a run passed them: `t1`, or `t2:before` where only that point was passed. */
function passed(...names: string[]): HistoryEvent[] {
  return names.flatMap((name, i) => {
    const [role = '', only] = name.split(':');
    const points: Point[] = only === undefined ? ['before', 'after-durable', 'client-moved-on'] : ['before'];
    return points.map((point): HistoryEvent => ({
      ...{ atMs: i, incarnation: 1, lane: 'postgres', kind: 'boundary', text: 'confirmation' },
      ...{ boundary: 'pg.confirm', nth: i + 1, role, roleNth: 1, point },
    }));
  });
}

test('what a stream does by the clock has no name; what both runs did has one, with the points that both passed', () => {
  const first = passed('t1', 'idle', 't2', 't3', 't5:before');
  const second = passed('t1', 't2', 'idle', 'idle', 't4', 't5');
  const { targets, unnamed } = address(first, second, [rule]);
  assert.deepEqual(unnamed, []);
  const { faults, possible } = enumerate(targets, [rule], 'full');
  const names = faults.map(({ role, nth, point }) => `${role ?? ''}#${nth}:${point}`);
  assert.deepEqual(
    [...names].sort(),
    ['t1', 't2']
      .flatMap((role) => ['after-durable', 'before', 'client-moved-on'].map((point) => `${role}#1:${point}`))
      .concat('t5#1:before'),
  );
  assert.equal(possible, 7);
});

test('a limit holds for what a person waits for, and not overnight', () => {
  const both = passed('t1', 't2', 't3');
  const few: AttackRule = { ...rule, actions: ['rewind'], points: ['after-durable'], most: 1 };
  const { targets } = address(both, both, [few]);
  assert.deepEqual(
    enumerate(targets, [few], 'full').faults.map(({ action, role }) => `${action} ${role ?? ''}`),
    ['rewind t1'],
  );
  assert.equal(enumerate(targets, [few], 'overnight').faults.length, 3);
});
