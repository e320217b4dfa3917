import type { Content } from '#src/content/content.ts';
import { labProgress } from '#src/study/lab-progress.ts';
import { guideProgress } from '#src/study/progress.ts';
import type { Record } from '#src/study/record.ts';
import type { Course } from '#src/study/steps.ts';

export interface Milestone {
  readonly week: number;
  readonly title: string;
  readonly reached: boolean;
  /** What is missing, as sentences; empty when it is reached. */
  readonly missing: readonly string[];
}

/** What the learner wrote beside the program of a lab, by the lab's id: the words in each paper. */
export type Papers = ReadonlyMap<string, { readonly runbook: number; readonly postMortem: number }>;

/** A page has more; less is a heading and a promise. */
export const PAPER_WORDS = 100;

/** A milestone is reached by evidence alone: no tick stands for it. */
export function milestonesOf(
  course: Course & Pick<Content, 'milestones'>,
  record: Record,
  papers: Papers,
): readonly Milestone[] {
  return course.milestones.map(({ week, title, needs }) => {
    const missing = [
      ...(needs.guides ?? []).flatMap((id) => missingGuide(course, id, record)),
      ...(needs.labs ?? []).flatMap(({ id, stages }) => missingStages(course, id, stages, record)),
      ...(needs.project === true ? missingProject(course, record, papers) : []),
    ];
    return { week, title, reached: missing.length === 0, missing };
  });
}

function missingGuide(course: Course, id: string, record: Record): string[] {
  const guide = course.guides.find((one) => one.id === id);
  const entry = course.groups.flatMap(({ guides }) => guides).find((one) => one.id === id);
  const title = `${id.slice(0, 2)} · ${entry?.title ?? id}`;
  if (guide === undefined) return [`finish ${title}, which is not written yet`];
  const { done, by, missing } = guideProgress(guide, record);
  if (by === 'evidence') return [];
  // A tick is the learner's word for the box, and no evidence.
  const what = missing.length === 0 ? 'its box was cleared by hand' : missing.join('; ');
  return [`finish ${title}${done ? ' (ticked by hand)' : ''}: ${what}`];
}

function missingStages(course: Course, id: string, stages: readonly number[], record: Record): string[] {
  const lab = course.labs.find((one) => one.id === id);
  const open = stages.filter((n) => record.stages.get(id)?.get(n)?.passed !== true);
  if (open.length === 0) return [];
  return [`pass ${lab?.title ?? id}, ${open.length === 1 ? 'stage' : 'stages'} ${open.join(' and ')}`];
}

/** The project that is nearest says what is missing; of two that are equally far, the first. */
function missingProject(course: Course, record: Record, papers: Papers): string[] {
  const projects = course.labs
    .filter(({ kind }) => kind === 'project')
    .map((lab) => {
      const { passed, whole, total } = labProgress(lab, record);
      const { runbook = 0, postMortem = 0 } = papers.get(lab.id) ?? {};
      const folder = `journal/labs/${lab.id}`;
      const missing = [
        ...(passed < total ? [`pass all ${total} stages of a project: ${lab.title} has ${passed}`] : []),
        ...(whole < total
          ? [`survive every crash point of all its stages (./dej check ${lab.id} --full): ${whole} of ${total}`]
          : []),
        ...(runbook < PAPER_WORDS ? [paper(`${folder}/RUNBOOK.md`, 'its runbook', runbook)] : []),
        ...(postMortem < PAPER_WORDS
          ? [paper(`${folder}/POST-MORTEM.md`, 'a one-page post-mortem of a first failure', postMortem)]
          : []),
      ];
      const done = passed + whole + (runbook >= PAPER_WORDS ? 1 : 0) + (postMortem >= PAPER_WORDS ? 1 : 0);
      return { missing, done };
    });
  if (projects.length === 0) return ['a project'];
  const nearest = projects.reduce((best, one) =>
    one.missing.length === 0 || (best.missing.length > 0 && one.done > best.done) ? one : best,
  );
  return nearest.missing;
}

function paper(path: string, what: string, words: number): string {
  return `write ${what} in ${path}, at least ${PAPER_WORDS} words${words === 0 ? '' : ` (now ${words})`}`;
}
