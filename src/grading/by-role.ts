import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault, Point } from '#src/faults/schedule.ts';
import { MAX_BOUNDARIES, ordered, POINTS, type AttackRule, type Target } from '#src/grading/attack-rule.ts';
import type { Level } from '#src/grading/verdict.ts';

/** Passed whenever time has passed, and so never twice the same. */
const BY_THE_CLOCK = 'idle';

/**
 * The boundaries of a stream, each by its role and its number within it, with the points that both undisturbed runs
 * passed. A stream does some things by the clock; what only one of the runs did has no name, and is no fault of its.
 */
export function addressByRole(
  first: readonly HistoryEvent[],
  second: readonly HistoryEvent[],
  boundary: string,
): Target[] {
  const [a, b] = [pointsOf(first, boundary), pointsOf(second, boundary)];
  return [...a.values()].flatMap(({ role, roleNth, points }): Target[] => {
    const both = POINTS.filter((point) => points.has(point) && b.get(nameOf(role, roleNth))?.points.has(point));
    return both.length === 0 ? [] : [{ boundary, role, total: 1, numbers: [roleNth], points: both }];
  });
}

interface Seen {
  readonly role: string;
  readonly roleNth: number;
  readonly points: Set<Point>;
}

function pointsOf(history: readonly HistoryEvent[], boundary: string): ReadonlyMap<string, Seen> {
  const found = new Map<string, Seen>();
  for (const event of history) {
    const { role, roleNth, point, incarnation } = event;
    if (event.boundary !== boundary || incarnation !== 1 || point === undefined) continue;
    if (role === undefined || roleNth === undefined || role === BY_THE_CLOCK) continue;
    const known = found.get(nameOf(role, roleNth)) ?? { role, roleNth, points: new Set() };
    known.points.add(point);
    found.set(nameOf(role, roleNth), known);
  }
  return found;
}

function nameOf(role: string, roleNth: number): string {
  return `${role}#${roleNth}`;
}

/** The first, the last and the middle one first, as for boundaries that have numbers alone. */
export function faultsByRole(targets: readonly Target[], rule: AttackRule, level: Level) {
  const points = rule.points ?? POINTS;
  const faultsOf = ({ boundary, role, numbers = [1], points: met = POINTS }: Target): Fault[] =>
    met
      .filter((point) => points.includes(point))
      .flatMap((point) =>
        (rule.actions ?? ['kill']).map((action): Fault => ({
          action,
          incarnation: 1,
          boundary,
          role,
          nth: numbers[0] ?? 1,
          point,
        })),
      );
  const limit = level === 'overnight' ? targets.length : MAX_BOUNDARIES;
  const faults = ordered(targets.length, limit).flatMap((at) => targets.slice(at - 1, at).flatMap(faultsOf));
  const most = level === 'overnight' ? Infinity : (rule.most ?? Infinity);
  return { faults: faults.slice(0, most), possible: Math.min(most, targets.flatMap(faultsOf).length) };
}
