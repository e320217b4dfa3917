import type { Context } from '#src/commands/context.ts';
import { problemsOf } from '#src/commands/journal.ts';
import { plan } from '#src/commands/plan.ts';
import { review } from '#src/commands/review.ts';
import { activityOf, type Activity } from '#src/study/activity.ts';
import { longDay, spanOfDays, type Day } from '#src/study/day.ts';
import type { LaidStep } from '#src/study/plan.ts';
import { placementOf } from '#src/study/placement.ts';
import { guideProgress } from '#src/study/progress.ts';
import { fold } from '#src/study/record.ts';
import { standing } from '#src/study/undone.ts';

/** Where the learner is, at a glance: what home shows, and `./dej` without a verb. */
export interface Today {
  readonly day: Day;
  /** `Monday, 5 January` */
  readonly words: string;
  /** False before anything was done: then there is one thing to say, where to start. */
  readonly begun: boolean;
  /** The ten questions were answered; then nobody needs to be told of them. */
  readonly placed: boolean;
  readonly next: LaidStep | undefined;
  readonly week:
    | {
        readonly number: number;
        readonly of: number;
        readonly focus: string;
        readonly when: string;
        readonly done: number;
        readonly total: number;
        readonly hours: number;
      }
    | undefined;
  readonly dueToday: readonly LaidStep[];
  readonly thisWeek: readonly LaidStep[];
  readonly behind: readonly LaidStep[];
  /** Cards that are due, and the minutes that those which fit into today take. */
  readonly review: { readonly due: number; readonly now: number; readonly minutes: number };
  readonly milestones: readonly { readonly week: number; readonly title: string; readonly reached: boolean }[];
  readonly groups: readonly { readonly title: string; readonly done: number; readonly total: number }[];
  readonly activity: Activity;
  readonly problems: readonly string[];
}

export async function today(context: Context): Promise<Today> {
  const content = await context.content();
  const reading = await context.journal().read();
  const events = standing(reading.events);
  const record = fold(events);
  const sight = await plan(context);
  const cards = await review(context);
  const guides = new Map(content.guides.map((guide) => [guide.id, guideProgress(guide, record)]));
  const week = sight.weeks.find(({ number }) => number === sight.week);
  return {
    day: sight.today,
    words: longDay(sight.today),
    begun: sight.settings.begun,
    placed: placementOf(content, events).taken,
    next: sight.next,
    week: week && {
      number: week.number,
      of: sight.weeks.length,
      focus: week.focus,
      when: week.from === undefined || week.to === undefined ? '' : spanOfDays(week.from, week.to),
      done: week.done,
      total: week.steps.length,
      hours: week.hours,
    },
    dueToday: sight.dueToday,
    thisWeek: sight.thisWeek,
    behind: sight.behind,
    review: { due: cards.due, now: cards.cards.length, minutes: cards.minutesLeft },
    milestones: sight.milestones.map(({ week: number, title, reached }) => ({ week: number, title, reached })),
    groups: content.groups.map((group) => ({
      title: group.title,
      done: group.guides.filter(({ id }) => guides.get(id)?.done ?? record.ticks.get(`concepts/${id}`) === true).length,
      total: group.guides.length,
    })),
    activity: activityOf(events, sight.today, context.zone),
    problems: problemsOf(reading),
  };
}
