import assert from 'node:assert/strict';
import test from 'node:test';

import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault, Schedule } from '#src/faults/schedule.ts';
import { countBoundaries, enumerate, ordered, schedulesOf } from '#src/grading/enumerate.ts';
import { shrink } from '#src/grading/shrink.ts';

const kill = (nth: number, point: Fault['point'] = 'after-durable'): Fault => ({
  action: 'kill',
  incarnation: 1,
  boundary: 'pg.commit',
  nth,
  point,
});
const base = { lab: 'x', stage: 2, seed: 42, size: 1000 };
const passed = (nth: number, incarnation = 1): HistoryEvent => ({
  atMs: nth,
  incarnation,
  lane: 'postgres',
  kind: 'boundary',
  text: `commit ${nth}`,
  boundary: 'pg.commit',
  nth,
  point: 'after-durable',
});

test('boundaries are counted for one start of the program', () => {
  const counts = countBoundaries([passed(1), passed(2), passed(1, 2), { ...passed(1), boundary: 'http.request' }]);
  assert.deepEqual(
    [...counts],
    [
      ['pg.commit', 2],
      ['http.request', 1],
    ],
  );
});

test('first, last and middle come first, every one comes once, and a large run is strided', () => {
  assert.deepEqual(ordered(0, 40), []);
  assert.deepEqual(ordered(1, 40), [1]);
  assert.deepEqual(ordered(5, 40), [1, 5, 3, 2, 4]);
  for (const total of [2, 3, 39, 40, 41, 100, 10_000]) {
    const nths = ordered(total, 40);
    assert.equal(new Set(nths).size, nths.length);
    assert.equal(nths.length, Math.min(total, 40), `of ${total}`);
    assert.ok(nths.every((nth) => nth >= 1 && nth <= total));
  }
});

test('a level has its budget, and says how much there would be', () => {
  const counts = new Map([['pg.commit', 100]]);
  const full = enumerate(counts, [{ boundary: 'pg.commit' }], 'full');
  assert.deepEqual([full.faults.length, full.possible], [120, 300]);
  const quick = enumerate(counts, [{ boundary: 'pg.commit' }], 'quick');
  assert.deepEqual(quick.faults, full.faults.slice(0, 12));
  assert.deepEqual(
    quick.faults.slice(0, 3).map(({ point }) => point),
    ['after-durable', 'before', 'client-moved-on'],
  );
  const none = enumerate(new Map(), [{ boundary: 'pg.commit' }], 'full');
  assert.deepEqual(none, { faults: [], possible: 0 });
});

test('what failed before is tried first, and nothing twice', () => {
  const old: Schedule = { ...base, seed: 7, faults: [kill(9)] };
  const schedules = schedulesOf(base, [kill(1), kill(9), kill(2)], [old, old]);
  assert.deepEqual(
    schedules.map(({ seed, faults }) => [seed, faults[0]?.nth]),
    [
      [42, 9],
      [42, 1],
      [42, 2],
    ],
  );
});

async function shrinkWith(
  faults: readonly Fault[],
  broken: (schedule: Schedule) => boolean,
  maxRuns = 30,
): Promise<[string, number, number]> {
  const { schedule, runs } = await shrink(
    { ...base, faults },
    { fails: (candidate) => Promise.resolve(broken(candidate)), maxRuns, minSize: 10 },
  );
  return [schedule.faults.map(({ nth, point }) => `${nth}:${point}`).join(' '), schedule.size, runs];
}

test('the smallest schedule is found in few runs', async () => {
  const after = ({ faults }: Schedule): boolean => faults.some(({ point }) => point === 'after-durable');
  assert.deepEqual(await shrinkWith([kill(1)], () => true), ['1:after-durable', 15, 6]);
  assert.deepEqual((await shrinkWith([kill(30), kill(2, 'before'), kill(9)], after))[0], '1:after-durable');
  const late = ({ faults, size }: Schedule): boolean => size === 1000 && faults.some(({ nth }) => nth >= 5);
  const [schedule, size, runs] = await shrinkWith([kill(36)], late);
  assert.deepEqual([schedule, size], ['5:after-durable', 1000]);
  assert.ok(runs <= 8, `${runs} runs`);
});

test('two faults that only fail together both stay, and the budget holds', async () => {
  const both = ({ faults }: Schedule): boolean => faults.length === 2;
  assert.equal((await shrinkWith([kill(3), kill(4, 'before')], both))[0], '1:after-durable 1:before');
  assert.equal((await shrinkWith([kill(36)], ({ faults }) => faults[0]?.nth === 36, 2))[2], 2);
});
