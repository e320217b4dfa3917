import assert from 'node:assert/strict';
import test from 'node:test';

import type { HistoryEvent } from '#src/faults/history.ts';
import { formatSchedule, parseSchedule, type Point } from '#src/faults/schedule.ts';
import { address, BESIDES_KILLS, type AttackRule } from '#src/grading/enumerate.ts';
import { combinations } from '#src/grading/schedules.ts';
import { random } from '#src/random.ts';

const ALL: readonly Point[] = ['before', 'after-durable', 'client-moved-on'];
const DRAWS = 400;

interface Step {
  readonly boundary: string;
  readonly role: string;
  readonly nth: number;
  /** Where one request carries several: those up to this one came before it. */
  readonly since?: number;
  readonly points?: readonly Point[];
}

function run(steps: readonly Step[]): HistoryEvent[] {
  return steps.flatMap(({ points = ALL, since, ...of }, i) =>
    points.map((point): HistoryEvent => ({
      ...{
        atMs: i,
        incarnation: 1,
        lane: 'postgres',
        kind: 'boundary',
        text: of.boundary,
        ...of,
        roleNth: of.nth,
        point,
      },
      ...(since === undefined ? {} : { since }),
    })),
  );
}

const produce = (role: string, since: number, nth: number, points = ALL): Step => ({
  ...{ boundary: 'kafka.produce', role, since, nth, points },
});
const HELD: readonly Point[] = ['before'];
const AT_LAST: readonly Point[] = ['before', 'after-durable'];

/** A program that is told to stop once its last offset is committed; it asks for no answer where it writes `log`. */
const KAFKA = [
  ...run([produce('valid', 0, 6), produce('valid', 6, 9, AT_LAST), produce('log', 0, 4, HELD)]),
  ...run([{ boundary: 'kafka.offset', role: 'in-0', since: 0, nth: 12, points: AT_LAST }]),
];
const KAFKA_RULES: readonly AttackRule[] = [
  { boundary: 'kafka.offset' },
  { boundary: 'kafka.produce' },
  ...BESIDES_KILLS,
];

const commit = (role: string, nth: number, points = ALL): Step => ({ boundary: 'pg.commit', role, nth, points });
const CDC = run([
  ...[commit('orders', 1, HELD), commit('orders', 2), commit('orders', 3, AT_LAST), commit('progress', 1)],
  ...['t1', 't2', 't3'].map((role): Step => ({ boundary: 'pg.confirm', role, nth: 1 })),
  { boundary: 'pg.confirm', role: 't4', nth: 1, points: HELD },
]);
const CDC_RULES: readonly AttackRule[] = [
  { boundary: 'pg.commit', byRole: true, most: 9 },
  { boundary: 'pg.confirm', byRole: true, actions: ['rewind', 'lose'], points: ['after-durable'] },
];

const CASES: readonly [string, HistoryEvent[], readonly AttackRule[]][] = [
  ['records and offsets, of which one request carries many', KAFKA, KAFKA_RULES],
  ['what a stream does, by its role', CDC, CDC_RULES],
];

for (const [name, recorded, rules] of CASES)
  test(`pairs and triples of ${name}: each can be replayed, is there, and comes once`, () => {
    const { targets, unnamed } = address(recorded, recorded, rules);
    assert.deepEqual(unnamed, []);
    const base = { lab: 'x', stage: 6, seed: 7, size: 20 };
    const drawn = (seed: number): string[] => {
      const draws: string[] = [];
      for (const { schedule } of combinations(base, targets, rules, random(seed)))
        if (draws.push(formatSchedule(schedule)) === DRAWS) break;
      return draws;
    };
    const lines = drawn(7);
    assert.equal(lines.length, DRAWS);
    assert.equal(new Set(lines).size, DRAWS);
    assert.deepEqual(drawn(7), lines);
    assert.notDeepEqual(drawn(8), lines);
    const named = new Set<string>();
    for (const line of lines) {
      const schedule = parseSchedule(line);
      assert.equal(formatSchedule(schedule), line);
      assert.deepEqual(
        schedule.faults.map(({ incarnation }) => incarnation),
        schedule.faults.length === 2 ? [1, 2] : [1, 2, 3],
      );
      for (const { boundary, role, nth, point, action } of schedule.faults) {
        const isThere = ({ since = nth - 1, ...event }: HistoryEvent): boolean =>
          event.boundary === boundary &&
          event.role === role &&
          event.point === point &&
          since < nth &&
          nth <= (event.nth ?? 0);
        assert.ok(recorded.some(isThere), `${boundary}[${role}]#${nth}:${point} is not in the recorded run\n${line}`);
        const allows = (rule: AttackRule): boolean =>
          rule.boundary === boundary &&
          (rule.points ?? ALL).includes(point) &&
          (rule.actions ?? ['kill']).includes(action);
        assert.ok(rules.some(allows), `no rule has ${action} at ${boundary}:${point}\n${line}`);
        named.add(`${boundary}[${role}]#${nth}`);
      }
    }
    // Chance leaves nothing out.
    const there = recorded
      .filter(({ boundary, point }) =>
        rules.some((rule) => rule.boundary === boundary && (rule.points ?? ALL).includes(point ?? 'before')),
      )
      .map(({ boundary, role, nth }) => `${boundary}[${role}]#${nth}`);
    assert.deepEqual(
      there.filter((one) => !named.has(one)),
      [],
    );
  });
