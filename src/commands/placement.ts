import type { Context } from '#src/commands/context.ts';
import { LearnerError } from '#src/error.ts';
import type { NewEvent } from '#src/journal/event.ts';
import { nearest } from '#src/nearest.ts';
import { placementOf, type PlacementResult } from '#src/study/placement.ts';
import { letterAt } from '#src/study/shuffle.ts';
import { standing } from '#src/study/undone.ts';

export interface PlacementAnswer {
  readonly question: string;
  /** The letter of the option's place in the plan; none for "I don't know". */
  readonly option?: string | undefined;
}

export interface Placed extends PlacementResult {
  /** By question: whether it was right, and what there is to say to the option that was chosen. */
  readonly answers: Readonly<
    Record<string, { readonly right: boolean; readonly answer: string; readonly why: string }>
  >;
}

export async function placement(context: Context): Promise<PlacementResult> {
  const content = await context.content();
  return placementOf(content, standing((await context.journal().read()).events));
}

/** Judges answers and writes them down, all or none. */
export async function place(answers: readonly PlacementAnswer[], context: Context): Promise<Placed> {
  const { questions } = (await context.content()).placement;
  const judged = answers.map(({ question: id, option }) => {
    const question = questions.find((one) => one.id === id) ?? unknown(id, questions);
    const options = question.options.map((one, place) => ({ ...one, letter: letterAt(place) }));
    const chosen = options.find(({ letter }) => letter === option);
    if (option !== undefined && chosen === undefined)
      throw new LearnerError(`question ${id} has no option ${JSON.stringify(option)}`, 'Look again at its options.');
    const right = options.find((one) => one.right === true);
    return { id, option, right: chosen?.right === true, answer: right?.letter ?? '', why: chosen?.why ?? '' };
  });
  const events = judged.map(({ id, option, right }): NewEvent => ({
    kind: 'placed',
    question: id,
    options: option === undefined ? [] : [option],
    right,
  }));
  if (events.length > 0) await context.journal().append(events);
  return {
    ...(await placement(context)),
    answers: Object.fromEntries(judged.map(({ id, right, answer, why }) => [id, { right, answer, why }])),
  };
}

function unknown(id: string, questions: readonly { readonly id: string }[]): never {
  const near = nearest(
    id,
    questions.map((one) => one.id),
  );
  throw new LearnerError(
    `the placement has no question ${JSON.stringify(id)}`,
    near === undefined ? 'Reload the page.' : `Did you mean ${near}?`,
  );
}
