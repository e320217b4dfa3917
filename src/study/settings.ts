import type { JournalEvent } from '#src/journal/event.ts';
import type { Day, Zone } from '#src/study/day.ts';

/** How the learner wants their time used. Nothing of it is asked: there is a default for everything. */
export interface Settings {
  /** The first day of the plan. */
  readonly start: Day;
  /** Days of the week that are for this, from 1 for Monday, in order; at least one. */
  readonly days: readonly number[];
  /** Minutes a week. */
  readonly minutes: number;
  /** Minutes of review a day. */
  readonly review: number;
  /** What is left was laid over the calendar anew from this day on, by the event at this place of the log. */
  readonly reflow: { readonly day: Day; readonly at: number } | undefined;
  /** Steps that are wanted first, the latest wish first. */
  readonly first: readonly string[];
  /** Something was done or planned: the first day is no guess any more. */
  readonly begun: boolean;
}

export const DEFAULTS = { days: [1, 2, 3, 4, 5], minutes: 480, review: 10 } as const;
/** A week has 168 hours; what is outside is a slip of the hand. */
export const LIMITS = { minutes: [30, 4200], review: [1, 120] } as const;

/** The latest word on each thing. The plan begins on the day of the first event, unless the learner says otherwise. */
export function settingsOf(events: readonly JournalEvent[], today: Day, zone: Zone): Settings {
  const [first] = events;
  let start: Day = first === undefined ? today : zone(Date.parse(first.at));
  let days: readonly number[] = DEFAULTS.days;
  let minutes: number = DEFAULTS.minutes;
  let review: number = DEFAULTS.review;
  let reflow: Settings['reflow'];
  const wishes: string[] = [];
  for (const [at, event] of events.entries()) {
    if (event.kind !== 'planned') continue;
    start = event.start ?? start;
    // A plan that begins later than what was laid anew is a new plan.
    if (event.start !== undefined) reflow = undefined;
    if (event.days !== undefined && event.days.length > 0) days = [...new Set(event.days)].sort((a, b) => a - b);
    minutes = within(event.minutes, LIMITS.minutes) ?? minutes;
    review = within(event.review, LIMITS.review) ?? review;
    if (event.reflow !== undefined) reflow = { day: event.reflow, at };
    if (event.next !== undefined) wishes.unshift(event.next);
  }
  return { start, days, minutes, review, reflow, first: [...new Set(wishes)], begun: first !== undefined };
}

function within(value: number | undefined, [least, most]: readonly [number, number]): number | undefined {
  return value === undefined || value < least || value > most ? undefined : value;
}
