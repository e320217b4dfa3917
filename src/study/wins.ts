import type { Content } from '#src/content/content.ts';
import type { JournalEvent } from '#src/journal/event.ts';
import { milestonesOf, type Papers } from '#src/study/milestones.ts';
import { guideProgress } from '#src/study/progress.ts';
import { fold, type Record } from '#src/study/record.ts';
import type { Course } from '#src/study/steps.ts';

/** Something worth remembering that the events show. It is offered; only the learner puts it into their log. */
export interface Win {
  /** Names it for ever: an offer that was taken or declined is found by it. */
  readonly key: string;
  readonly text: string;
  /** `concepts/03-idempotency` or `challenges/01-batch-error-handling`. */
  readonly about: string | undefined;
  /** When it happened; undefined for what has no one moment. */
  readonly at: string | undefined;
}

/** Each win that the learner's events show, the latest first. Pure; events in fold order without what was taken back. */
export function winsOf(
  course: Course & Pick<Content, 'milestones'>,
  events: readonly JournalEvent[],
  papers: Papers,
): readonly Win[] {
  const record = fold(events);
  const dated = [...mended(course, events), ...survived(course, events), ...exercised(course, events)];
  dated.sort((a, b) => (a.at === b.at ? 0 : (a.at ?? '') < (b.at ?? '') ? 1 : -1));
  return [...milestones(course, record, papers), ...dated, ...finished(course, record)];
}

/** Those that were neither taken into the log nor declined. */
export function offered(
  wins: readonly Win[],
  taken: ReadonlySet<string>,
  events: readonly JournalEvent[],
): readonly Win[] {
  const declined = new Set(events.flatMap((event) => (event.kind === 'declined' ? [event.offer] : [])));
  return wins.filter(({ key }) => !taken.has(key) && !declined.has(key));
}

/** The first time that something of a lab went from red to green. */
function mended(course: Course, events: readonly JournalEvent[]): Win[] {
  const byLab = new Map<string, Win>();
  for (const event of events) {
    if (event.kind !== 'mended' || byLab.has(event.lab)) continue;
    const lab = labOf(course, event.lab);
    const first = byLab.size === 0 ? 'First red turned green' : 'Red turned green';
    byLab.set(event.lab, {
      key: `mended/${event.lab}`,
      text: `${first}: ${lab.title}, stage ${event.stage} (${event.anomaly})`,
      about: lab.path,
      at: event.at,
    });
  }
  return [...byLab.values()];
}

/** A stage of which every crash point was survived, by the same rule as in `StageRecord.whole`. */
function survived(course: Course, events: readonly JournalEvent[]): Win[] {
  const byStage = new Map<string, Win>();
  for (const event of events) {
    if (event.kind !== 'graded' || event.state !== 'passed') continue;
    const { lab: id, stage, level, survived: count, tried, possible, at } = event;
    const key = `survived/${id}/${stage}`;
    if (count === 0 || count !== tried || (level === 'quick' && tried !== possible) || byStage.has(key)) continue;
    const lab = labOf(course, id);
    const text = `Every crash point survived: ${lab.title}, stage ${stage} (${count} of ${tried})`;
    byStage.set(key, { key, text, about: lab.path, at });
  }
  return [...byStage.values()];
}

/** An exercise that was red before it was green. */
function exercised(course: Course, events: readonly JournalEvent[]): Win[] {
  const wins = new Map<string, Win>();
  const red = new Set<string>();
  for (const event of events) {
    if (event.kind !== 'tried') continue;
    const key = `exercise/${event.guide}/${event.exercise}`;
    if (event.outcome === 'failed') red.add(key);
    if (event.outcome !== 'passed' || !red.has(key) || wins.has(key)) continue;
    const text = `Red, then green: the exercise ${event.exercise} of ${guideTitle(course, event.guide)}`;
    wins.set(key, { key, text, about: `concepts/${event.guide}`, at: event.at });
  }
  return [...wins.values()];
}

function milestones(course: Course & Pick<Content, 'milestones'>, record: Record, papers: Papers): Win[] {
  return milestonesOf(course, record, papers)
    .filter(({ reached }) => reached)
    .map(({ week, title }) => ({
      key: `milestone/${week}`,
      text: `Milestone of week ${week}: ${title}`,
      about: undefined,
      at: undefined,
    }));
}

function finished(course: Course, record: Record): Win[] {
  return course.guides
    .filter((guide) => guideProgress(guide, record).by === 'evidence')
    .map(({ id, number, title }) => ({
      key: `guide/${id}`,
      text: `Finished: ${number} · ${title}`,
      about: `concepts/${id}`,
      at: undefined,
    }));
}

function labOf(course: Course, id: string): { title: string; path: string | undefined } {
  return course.labs.find((lab) => lab.id === id) ?? { title: id, path: undefined };
}

function guideTitle(course: Course, id: string): string {
  const guide = course.groups.flatMap(({ guides }) => guides).find((one) => one.id === id);
  return guide === undefined ? id : `${guide.number} · ${guide.title}`;
}
