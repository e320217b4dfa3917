import type { Play } from '#src/grading/exercise-case.ts';
import type { Fault, Point } from '#src/faults/schedule.ts';
import { countBoundaries } from '#src/grading/enumerate.ts';

/** More commits than this tell nothing new of a block that is read at a glance. */
const MAX_COMMITS = 6;

/**
 * Every single kill that an undisturbed run offers: at each of its commits, first when the commit is durable and the
 * program has not been told, then before PostgreSQL has received it.
 */
export function killsOf(
  { history }: Pick<Play, 'history'>,
  points: readonly Point[] = ['after-durable', 'before'],
): Fault[] {
  const commits = Math.min(countBoundaries(history).get('pg.commit') ?? 0, MAX_COMMITS);
  const numbers = Array.from({ length: commits }, (_, i) => i + 1);
  return points.flatMap((point) =>
    numbers.map((nth): Fault => ({ action: 'kill', incarnation: 1, boundary: 'pg.commit', nth, point })),
  );
}
