import type { Placed, PlacementAnswer } from '#src/commands/placement.ts';
import type { PlacementResult } from '#src/study/placement.ts';

/** What was chosen, for all questions: one that is open is not known. */
export function answersOf(host: HTMLElement): PlacementAnswer[] {
  return questions(host).map((field) => {
    const option = field.querySelector<HTMLInputElement>('input:checked')?.value ?? '';
    const question = field.dataset['question'] ?? '';
    return option === '' ? { question } : { question, option };
  });
}

export function answeredCount(host: HTMLElement): number {
  return questions(host).filter((field) => field.querySelector('input:checked') !== null).length;
}

/** Says at each question what there is to say; text, wherever it comes from. */
export function saidWords(host: HTMLElement, { answers }: Placed): void {
  for (const field of questions(host)) {
    const said = answers[field.dataset['question'] ?? ''];
    const place = field.querySelector<HTMLElement>('.placement-said');
    if (said === undefined || place === null) continue;
    const why = said.why === '' ? '' : ` ${said.why.charAt(0).toUpperCase()}${said.why.slice(1)}`;
    place.textContent = said.right ? 'Right.' : `${said.answer} is right.${why.replaceAll('`', '')}`;
    place.hidden = false;
    place.classList.toggle('is-right', said.right);
  }
}

const STATES = { passed: 'known', missed: 'worth five minutes', open: '' } as const;

/** The list of primers says what the answers said. */
export function showTopics({ topics }: PlacementResult): void {
  for (const { id, state } of topics) {
    const row = document.querySelector(`.primers [data-topic="${id}"]`);
    row?.classList.toggle('is-done', state === 'passed');
    const words = row?.querySelector('.when');
    if (words !== null && words !== undefined) words.textContent = STATES[state];
  }
}

function questions(host: HTMLElement): HTMLElement[] {
  return [...host.querySelectorAll<HTMLElement>('fieldset[data-question]')];
}
