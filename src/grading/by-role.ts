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
    const varies = timesPassed(first, boundary, role) !== timesPassed(second, boundary, role);
    const named = { boundary, role, total: 1, numbers: [roleNth], points: both };
    return both.length === 0 ? [] : [varies ? { ...named, varies } : named];
  });
}

/** How often the first start of a run passed a boundary of this role. */
function timesPassed(history: readonly HistoryEvent[], boundary: string, role: string): number {
  const mine = history.filter((event) => event.incarnation === 1 && event.boundary === boundary && event.role === role);
  return Math.max(0, ...mine.map(({ roleNth }) => roleNth ?? 0));
}

/** What had no point to strike in a run, though the undisturbed runs had it, and how often each of them passed its kind. */
export interface Unmet {
  readonly boundary: string;
  readonly role: string;
  readonly counts: readonly number[];
}

/**
 * A fault that found nothing to strike at what is done by the clock: its kind came differently often in runs that nothing
 * disturbed. Where it came equally often in all of them, something else is the matter.
 */
export function unmetByTheClock(
  fault: Fault | undefined,
  histories: readonly (readonly HistoryEvent[])[],
): Unmet | undefined {
  if (fault?.role === undefined) return undefined;
  const { boundary, role } = fault;
  const counts = histories.map((history) => timesPassed(history, boundary, role));
  return new Set(counts).size === 1 ? undefined : { boundary, role, counts };
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

/**
 * The first, the last and the middle one first, as for boundaries that have numbers alone. What comes by the clock is tried
 * after what comes each time.
 */
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
  const steady = targets.filter(({ varies }) => varies !== true);
  const others = targets.filter(({ varies }) => varies === true);
  const faults = [
    ...ordered(steady.length, limit).flatMap((at) => steady.slice(at - 1, at)),
    ...ordered(others.length, Math.max(0, limit - steady.length)).flatMap((at) => others.slice(at - 1, at)),
  ].flatMap(faultsOf);
  const most = level === 'overnight' ? Infinity : (rule.most ?? Infinity);
  return { faults: faults.slice(0, most), possible: Math.min(most, targets.flatMap(faultsOf).length) };
}
