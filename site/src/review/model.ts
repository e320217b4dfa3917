import type { ReviewCard } from '#src/commands/review.ts';
import { letterAt, shownOrder } from '#src/study/shuffle.ts';

/** One option as it is shown: in another order than in the file, with the letter of its place. */
export interface ShownOption {
  readonly letter: string;
  /** In the file; what is sent. */
  readonly own: string;
}

export function shownOptions({ id, face }: ReviewCard, seed: number): ShownOption[] {
  if (face.kind !== 'question') return [];
  return shownOrder(id, face.options.length, seed).map((from, place) => ({
    letter: letterAt(place),
    own: face.options[from]?.letter ?? '',
  }));
}

/** What a key does, in each part of a card. */
export type KeyDeed =
  | { readonly type: 'undo' | 'suspend' }
  | { readonly type: 'choose'; readonly place: number }
  | { readonly type: 'grade'; readonly grade: 'again' | 'hard' | 'good' | 'easy' };

export type Phase = 'asked' | 'options' | 'wrong' | 'grading';

/** Keys are single letters and digits; Enter and Space press what has the focus, as everywhere. */
export function deedOf(key: string, phase: Phase, options: number): KeyDeed | undefined {
  const letter = key.toLowerCase();
  if (phase === 'options' && /^[a-z]$/.test(letter)) {
    const place = letter.charCodeAt(0) - 97;
    // Letters of options go before everything else.
    if (place < options) return { type: 'choose', place };
  }
  if (letter === 'u') return { type: 'undo' };
  if (letter === 's') return { type: 'suspend' };
  if (phase === 'grading') {
    const grade = ({ '1': 'again', '2': 'hard', '3': 'good', '4': 'easy' } as const)[key];
    return grade === undefined ? undefined : { type: 'grade', grade };
  }
  return undefined;
}
