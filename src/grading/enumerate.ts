import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault, Point } from '#src/faults/schedule.ts';
import {
  BESIDES_KILLS,
  MAX_BOUNDARIES,
  ordered,
  POINTS,
  type AttackRule,
  type Target,
} from '#src/grading/attack-rule.ts';
import { addressByRole, faultsByRole } from '#src/grading/by-role.ts';
import type { Level } from '#src/grading/verdict.ts';

export { BESIDES_KILLS, MAX_BOUNDARIES, ordered, POINTS, type AttackRule, type Target };

/** What a save may cost, in schedules. */
export const QUICK_SCHEDULES = 12;

/** No harm at all: the program is run once more when it has finished. */
export const AGAIN: Fault = {
  action: 'again',
  incarnation: 1,
  boundary: 'program.exit',
  nth: 1,
  point: 'client-moved-on',
};

/** How often each boundary was passed by one start of the program. */
export function countBoundaries(history: readonly HistoryEvent[], incarnation = 1): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const event of history) {
    if (event.boundary === undefined || event.nth === undefined || event.incarnation !== incarnation) continue;
    counts.set(event.boundary, Math.max(event.nth, counts.get(event.boundary) ?? 0));
  }
  return counts;
}

/** The roles that a boundary's events have, in order of their number: two calm runs of one program should agree in it. */
function rolesOf(history: readonly HistoryEvent[], boundary: string): ReadonlyMap<number, string> {
  const roles = new Map<number, string>();
  for (const { boundary: name, nth, role = '', incarnation } of history)
    if (name === boundary && nth !== undefined && incarnation === 1) roles.set(nth, role);
  return roles;
}

export interface Addressed {
  readonly targets: readonly Target[];
  /** What can't be named, because two undisturbed runs differ in it: the boundary, its role, both counts. */
  readonly unnamed: readonly { readonly target: Target; readonly counts: readonly [number, number] }[];
}

/**
 * How boundaries are named so that the same name means the same in each run. Where two undisturbed runs agree, their
 * number does. Where they don't (threads, a heartbeat), the number among those of one role may; what differs even
 * there has no name.
 */
export function address(
  first: readonly HistoryEvent[],
  second: readonly HistoryEvent[],
  rules: readonly AttackRule[],
): Addressed {
  const targets: Target[] = [];
  const unnamed: { target: Target; counts: readonly [number, number] }[] = [];
  for (const boundary of new Set(rules.map((rule) => rule.boundary))) {
    if (rules.some((rule) => rule.boundary === boundary && rule.byRole === true)) {
      targets.push(...addressByRole(first, second, boundary));
      continue;
    }
    if ([...first, ...second].some((event) => event.boundary === boundary && event.since !== undefined)) {
      const found = addressRanged(first, second, boundary);
      targets.push(...found.targets);
      unnamed.push(...found.unnamed);
      continue;
    }
    const [a, b] = [rolesOf(first, boundary), rolesOf(second, boundary)];
    if (a.size === b.size && [...a].every(([nth, role]) => b.get(nth) === role)) {
      targets.push({ boundary, total: a.size });
      continue;
    }
    for (const role of new Set([...a.values(), ...b.values()])) {
      const counts = [a, b].map((roles) => [...roles.values()].filter((one) => one === role).length);
      const [inFirst = 0, inSecond = 0] = counts;
      const target = { boundary, ...(role === '' ? {} : { role }), total: Math.max(inFirst, inSecond) };
      if (inFirst === inSecond) targets.push(target);
      else unnamed.push({ target, counts: [inFirst, inSecond] });
    }
  }
  return { targets, unnamed };
}

/**
 * Records and offsets, of which one request carries many: how they are cut into requests differs from run to run, but
 * what there is of each role in all does not, and each number is met exactly once.
 */
function addressRanged(first: readonly HistoryEvent[], second: readonly HistoryEvent[], boundary: string): Addressed {
  const targets: Target[] = [];
  const unnamed: { target: Target; counts: readonly [number, number] }[] = [];
  const [a, b] = [numbersOf(first, boundary), numbersOf(second, boundary)];
  for (const role of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [a.get(role), b.get(role)];
    const counts = [one?.numbers.at(-1) ?? 0, other?.numbers.at(-1) ?? 0] as const;
    const named = { boundary, ...(role === '' ? {} : { role }), total: Math.max(...counts) };
    if (counts[0] !== counts[1] || one === undefined) unnamed.push({ target: named, counts });
    else targets.push({ ...named, numbers: one.numbers, ...(one.isAnswered ? {} : { points: ['before'] }) });
  }
  return { targets, unnamed };
}

