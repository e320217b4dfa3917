import type { Reviewed } from '#src/journal/event.ts';

/** How well a card was known, from not at all on. */
export type Grade = Reviewed['grade'];
export const GRADES: readonly Grade[] = ['again', 'hard', 'good', 'easy'];
