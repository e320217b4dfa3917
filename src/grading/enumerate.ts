import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault, Point, Schedule } from '#src/faults/schedule.ts';
import type { Level } from '#src/grading/verdict.ts';

export const POINTS: readonly Point[] = ['after-durable', 'before', 'client-moved-on'];

/** More boundaries than this are never tried by a level that a person waits for. */
export const MAX_BOUNDARIES = 40;
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

/** What of a stage is attacked, and how. */
export interface AttackRule {
  readonly boundary: string;
  readonly actions?: readonly string[];
  readonly points?: readonly Point[];
}

/** How often each boundary was passed by one start of the program. */
export function countBoundaries(history: readonly HistoryEvent[], incarnation = 1): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const event of history) {
    if (event.boundary === undefined || event.nth === undefined || event.incarnation !== incarnation) continue;
    counts.set(event.boundary, Math.max(event.nth, counts.get(event.boundary) ?? 0));
  }
  return counts;
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
export function enumerate(
  counts: ReadonlyMap<string, number>,
  rules: readonly AttackRule[],
  level: Level,
): Enumeration {
  const perRule = rules.map((rule) => {
    const total = counts.get(rule.boundary) ?? 0;
    const actions = rule.actions ?? ['kill'];
    const points = POINTS.filter((point) => (rule.points ?? POINTS).includes(point));
    const faults = ordered(total, MAX_BOUNDARIES).flatMap((nth) =>
      points.flatMap((point) =>
        actions.map((action): Fault => ({ action, incarnation: 1, boundary: rule.boundary, nth, point })),
      ),
    );
    return { faults, possible: total * points.length * actions.length };
  });
  const faults = interleave(perRule.map((rule) => rule.faults));
  return {
    faults: level === 'quick' ? faults.slice(0, QUICK_SCHEDULES) : faults,
    possible: perRule.reduce((sum, { possible }) => sum + possible, 0),
  };
}

/** 1…total, at most `limit` of them: first, last, middle, their neighbours, then evenly spread. */
export function ordered(total: number, limit: number): number[] {
  if (total <= 0) return [];
  const middle = Math.ceil(total / 2);
  const telling = [1, total, middle, 2, total - 1, middle + 1, middle - 1];
  const stride = Math.max(1, total / limit);
  const spread = Array.from({ length: Math.ceil(total / stride) }, (_, i) => Math.floor(1 + i * stride));
  const inside = [...telling, ...spread].filter((nth) => nth >= 1 && nth <= total);
  return [...new Set(inside)].slice(0, limit);
}

/** One of each in turn, so that no kind of boundary waits for all of another. */
function interleave<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}

/** The schedules to run: those that once failed this learner first, none twice. */
export function schedulesOf(
  base: Omit<Schedule, 'faults'>,
  faults: readonly Fault[],
  regressions: readonly Schedule[],
): Schedule[] {
  const seen = new Set<string>();
  const all = [
    ...regressions.map((schedule) => ({ ...base, faults: schedule.faults })),
    ...faults.map((fault) => ({ ...base, faults: [fault] })),
  ];
  return all.filter((schedule) => {
    const name = JSON.stringify(schedule.faults);
    return schedule.faults.length > 0 && !seen.has(name) && seen.add(name);
  });
}
