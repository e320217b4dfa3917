import { fnv1a, random } from '#src/random.ts';

/**
 * The order in which a question's options are shown, as places in the file from 0. The same seed gives the same order;
 * a page draws one seed when it loads, and every question makes its own order of it.
 */
export function shownOrder(question: string, count: number, seed: number): number[] {
  const source = random(fnv1a(`${seed}/${question}`));
  const order = Array.from({ length: count }, (_, i) => i);
  // Fisher and Yates: each of the orders is equally likely, which sorting by random numbers does not give.
  for (let i = count - 1; i > 0; i--) {
    const j = source.below(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

/** The letter that is shown at a place, from 0. */
export function letterAt(place: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + place);
}

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
