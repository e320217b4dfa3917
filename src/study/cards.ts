import type { Content } from '#src/content/content.ts';
import type { Guide, Question } from '#src/content/guide.ts';
import { questionHash } from '#src/content/hash.ts';

/** Something that can be met in review. What it asks is in the content; what became of it, in the events. */
export type Card = QuestionCard | MendedCard;

interface CardBase {
  /** `question:03-idempotency/which-is-idempotent`, `mended:batch-error-handling/2/duplicate` */
  readonly id: string;
  readonly title: string;
  /** What it belongs to, so that a sitting can mix: a guide's or a lab's id. */
  readonly topic: string;
  /** Of what is asked; undefined where only a name is. */
  readonly hash: string | undefined;
}

export interface QuestionCard extends CardBase {
  readonly kind: 'question';
  readonly guide: string;
  readonly question: string;
}

/** A stage that was red with an anomaly and turned green: what had been wrong, and what holds it off? */
export interface MendedCard extends CardBase {
  readonly kind: 'mended';
  readonly lab: string;
  readonly stage: number;
  readonly anomaly: string;
}

export function questionCardId(guide: string, question: string): string {
  return `question:${guide}/${question}`;
}

export function mendedCardId({ lab, stage, anomaly }: { lab: string; stage: number; anomaly: string }): string {
  return `mended:${lab}/${stage}/${anomaly}`;
}

export function questionCard(guide: Guide, question: Question): QuestionCard {
  return {
    kind: 'question',
    id: questionCardId(guide.id, question.id),
    title: question.title,
    topic: guide.id,
    guide: guide.id,
    question: question.id,
    hash: questionHash(question),
  };
}

/** The card that an id names; undefined where the content has no such thing any more. */
export function cardOf(id: string, content: Pick<Content, 'guides' | 'labs'>): Card | undefined {
  const [kind = '', rest = ''] = id.split(/:(.*)/s);
  const parts = rest.split('/');
  if (kind === 'question') {
    const guide = content.guides.find((one) => one.id === parts[0]);
    const question = guide?.questions.find((one) => one.id === parts[1]);
    return guide === undefined || question === undefined ? undefined : questionCard(guide, question);
  }
  const lab = content.labs.find((one) => one.id === parts[0]);
  const stage = Number(parts[1]);
  const title = lab?.stages[stage - 1];
  const anomaly = parts[2];
  if (kind !== 'mended' || lab === undefined || title === undefined || anomaly === undefined) return undefined;
  return {
    kind: 'mended',
    id,
    title: `${lab.title}, stage ${stage}: ${title}`,
    topic: lab.id,
    lab: lab.id,
    stage,
    anomaly,
    hash: undefined,
  };
}