function numbersOf(history: readonly HistoryEvent[], boundary: string) {
  const byRole = new Map<string, { numbers: number[]; isAnswered: boolean }>();
  const mine = history.filter(
    (event) => event.boundary === boundary && event.incarnation === 1 && event.nth !== undefined,
  );
  for (const point of ['after-durable', 'before'] as const)
    for (const { role = '', nth = 0 } of mine.filter((event) => event.point === point)) {
      const known = byRole.get(role) ?? { numbers: [], isAnswered: point === 'after-durable' };
      // What was held back and never accepted counts only where nothing is ever answered.
      if (point === 'before' && known.isAnswered) continue;
      byRole.set(role, { ...known, numbers: [...known.numbers, nth].sort((a, b) => a - b) });
    }
  return byRole;
}

export interface Enumeration {
  /** The single faults to try, the most telling first. */
  readonly faults: readonly Fault[];
  /** Every boundary × point of the recorded run. */
  readonly possible: number;
}

/**
 * Boundaries × points of a recorded run: the first, the last and the middle boundary come first, each with all its
 * points, then their neighbours, then a stride over the others. Most mistakes show at any of them, so the first few
 * schedules decide.
 */
export function enumerate(targets: readonly Target[], rules: readonly AttackRule[], level: Level): Enumeration {
  const lists = rules.flatMap((rule) => {
    if (rule.from === 'full' && level === 'quick') return [];
    const mine = targets.filter(({ boundary }) => boundary === rule.boundary);
    if (rule.byRole === true) return [faultsByRole(mine, rule, level)];
    const lists = mine.map((target) =>
      target.numbers === undefined ? faultsOf(target, rule, level) : rangedFaultsOf(target, rule, level, mine.length),
    );
    return rule.most === undefined || level === 'overnight' ? lists : [atMost(rule.most, lists)];
  });
  const faults = interleave(lists.map((list) => list.faults));
  return {
    faults: level === 'quick' ? faults.slice(0, QUICK_SCHEDULES) : faults,
    possible: lists.reduce((sum, { possible }) => sum + possible, 0),
  };
}

/** The first of each, until there are so many. */
function atMost(most: number, lists: readonly Enumeration[]): Enumeration {
  const faults = interleave(lists.map((list) => list.faults)).slice(0, most);
  return { faults, possible: faults.length };
}

function faultsOf({ boundary, role, total }: Target, rule: AttackRule, level: Level) {
  const actions = rule.actions ?? ['kill'];
  const points = POINTS.filter((point) => (rule.points ?? POINTS).includes(point));
  const of = role === undefined ? {} : { role };
  const faults = ordered(total, level === 'overnight' ? total : MAX_BOUNDARIES).flatMap((nth) =>
    points.flatMap((point) =>
      actions.map((action): Fault => ({ action, incarnation: 1, boundary, ...of, nth, point })),
    ),
  );
  return { faults, possible: total * points.length * actions.length };
}

/** The same where one boundary stands for many numbers; the roles share what a person waits for. */
function rangedFaultsOf(target: Target, rule: AttackRule, level: Level, roles: number) {
  const { boundary, role, numbers = [] } = target;
  const points = POINTS.filter((point) => (rule.points ?? POINTS).includes(point)).filter(
    (point) => target.points?.includes(point) ?? true,
  );
  const of = role === undefined ? {} : { role };
  const limit = level === 'overnight' ? numbers.length : Math.max(3, Math.floor(MAX_BOUNDARIES / roles));
  const last = numbers.at(-1);
  // A program that is told to stop once all is done need not go on after its last step.
  const isMet = (nth: number, point: Point): boolean => point !== 'client-moved-on' || nth !== last;
  const all = (at: readonly number[]): Fault[] =>
    at.flatMap((nth) =>
      points
        .filter((point) => isMet(nth, point))
        .flatMap((point) =>
          (rule.actions ?? ['kill']).map((action): Fault => ({ action, incarnation: 1, boundary, ...of, nth, point })),
        ),
    );
  return {
    faults: all(ordered(numbers.length, limit).map((at) => numbers[at - 1] ?? 1)),
    possible: all(numbers).length,
  };
}

/** One of each in turn, so that no kind of boundary waits for all of another. */
function interleave<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}
