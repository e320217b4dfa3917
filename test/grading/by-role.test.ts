import assert from 'node:assert/strict';
import test from 'node:test';

import type { HistoryEvent } from '#src/faults/history.ts';
import type { Point } from '#src/faults/schedule.ts';
import { unmetByTheClock } from '#src/grading/by-role.ts';
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

/** Commits by their tables, in order. */
function committed(...roles: string[]): HistoryEvent[] {
  return roles.map((role, i): HistoryEvent => {
    const roleNth = roles.slice(0, i + 1).filter((one) => one === role).length;
    const of = { boundary: 'pg.commit', nth: i + 1, role, roleNth, point: 'before' } as const;
    return { atMs: i, incarnation: 1, lane: 'postgres', kind: 'boundary', text: 'commit', ...of };
  });
}

test('what comes by the clock is tried last, and left out where it was not met', () => {
  const first = committed('orders', 'progress', 'progress', 'orders', 'progress');
  const second = committed('orders', 'progress', 'orders', 'progress');
  const commits: AttackRule = { boundary: 'pg.commit', byRole: true };
  const { targets } = address(first, second, [commits]);
  const { faults } = enumerate(targets, [commits], 'full');
  const names = faults.map(({ role, nth }) => `${role ?? ''}#${nth}`);
  assert.deepEqual(names, ['orders#1', 'orders#2', 'progress#1', 'progress#2']);
  const third = committed('orders', 'orders', 'progress');
  const unmet = (at: number, run = third) => unmetByTheClock(faults[at], [first, second, run])?.counts;
  assert.deepEqual(unmet(3), [3, 2, 1]);
  // The orders came as often as ever: that a fault found none is no matter of time.
  assert.equal(unmet(1), undefined);
  assert.deepEqual(unmet(1, committed('orders', 'progress')), [2, 2, 1]);
});
