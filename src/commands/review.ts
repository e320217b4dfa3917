import type { Context } from '#src/commands/context.ts';
import { findGuide } from '#src/commands/blocks.ts';
import { cardPicture, faceOf, type Face } from '#src/commands/card-face.ts';
import { syncPage } from '#src/commands/journal.ts';
import type { LabPicture } from '#src/commands/lab-view.ts';
import { labOf } from '#src/commands/labs.ts';
import type { Content } from '#src/content/content.ts';
import { LearnerError } from '#src/error.ts';
import type { JournalEvent, NewEvent, Reviewed } from '#src/journal/event.ts';
import { mistakeCards, questionCard, takeawayCard, type Card } from '#src/study/cards.ts';
import type { Day } from '#src/study/day.ts';
import { deckOf, type DeckCard } from '#src/study/deck.ts';
import type { Grade } from '#src/study/grades.ts';
import { fold, type Record } from '#src/study/record.ts';
import { intervalWords } from '#src/study/scheduler.ts';
import { settingsOf } from '#src/study/settings.ts';
import { sittingOf, type Sitting } from '#src/study/sitting.ts';
import { standing } from '#src/study/undone.ts';

export type Offered = 'questions' | 'takeaways' | 'mistakes';

/** Cards that come into review by choice, all of a kind at once. */
export interface Offer {
  readonly what: Offered;
  /** A guide's id, or a lab's for its mistakes. */
  readonly of: string;
  readonly title: string;
  readonly inReview: number;
  readonly total: number;
}

/** One card as it is met. */
export interface ReviewCard {
  readonly id: string;
  readonly title: string;
  readonly isNew: boolean;
  /** It asks something else than it did when it was last met. */
  readonly changed: boolean;
  /** When it comes back, by grade, in words. */
  readonly intervals: { readonly [grade in Grade]: string };
  readonly face: Face;
}

export interface ReviewSight extends Pick<Sitting, 'due' | 'soon' | 'done'> {
  readonly day: Day;
  /** What to meet now, in order; the first of many. */
  readonly cards: readonly ReviewCard[];
  /** A day, as the learner set it. */
  readonly minutes: number;
  readonly minutesDone: number;
  /** What the cards of now take, about. */
  readonly minutesLeft: number;
  /** In review at all. */
  readonly total: number;
  readonly suspended: readonly { readonly id: string; readonly title: string }[];
  /** What could be put into review by choice. */
  readonly offers: readonly Offer[];
  /** What taking back would take back. */
  readonly last: { readonly card: string; readonly title: string; readonly grade: Grade } | undefined;
}

/** More are neither shown nor needed: after each card the list is made anew. */
const SHOWN = 30;

export async function review(context: Context, beyond = false): Promise<ReviewSight> {
  const content = await context.content();
  const events = standing((await context.journal().read()).events);
  const now = context.clock();
  const day = context.zone(now);
  const deck = deckOf({ content, events, zone: context.zone });
  const { review: minutes } = settingsOf(events, day, context.zone);
  const sitting = sittingOf({ deck, events, now, zone: context.zone, minutes, beyond });
  const shown = sitting.cards.slice(0, SHOWN);
  const last = events.findLast((event) => event.kind === 'reviewed' && deck.has(event.card)) as
    (JournalEvent & Reviewed) | undefined;
  return {
    day,
    cards: await Promise.all(shown.map((card) => seen(card, now, context))),
    due: sitting.due,
    soon: sitting.soon,
    done: sitting.done,
    minutes,
    minutesDone: Math.round(sitting.secondsDone / 60),
    minutesLeft: Math.ceil((sitting.cards.length * sitting.secondsPerCard) / 60),
    total: deck.size,
    suspended: [...deck.values()]
      .filter((one) => one.suspended)
      .map(({ card }) => ({ id: card.id, title: card.title })),
    offers: offersOf(content, fold(events)).map(({ cards, ...offer }) => ({
      ...offer,
      inReview: cards.filter(({ id }) => deck.has(id)).length,
      total: cards.length,
    })),
    last: last && { card: last.card, title: deck.get(last.card)?.card.title ?? '', grade: last.grade },
  };
}

async function seen({ card, isNew, changed, schedule }: DeckCard, now: number, context: Context): Promise<ReviewCard> {
  const next = schedule.next(now);
  return {
    id: card.id,
    title: card.title,
    isNew,
    changed,
    intervals: {
      again: intervalWords(next.again),
      hard: intervalWords(next.hard),
      good: intervalWords(next.good),
      easy: intervalWords(next.easy),
    },
    face: await faceOf(card, context),
  };
}

