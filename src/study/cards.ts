import type { Content } from '#src/content/content.ts';
import type { Takeaway } from '#src/content/cues.ts';
import type { Guide, Question } from '#src/content/guide.ts';
import { questionHash, takeawayHash } from '#src/content/hash.ts';
import type { Mistake } from '#src/content/mistakes.ts';

/** Something that can be met in review. What it asks is in the content; what became of it, in the events. */
export type Card = QuestionCard | MendedCard | TakeawayCard | MistakeCard;
/** What cards are made from. */
export type CardContent = Pick<Content, 'guides' | 'labs' | 'takeaways' | 'mistakes'>;

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

/** A line worth remembering, asked for by its cue. */
export interface TakeawayCard extends CardBase {
  readonly kind: 'takeaway';
  readonly guide: string;
  readonly takeaway: string;
}

/** Made from a wrong program of a lab: which of two survives, or which mistake made a picture? */
export interface MistakeCard extends CardBase {
  readonly kind: 'survives' | 'picture';
  readonly lab: string;
  readonly mistake: string;
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

export function takeawayCard(takeaway: Takeaway, { guides }: Pick<CardContent, 'guides'>): TakeawayCard {
  const { guide, id } = takeaway;
  const title = guides.find((one) => one.id === guide)?.title ?? guide;
  const hash = takeawayHash(takeaway);
  return {
    kind: 'takeaway',
    id: `takeaway:${guide}/${id}`,
    title: `${title}: a line to remember`,
    topic: guide,
    guide,
    takeaway: id,
    hash,
  };
}

/** The cards that a wrong program gives: one for its code, one for its picture where it has one. */
export function mistakeCards({ lab, name, stage, hash, picture }: Mistake, { labs }: Pick<CardContent, 'labs'>) {
  const title = labs.find(({ id }) => id === lab)?.title ?? lab;
  const kinds: readonly (readonly [MistakeCard['kind'], string])[] = [
    ['survives', 'which survives?'],
    ...(picture ? [['picture', 'which mistake made this picture?'] as const] : []),
  ];
  return kinds.map(([kind, asks]): MistakeCard => ({
    kind,
    id: `${kind}:${lab}/${name}`,
    title: `${title}, stage ${stage}: ${asks}`,
    topic: lab,
    lab,
    mistake: name,
    hash,
  }));
}

/** The card that an id names; undefined where the content has no such thing any more. */
export function cardOf(id: string, content: CardContent): Card | undefined {
  const [kind = '', rest = ''] = id.split(/:(.*)/s);
  const [of = '', name = '', anomaly] = rest.split('/');
  if (kind === 'question') {
    const guide = content.guides.find((one) => one.id === of);
    const question = guide?.questions.find((one) => one.id === name);
    return guide === undefined || question === undefined ? undefined : questionCard(guide, question);
  }
  if (kind === 'takeaway') {
    const found = content.takeaways.find((one) => one.guide === of && one.id === name);
    return found && takeawayCard(found, content);
  }
  if (kind === 'survives' || kind === 'picture') {
    const found = content.mistakes.find((one) => one.lab === of && one.name === name);
    return found && mistakeCards(found, content).find((card) => card.kind === kind);
  }
  return kind === 'mended' ? mendedCard(id, { of, stage: Number(name), anomaly }, content) : undefined;
}

function mendedCard(
  id: string,
  { of, stage, anomaly }: { of: string; stage: number; anomaly: string | undefined },
  { labs }: CardContent,
): MendedCard | undefined {
  const lab = labs.find((one) => one.id === of);
  const title = lab?.stages[stage - 1];
  if (lab === undefined || title === undefined || anomaly === undefined) return undefined;
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
