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
  | { readonly type: 'show' | 'check' | 'undo' | 'suspend' | 'go-on' }
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

/** What stands where the cards were, when none is left. */
export function endWords({
  done,
  due,
  soon,
  total,
}: {
  done: number;
  due: number;
  soon: number;
  total: number;
}): string {
  if (total === 0)
    return 'Nothing is in review yet. A question that you miss comes in by itself, and so does what you mend.';
  const back =
    soon === 0
      ? ''
      : ` ${soon === 1 ? 'One' : soon} that you missed ${soon === 1 ? 'comes' : 'come'} back within minutes.`;
  const more = due === 0 ? '' : ` ${due === 1 ? 'One more is' : `${due} more are`} due.`;
  return `${done === 0 ? 'Nothing is due today.' : `Enough for today: ${done} reviewed.`}${more}${back}`;
}
