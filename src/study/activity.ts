import type { JournalEvent } from '#src/journal/event.ts';
import { addDays, daysBetween, mondayOf, type Day, type Zone } from '#src/study/day.ts';

/** How much was done on each day of some weeks. No chain of days is counted: a pause breaks nothing. */
export interface Activity {
  /** A Monday. */
  readonly from: Day;
  /** From that day to today: how many things were tried. */
  readonly counts: readonly number[];
}

/** What somebody does who learns. Settings and boxes are none of it. */
const WORK: ReadonlySet<JournalEvent['kind']> = new Set([
  'answered',
  'predicted',
  'ran',
  'tried',
  'graded',
  'placed',
  'reviewed',
]);

export function activityOf(events: readonly JournalEvent[], today: Day, zone: Zone, weeks = 12): Activity {
  const from = addDays(mondayOf(today), -7 * (weeks - 1));
  const counts = Array.from({ length: daysBetween(from, today) + 1 }, () => 0);
  // The latest stand at the end, and nobody needs those before the first week.
  for (const event of events.toReversed()) {
    const at = daysBetween(from, zone(Date.parse(event.at)));
    if (at < -1) break;
    if (WORK.has(event.kind) && counts[at] !== undefined) counts[at]++;
  }
  return { from, counts };
}
