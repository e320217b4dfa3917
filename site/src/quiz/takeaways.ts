import { takeawaysFold } from './model.ts';

const answered = new Set<string>();
let isOpen = false;

/** From the first choice on the takeaways are folded: they would answer half of the questions. */
export function quizBegan(): void {
  if (isOpen) return;
  isOpen = true;
  settle();
}

export function markAnswered(question: string): void {
  answered.add(question);
  if (isOpen) settle();
}

function settle(): void {
  const fold = document.querySelector<HTMLDetailsElement>('details.takeaways');
  if (fold === null) return;
  const questions = [...document.querySelectorAll<HTMLElement>('quiz-question')];
  const ids = questions.map((one) => one.dataset['question'] ?? '');
  fold.open = takeawaysFold(ids, answered) === 'open';
}
