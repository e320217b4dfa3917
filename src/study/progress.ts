import type { Guide } from '#src/content/guide.ts';
import { questionHash } from '#src/content/hash.ts';
import type { Record } from '#src/study/record.ts';

export interface Part {
  readonly done: number;
  readonly total: number;
}

/** How far the learner is in one guide. */
export interface GuideProgress {
  /** Blocks run and exercises passed. */
  readonly core: Part;
  readonly deep: Part;
  /** Questions whose latest answer is right, in their present wording. */
  readonly quiz: { readonly right: number; readonly total: number };
  /** What is missing before the guide counts as finished, as sentences; empty when it does. */
  readonly missing: readonly string[];
  readonly done: boolean;
  /** Whether evidence or the learner's own tick says so; undefined while it is not done. */
  readonly by: 'evidence' | 'hand' | undefined;
}

/** The share of questions that must be right for a guide to count as finished. */
export const QUIZ_SHARE = 0.8;

/**
 * Finished means: what breaks was run, the exercise passed, the quiz is 80 % right. Reading is never required. A box
 * that the learner ticks or clears by hand is their word, and counts.
 */
export function guideProgress(guide: Guide, record: Record): GuideProgress {
  const ran = record.runs.get(guide.id);
  const tried = record.exercises.get(guide.id);
  const inAnswers = new Set(guide.questions.map(({ block }) => block));
  const parts = { core: { done: 0, total: 0 }, deep: { done: 0, total: 0 } };
  for (const block of guide.blocks) {
    if (block.engine === undefined || block.norun !== undefined || inAnswers.has(block.id) || block.exercise) continue;
    const part = block.deep ? parts.deep : parts.core;
    part.total++;
    if (ran?.has(block.id) === true) part.done++;
  }
  const open = guide.exercises.filter(({ id }) => tried?.get(id)?.outcome !== 'passed');
  parts.core.total += guide.exercises.length;
  parts.core.done += guide.exercises.length - open.length;
  const quiz = { right: rightAnswers(guide, record), total: guide.questions.length };
  const missing = [...missingBreaks(guide, record), ...open.map(({ id }) => `pass the exercise ${id}`)];
  const need = Math.ceil(quiz.total * QUIZ_SHARE);
  if (quiz.right < need) missing.push(`${need} of ${quiz.total} questions right (now ${quiz.right})`);
  const ticked = record.ticks.get(`concepts/${guide.id}`);
  const by = ticked === false ? undefined : missing.length === 0 ? 'evidence' : ticked === true ? 'hand' : undefined;
  return { ...parts, quiz, missing, done: by !== undefined, by };
}

function rightAnswers(guide: Guide, record: Record): number {
  const answers = record.answers.get(guide.id);
  return guide.questions.filter((question) => {
    const answer = answers?.get(question.id);
    return answer?.right === true && answer.of === questionHash(question);
  }).length;
}

/** What breaks something is what is predicted first; of the core alone, because the deep part is for the second lap. */
function missingBreaks(guide: Guide, record: Record): string[] {
  const ran = record.runs.get(guide.id);
  const predicted = new Set(guide.predictions.map(({ block }) => block));
  return guide.blocks
    .filter(({ id, deep }) => predicted.has(id) && !deep && ran?.has(id) !== true)
    .map(({ id }) => `run ${id}`);
}
