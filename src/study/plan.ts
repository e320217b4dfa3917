import type { JournalEvent } from '#src/journal/event.ts';
import { addDays, mondayOf, weekday, type Day, type Zone } from '#src/study/day.ts';
import { fold } from '#src/study/record.ts';
import { settingsOf, type Settings } from '#src/study/settings.ts';
import { doneSteps, stepsOf, type Course, type Step } from '#src/study/steps.ts';

/** A step with its place in the learner's calendar. */
export interface LaidStep extends Step {
  /** Undefined for what was done before the rest was laid anew. */
  readonly from: Day | undefined;
  readonly to: Day | undefined;
  readonly done: boolean;
  /** Something of it was tried. */
  readonly begun: boolean;
}

export interface PlanWeek {
  readonly number: number;
  readonly focus: string;
  readonly goal: string;
  /** About, as a whole. */
  readonly hours: number;
  readonly from: Day | undefined;
  readonly to: Day | undefined;
  readonly steps: readonly LaidStep[];
  readonly done: number;
}

/** The plan as it stands on one day. */
export interface Plan {
  readonly today: Day;
  readonly settings: Settings;
  /** About: of the first lap and of the second. */
  readonly hours: { readonly first: number; readonly second: number };
  readonly weeks: readonly PlanWeek[];
  /** The week whose turn it is: the one that today lies in, or the first that is not done. */
  readonly week: number | undefined;
  readonly second: readonly LaidStep[];
  /** When the first lap ends at this pace, and when the second one could. */
  readonly ends: { readonly first: Day | undefined; readonly second: Day | undefined };
  /** What is laid on today and open. */
  readonly dueToday: readonly LaidStep[];
  /** What is laid on the days from Monday to Sunday, done or not. */
  readonly thisWeek: readonly LaidStep[];
  /** Laid on days before today, and open. Nothing follows from it but an offer. */
  readonly behind: readonly LaidStep[];
  /** What to do now. */
  readonly next: LaidStep | undefined;
}

export interface PlanInput {
  readonly course: Course;
  /** In fold order, without what was taken back. */
  readonly events: readonly JournalEvent[];
  readonly now: number;
  readonly zone: Zone;
}

export function planOf({ course, events, now, zone }: PlanInput): Plan {
  const today = zone(now);
  const settings = settingsOf(events, today, zone);
  const record = fold(events);
  const all = stepsOf(course);
  const done = doneSteps(course, all, record);
  const before =
    settings.reflow === undefined
      ? new Set<string>()
      : doneSteps(course, all, fold(events.slice(0, settings.reflow.at)));
  const touched = touches(events, course);
  const order = wished(all, settings.first);
  const places = lay(
    order.filter(({ id }) => !before.has(id)),
    settings,
  );
  const laid = order.map((step): LaidStep => ({
    ...step,
    from: places.get(step.id)?.from,
    to: places.get(step.id)?.to,
    done: done.has(step.id),
    begun: touched.has(step.id),
  }));
  const first = laid.filter(({ week }) => week !== undefined);
  const second = laid.filter(({ week }) => week === undefined);
  const weeks = course.weeks.map((week) => weekOf(week, first));
  const open = laid.filter((step) => !step.done && step.written);
  const monday = mondayOf(today);
  return {
    today,
    settings,
    hours: { first: weeks.reduce((sum, { hours }) => sum + hours, 0), second: hoursOf(second) },
    weeks,
    week: currentWeek(weeks, today),
    second,
    ends: { first: lastDay(first), second: lastDay(second) },
    dueToday: open.filter(({ from = '', to = '' }) => from <= today && today <= to),
    thisWeek: laid.filter(({ from = '9', to = '' }) => from <= addDays(monday, 6) && to >= monday),
    behind: settings.begun ? open.filter(({ week, to }) => week !== undefined && to !== undefined && to < today) : [],
    next: nextStep(open, settings, touched),
  };
}

/** Wishes first, in their order; the others keep theirs. */
function wished(steps: readonly Step[], first: readonly string[]): Step[] {
  const wanted = first.flatMap((id) => steps.find((step) => step.id === id) ?? []);
  return [...wanted, ...steps.filter((step) => !wanted.includes(step))];
}

