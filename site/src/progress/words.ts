import type { GuideProgress } from '#src/study/progress.ts';

/** How far the learner is in a guide, in words. */
export function partsOf({ core, deep, quiz }: Pick<GuideProgress, 'core' | 'deep' | 'quiz'>): {
  readonly name: string;
  readonly done: number;
  readonly total: number;
  readonly words: string;
}[] {
  return [
    { name: 'Core', ...core, words: `${core.done} of ${core.total}` },
    ...(deep.total === 0 ? [] : [{ name: 'Deep', ...deep, words: `${deep.done} of ${deep.total}` }]),
    { name: 'Quiz', done: quiz.right, total: quiz.total, words: `${quiz.right} of ${quiz.total} right` },
  ];
}

/** Where the learner stands in one guide, for the roadmap; empty when it was never begun. */
export function glance(progress: GuideProgress, held = false): string {
  const begun = partsOf(progress).some(({ done }) => done > 0);
  if (progress.done) return `done${progress.by === 'hand' ? ', ticked by hand' : ''}${held ? ', held' : ''}`;
  if (!begun) return '';
  return partsOf(progress)
    .filter(({ done, name }) => done > 0 || name !== 'Deep')
    .map(({ name, words }) => `${name.toLowerCase()} ${words}`)
    .join(', ');
}

/** The whole roadmap in a sentence. */
export function summary(guides: readonly GuideProgress[], planned: number): string {
  const done = guides.filter((guide) => guide.done).length;
  const begun = guides.filter((guide) => !guide.done && glance(guide) !== '').length;
  return `${done} of ${planned} guides done${begun === 0 ? '' : `, ${begun} begun`}.`;
}
