import type { Content } from '#src/content/content.ts';
import { labProgress } from '#src/study/lab-progress.ts';
import { guideProgress } from '#src/study/progress.ts';
import type { Record } from '#src/study/record.ts';

/** One thing to do, small enough for an evening or two. */
export interface Step {
  /** `concepts/03-idempotency`, `challenges/01-batch-error-handling/2`, `concepts/03-idempotency/deep`, `week-4`. */
  readonly id: string;
  readonly title: string;
  /** What counts as having done it. */
  readonly proof: string;
  readonly kind: 'guide' | 'deep' | 'stage' | 'crash-points';
  /** Of the first lap; undefined in the second. */
  readonly week: number | undefined;
  /** About. */
  readonly minutes: number;
  /** What begins it in the terminal, where something does. */
  readonly command: string | undefined;
  /** The page of the app where it is done. */
  readonly href: string | undefined;
  /** False for what the journal promises and does not hold yet. */
  readonly written: boolean;
}

/** What a plan is made of. */
export type Course = Pick<Content, 'guides' | 'groups' | 'labs' | 'weeks'>;

/** Reading a core takes about 45 minutes, its exercise 20, its quiz 15. */
const CORE_MINUTES = 80;
const DEEP_MINUTES = 60;
/** A stage of the second lap; those of the first share what is left of their week. */
const STAGE_MINUTES = 75;

/** The first lap in the order of its weeks, then the second: the rest, in the order of the roadmap. */
export function stepsOf(course: Course): Step[] {
  const first = course.weeks.flatMap((week) => weekSteps(course, week));
  const taken = new Set(first.map(({ id }) => id));
  const guides = course.groups.flatMap((group) => group.guides);
  const second = [
    ...guides.flatMap((guide) => [guideStep(guide, undefined), deepStep(course, guide)]),
    ...course.labs.flatMap((lab) => lab.stages.map((_, i) => stageStep(lab, i + 1, { minutes: STAGE_MINUTES }))),
  ];
  return [...first, ...second.filter((step): step is Step => step !== undefined && !taken.has(step.id))];
}

function weekSteps(course: Course, week: Course['weeks'][number]): Step[] {
  const guides = course.groups.flatMap((group) => group.guides);
  const stages = week.labs.reduce((sum, { stages: some }) => sum + some.length, 0) + (week.also === undefined ? 0 : 1);
  const left = week.hours * 60 - week.guides.length * CORE_MINUTES;
  const minutes = stages === 0 ? 0 : Math.max(15, Math.round(left / stages / 5) * 5);
  return [
    ...week.guides.flatMap((id) => {
      const guide = guides.find((one) => one.id === id);
      return guide === undefined ? [] : [guideStep(guide, week.number)];
    }),
    ...week.labs.flatMap(({ id, stages: some }) => {
      const lab = course.labs.find((one) => one.id === id);
      return lab === undefined ? [] : some.map((n) => stageStep(lab, n, { week: week.number, minutes }));
    }),
    ...(week.also === undefined ? [] : [alsoStep(week.number, week.also, minutes)]),
  ];
}

function guideStep(guide: Course['groups'][number]['guides'][number], week: number | undefined): Step {
  return {
    id: `concepts/${guide.id}`,
    title: `${guide.number} · ${guide.title}`,
    proof: 'what breaks was run, the exercise is green, the quiz at least 80 % right',
    kind: 'guide',
    week,
    minutes: CORE_MINUTES,
    command: undefined,
    href: guide.written ? `/concepts/${guide.id}/` : undefined,
    written: guide.written,
  };
}

/** A guide that is written and has no deep blocks has nothing for a second lap. */
function deepStep(course: Course, guide: Course['groups'][number]['guides'][number]): Step | undefined {
  const known = course.guides.find(({ id }) => id === guide.id);
  if (known !== undefined && !known.blocks.some(({ deep }) => deep)) return undefined;
  return {
    ...guideStep(guide, undefined),
    id: `concepts/${guide.id}/deep`,
    title: `${guide.number} · ${guide.title}, deep parts`,
    proof: 'its deep blocks were run',
    kind: 'deep',
    minutes: DEEP_MINUTES,
  };
}

function stageStep(
  lab: Course['labs'][number],
  n: number,
  { week, minutes }: { week?: number; minutes: number },
): Step {
  return {
    id: `${lab.path}/${n}`,
    title: `${lab.title}, stage ${n}: ${lab.stages[n - 1] ?? ''}`,
    proof: `./dej check ${lab.id} --stage ${n} is green`,
    kind: 'stage',
    week,
    minutes,
    command: `./dej ${n === 1 ? 'start' : 'watch'} ${lab.id}`,
    href: lab.written ? `/${lab.path}/` : undefined,
    written: lab.written,
  };
}

function alsoStep(week: number, title: string, minutes: number): Step {
  return {
    id: `week-${week}`,
    title,
    proof: './dej check --full survived every crash point of all stages that the first lap asks of a lab',
    kind: 'crash-points',
    week,
    minutes,
    command: undefined,
    href: '/#challenges',
    written: true,
  };
}

/** The steps that are done, by evidence or by the learner's own tick. */
export function doneSteps(course: Course, steps: readonly Step[], record: Record): ReadonlySet<string> {
  const guides = new Map(course.guides.map((guide) => [`concepts/${guide.id}`, guideProgress(guide, record)]));
  const labs = new Map(course.labs.map((lab) => [lab.path, labProgress(lab, record)]));
  const isDone = ({ id, kind }: Step): boolean => {
    if (kind === 'guide') return guides.get(id)?.done ?? record.ticks.get(id) === true;
    if (kind === 'deep') {
      const deep = guides.get(id.replace(/\/deep$/, ''))?.deep;
      return deep !== undefined && deep.total > 0 && deep.done === deep.total;
    }
    if (kind === 'crash-points') return survivedOne(course, record);
    const [, path = '', n = ''] = /^(.*)\/(\d+)$/.exec(id) ?? [];
    const lab = labs.get(path);
    return lab?.stages[Number(n) - 1] === 'passed' || lab?.by === 'hand';
  };
  return new Set(steps.filter(isDone).map(({ id }) => id));
}

/** A lab of which every crash point was survived, in all stages that the first lap asks for. */
function survivedOne({ weeks }: Course, record: Record): boolean {
  const asked = weeks.flatMap(({ labs }) => labs);
  return asked.some(({ id, stages }) => stages.every((n) => record.stages.get(id)?.get(n)?.whole === true));
}