/**
 * Lays steps one after the other over the days that are for them, so many minutes a day. A week of the course that fits
 * into seven days begins with a new seven, so that at the usual pace the four weeks are four weeks.
 */
function lay(steps: readonly Step[], settings: Settings): Map<string, { from: Day; to: Day }> {
  const { minutes: weekly, days } = settings;
  const daily = weekly / days.length;
  const dayAt = studyDays(settings.reflow?.day ?? settings.start, days);
  const places = new Map<string, { from: Day; to: Day }>();
  const moved = new Set(settings.first);
  let week = 0;
  let at = 0;
  for (const step of steps) {
    if (step.week !== undefined && step.week > week && !moved.has(step.id)) {
      week = step.week;
      const needed = steps
        .filter((other) => other.week === week && !moved.has(other.id))
        .reduce((sum, { minutes }) => sum + minutes, 0);
      const room = weekly - (at % weekly);
      if (needed > room && needed <= weekly) at += room;
    }
    const from = dayAt(Math.floor(at / daily + 1e-9));
    at += step.minutes;
    // What ends with a day's last minute doesn't need the day after it.
    places.set(step.id, { from, to: dayAt(Math.max(0, Math.ceil(at / daily - 1e-9) - 1)) });
  }
  return places;
}

/** The days that are for this, from a first day on, by their number from 0. */
function studyDays(first: Day, weekdays: readonly number[]): (index: number) => Day {
  const found: Day[] = [];
  let next = first;
  return (index) => {
    while (found.length <= index) {
      if (weekdays.includes(weekday(next))) found.push(next);
      next = addDays(next, 1);
    }
    return found[index] as Day;
  };
}

function weekOf({ number, focus, goal, hours }: Course['weeks'][number], first: readonly LaidStep[]): PlanWeek {
  const steps = first.filter(({ week }) => week === number);
  const froms = steps.flatMap(({ from }) => from ?? []).sort();
  const tos = steps.flatMap(({ to }) => to ?? []).sort();
  const done = steps.filter((step) => step.done).length;
  return { number, focus, goal, hours, from: froms[0], to: tos.at(-1), steps, done };
}

function currentWeek(weeks: readonly PlanWeek[], today: Day): number | undefined {
  const inside = weeks.find(({ from = '9', to = '' }) => from <= today && today <= to);
  const open = weeks.find(({ steps }) => steps.some(({ done, written }) => !done && written));
  return (inside ?? open)?.number;
}

function lastDay(steps: readonly LaidStep[]): Day | undefined {
  return steps
    .flatMap(({ to }) => to ?? [])
    .sort()
    .at(-1);
}

function hoursOf(steps: readonly Step[]): number {
  return Math.round(steps.reduce((sum, { minutes }) => sum + minutes, 0) / 60);
}

/** A wish, or what the learner was last at, or the first that is open. */
function nextStep(
  open: readonly LaidStep[],
  { first }: Settings,
  touched: ReadonlyMap<string, number>,
): LaidStep | undefined {
  const wish = open.find(({ id }) => first.includes(id));
  const lately = open.filter(({ begun }) => begun).sort((a, b) => touchedAt(touched, b) - touchedAt(touched, a));
  return wish ?? lately[0] ?? open[0];
}

function touchedAt(touched: ReadonlyMap<string, number>, { id }: Step): number {
  return touched.get(id) ?? -1;
}

/** Steps of which something was tried, with the place in the log where it was last. */
function touches(events: readonly JournalEvent[], { labs }: Course): Map<string, number> {
  const paths = new Map(labs.map(({ id, path }) => [id, path]));
  const touched = new Map<string, number>();
  for (const [at, event] of events.entries()) {
    if (event.kind === 'graded') touched.set(`${paths.get(event.lab) ?? ''}/${event.stage}`, at);
    else if (['answered', 'predicted', 'ran', 'tried'].includes(event.kind) && 'guide' in event)
      touched.set(`concepts/${event.guide}`, at);
  }
  return touched;
}