export interface GradeRequest {
  readonly card: string;
  readonly grade: Grade;
  /** The letters that were chosen, for a card with options. */
  readonly options?: readonly string[] | undefined;
  readonly elapsedMs: number;
}

/** Writes down how well a card was known. A wrong choice is `again`, whatever was thought of it. */
export async function gradeCard(
  { card: id, grade, options, elapsedMs }: GradeRequest,
  context: Context,
): Promise<{ readonly grade: Grade }> {
  const { card } = await inReview(id, context);
  const face = await faceOf(card, context);
  const given: { grade: Grade; options?: readonly string[] } = { grade };
  if (face.kind === 'question') {
    const chosen = [...new Set(options ?? [])].sort();
    const isRight = chosen.length > 0 && chosen.join() === [...face.answer].sort().join();
    Object.assign(given, { grade: isRight ? grade : 'again', options: chosen });
  }
  const event: NewEvent = { kind: 'reviewed', card: id, ...given, elapsedMs: Math.round(elapsedMs) };
  await context.journal().append([card.hash === undefined ? event : { ...event, of: card.hash }]);
  await syncPage(context);
  return { grade: given.grade };
}

/** Takes back the latest review, as if it had not been. */
export async function undoReview(context: Context): Promise<{ readonly card: string }> {
  const events = standing((await context.journal().read()).events);
  const last = events.findLast((event) => event.kind === 'reviewed');
  if (last?.kind !== 'reviewed')
    throw new LearnerError('there is no review to take back', 'Reviews are taken back one by one, the latest first.');
  await context.journal().append([{ kind: 'undone', event: last.id }]);
  await syncPage(context);
  return { card: last.card };
}

/** Lays a card aside, or takes it up again. */
export async function setCard(
  { card: id, state }: { card: string; state: 'suspended' | 'resumed' },
  context: Context,
): Promise<void> {
  await inReview(id, context);
  await context.journal().append([{ kind: 'carded', card: id, state }]);
}

interface OfferedCards extends Omit<Offer, 'inReview' | 'total'> {
  readonly cards: readonly Card[];
}

/** What there is to choose. A lab's mistakes are shown stage by stage, as the learner's own program passes. */
function offersOf(content: Content, { stages }: Record): OfferedCards[] {
  const guides = content.guides.flatMap((guide): OfferedCards[] => {
    const about = { of: guide.id, title: `${guide.number} · ${guide.title}` };
    const takeaways = content.takeaways.filter((one) => one.guide === guide.id);
    return [
      { what: 'questions', ...about, cards: guide.questions.map((question) => questionCard(guide, question)) },
      { what: 'takeaways', ...about, cards: takeaways.map((takeaway) => takeawayCard(takeaway, content)) },
    ];
  });
  const labs = content.labs.map(({ id, title }): OfferedCards => {
    const passed = content.mistakes.filter(
      ({ lab, stage }) => lab === id && stages.get(id)?.get(stage)?.passed === true,
    );
    return { what: 'mistakes', of: id, title, cards: passed.flatMap((mistake) => mistakeCards(mistake, content)) };
  });
  return [...guides, ...labs].filter(({ cards }) => cards.length > 0);
}

/** Puts all cards of an offer into review that aren't there yet. */
export async function addCards(
  { what, of }: { readonly what: Offered; readonly of: string },
  context: Context,
): Promise<{ readonly added: number }> {
  const content = await context.content();
  const { id } = what === 'mistakes' ? await labOf(of, context) : findGuide(content.guides, of);
  const events = standing((await context.journal().read()).events);
  const deck = deckOf({ content, events, zone: context.zone });
  const offer = offersOf(content, fold(events)).find((one) => one.what === what && one.of === id);
  if (offer === undefined)
    throw new LearnerError(
      `${id} has no ${what} to put into review`,
      what === 'mistakes' ? 'A lab’s mistakes come with the stages that your program has passed.' : 'Choose another.',
    );
  const fresh = offer.cards
    .filter((card) => !deck.has(card.id))
    .map((card): NewEvent => ({ kind: 'carded', card: card.id, state: 'added', of: card.hash }));
  if (fresh.length > 0) await context.journal().append(fresh);
  return { added: fresh.length };
}

/** The picture that a card in review asks about. */
export async function reviewPicture(id: string, context: Context): Promise<LabPicture> {
  return cardPicture((await inReview(id, context)).card, context);
}

async function inReview(id: string, context: Context): Promise<DeckCard> {
  const content = await context.content();
  const events = standing((await context.journal().read()).events);
  const found = deckOf({ content, events, zone: context.zone }).get(id);
  if (found === undefined)
    throw new LearnerError(
      `no card ${JSON.stringify(id)} is in review`,
      'Look again: another tab may have changed it.',
    );
  return found;
}
