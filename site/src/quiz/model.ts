export { letterAt, shownOrder } from '#src/study/shuffle.ts';

/** The place, from 0, that a key means; undefined when it is no letter of an option. */
export function placeOfKey(key: string, count: number): number | undefined {
  if (!/^[a-z]$/i.test(key)) return undefined;
  const place = key.toUpperCase().charCodeAt(0) - 'A'.charCodeAt(0);
  return place < count ? place : undefined;
}

/** Right means: all the right options, and no other. */
export function isRight(chosen: readonly string[], answer: readonly string[]): boolean {
  return chosen.length === answer.length && chosen.every((letter) => answer.includes(letter));
}

/** Whose explanation is shown: of what was chosen, and of every option once the answer is known. */
export function explained(
  options: readonly string[],
  chosen: readonly string[],
  answer: readonly string[],
): readonly string[] {
  return isRight(chosen, answer) ? options : options.filter((letter) => chosen.includes(letter));
}

/** What the takeaways' fold does: closed from the first choice on, open when the last question has an answer. */
export function takeawaysFold(questions: readonly string[], answered: ReadonlySet<string>): 'open' | 'closed' {
  return questions.every((id) => answered.has(id)) ? 'open' : 'closed';
}
