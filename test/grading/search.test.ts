import assert from 'node:assert/strict';
import test from 'node:test';

import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault, Schedule } from '#src/faults/schedule.ts';
import { address, countBoundaries, enumerate, ordered } from '#src/grading/enumerate.ts';
import { combinations, singles } from '#src/grading/schedules.ts';
import { shrink } from '#src/grading/shrink.ts';
import { random } from '#src/random.ts';

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
  const counts = [{ boundary: 'pg.commit', total: 100 }];
  const full = enumerate(counts, [{ boundary: 'pg.commit' }], 'full');
  assert.deepEqual([full.faults.length, full.possible], [120, 300]);
  const quick = enumerate(counts, [{ boundary: 'pg.commit' }], 'quick');
  assert.deepEqual(quick.faults, full.faults.slice(0, 12));
  assert.deepEqual(
    quick.faults.slice(0, 3).map(({ point }) => point),
    ['after-durable', 'before', 'client-moved-on'],
  );
  const none = enumerate([], [{ boundary: 'pg.commit' }], 'full');
  assert.deepEqual(none, { faults: [], possible: 0 });
  const night = enumerate(counts, [{ boundary: 'pg.commit' }], 'overnight');
  assert.deepEqual([night.faults.length, new Set(night.faults.map((fault) => JSON.stringify(fault))).size], [300, 300]);
});

const written = (nth: number, role: string): HistoryEvent => ({ ...passed(nth), role });
const run = (roles: string): HistoryEvent[] => [...roles].map((role, index) => written(index + 1, role));

test('where two runs agree, boundaries have a number; where threads take turns, one within their role; else no name', () => {
  const rules = [{ boundary: 'pg.commit' }];
  assert.deepEqual(address(run('oopo'), run('oopo'), rules), {
    targets: [{ boundary: 'pg.commit', total: 4 }],
    unnamed: [],
  });
  const turns = address(run('oopo'), run('poop'.replace(/p$/, 'o')), rules);
  assert.deepEqual(turns.targets, [
    { boundary: 'pg.commit', role: 'o', total: 3 },
    { boundary: 'pg.commit', role: 'p', total: 1 },
  ]);
  const beats = address(run('ohoho'), run('ohohho'), rules);
  assert.deepEqual(beats, {
    targets: [{ boundary: 'pg.commit', role: 'o', total: 3 }],
    unnamed: [{ target: { boundary: 'pg.commit', role: 'h', total: 3 }, counts: [2, 3] }],
  });
  assert.deepEqual(
    enumerate(beats.targets, rules, 'full')
      .faults.map(({ role, nth }) => `${role} ${nth}`)
      .slice(0, 4),
    ['o 1', 'o 1', 'o 1', 'o 3'],
  );
});

test('pairs and triples are seeded, strike one start after the other, and end when all are drawn', () => {
  const draw = (seed: number, total: number): Schedule[] =>
    [...combinations(base, [{ boundary: 'pg.commit', total }], [{ boundary: 'pg.commit' }], random(seed))]
      .slice(0, 50)
      .map(({ schedule }) => schedule);
  assert.deepEqual(draw(1, 5), draw(1, 5));
  assert.notDeepEqual(draw(1, 5), draw(2, 5));
  for (const { faults } of draw(3, 5)) {
    assert.deepEqual(
      faults.map(({ incarnation }) => incarnation),
      faults.map((_, index) => index + 1),
    );
    assert.ok(faults.length === 2 || faults.length === 3);
  }
  assert.equal(draw(1, 1).length, 9 + 27);
});

test('what failed before is tried first, and nothing twice', () => {
  const old: Schedule = { ...base, seed: 7, faults: [kill(9)] };
  const same: Schedule = { ...base, faults: [kill(2)] };
  const calm: Schedule = { ...base, faults: [] };
  const regressions = [old, old, same, calm];
  const tries = singles(base, {
    regressions,
    feeds: ['lines-twice'],
    faults: [kill(1), kill(9), kill(2)],
    rerun: true,
  });
  assert.deepEqual(
    tries.map(({ kind, schedule: { seed, faults } }) => `${kind} ${seed} ${faults[0]?.argument ?? faults[0]?.nth}`),
    ['known 7 9', 'known 42 2', 'feed 42 lines-twice', 'single 42 1', 'single 42 9', 'rerun 42 1'],
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

test('a fault that is left alone strikes the start that it can reach', async () => {
  const second = { ...kill(2), incarnation: 2 };
  const seen: number[][] = [];
  const { schedule } = await shrink(
    { ...base, faults: [kill(1, 'before'), second] },
    {
      fails: ({ faults }) => {
        seen.push(faults.map(({ incarnation }) => incarnation));
        return Promise.resolve(faults.some(({ point }) => point === 'after-durable'));
      },
      maxRuns: 13,
      minSize: 1000,
    },
  );
  assert.deepEqual(schedule.faults, [kill(1)]);
  assert.deepEqual(seen[0], [1]);
});

test('what fails without any fault is shown so, where that was not known', async () => {
  const fails = (): Promise<boolean> => Promise.resolve(true);
  const options = { fails, maxRuns: 13, minSize: 1000 };
  assert.deepEqual((await shrink({ ...base, faults: [kill(1)] }, options)).schedule.faults, [kill(1)]);
  assert.deepEqual((await shrink({ ...base, faults: [kill(1)] }, { ...options, mayBeCalm: true })).schedule.faults, []);
});

test('two faults that only fail together both stay, and the budget holds', async () => {
  const both = ({ faults }: Schedule): boolean => faults.length === 2;
  assert.equal((await shrinkWith([kill(3), kill(4, 'before')], both))[0], '1:after-durable 1:before');
  assert.equal((await shrinkWith([kill(36)], ({ faults }) => faults[0]?.nth === 36, 2))[2], 2);
});
