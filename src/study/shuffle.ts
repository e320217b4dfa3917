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
