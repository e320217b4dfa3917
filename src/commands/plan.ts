import type { Context } from '#src/commands/context.ts';
import { syncPage } from '#src/commands/journal.ts';
import { papersOf } from '#src/commands/papers.ts';
import { LearnerError } from '#src/error.ts';
import type { Planned } from '#src/journal/event.ts';
import { nearest } from '#src/nearest.ts';
import { isDay } from '#src/study/day.ts';
import { milestonesOf, type Milestone } from '#src/study/milestones.ts';
import { planOf, type Plan } from '#src/study/plan.ts';
import { fold } from '#src/study/record.ts';
import { LIMITS } from '#src/study/settings.ts';
import { stepsOf } from '#src/study/steps.ts';
import { standing } from '#src/study/undone.ts';

/** The plan, and what it leads to. */
export interface PlanSight extends Plan {
  readonly milestones: readonly Milestone[];
}

/** What the learner wants otherwise; what is left out stays. */
export interface PlanChange {
  readonly start?: string | undefined;
  readonly days?: readonly number[] | undefined;
  /** A week. */
  readonly minutes?: number | undefined;
  /** Lay what is left over the calendar anew, from today. */
  readonly reflow?: boolean | undefined;
  /** A step that is wanted next. */
  readonly next?: string | undefined;
  /** Minutes of review a day. */
  readonly review?: number | undefined;
}

export async function plan(context: Context): Promise<PlanSight> {
  const content = await context.content();
  const events = standing((await context.journal().read()).events);
  const papers = await papersOf(content.labs, context.paths);
  return {
    ...planOf({ course: content, events, now: context.clock(), zone: context.zone }),
    milestones: milestonesOf(content, fold(events), papers),
  };
}

/** Writes down what the learner wants otherwise, and gives the plan as it then is. */
export async function changePlan(change: PlanChange, context: Context): Promise<PlanSight> {
  const { reflow, ...rest } = change;
  check(change);
  if (rest.next !== undefined) await checkStep(rest.next, context);
  const event: Planned = {
    kind: 'planned',
    ...rest,
    ...(reflow === true ? { reflow: context.zone(context.clock()) } : {}),
  };
  await context.journal().append([event]);
  await syncPage(context);
  return plan(context);
}

function check({ start, days, minutes, review }: PlanChange): void {
  if (start !== undefined && !isDay(start))
    throw new LearnerError(`${JSON.stringify(start)} is no day`, 'Write it as year-month-day, for example 2026-01-05.');
  const isWeekday = (day: number): boolean => Number.isInteger(day) && day >= 1 && day <= 7;
  if (days !== undefined && (days.length === 0 || !days.every(isWeekday)))
    throw new LearnerError('the plan needs at least one day of the week', 'Name days from Monday to Sunday.');
  inLimits('minutes a week', minutes, LIMITS.minutes);
  inLimits('minutes of review a day', review, LIMITS.review);
}

function inLimits(what: string, value: number | undefined, [least, most]: readonly [number, number]): void {
  if (value !== undefined && (!Number.isInteger(value) || value < least || value > most))
    throw new LearnerError(`${value} ${what} are outside what a plan can hold`, `It takes ${least} to ${most}.`);
}

async function checkStep(id: string, context: Context): Promise<void> {
  const ids = stepsOf(await context.content()).map((step) => step.id);
  if (ids.includes(id)) return;
  const near = nearest(id, ids);
  throw new LearnerError(
    `the plan has no step ${JSON.stringify(id)}`,
    near === undefined ? './dej plan --all lists them.' : `Did you mean ${near}?`,
  );
}
