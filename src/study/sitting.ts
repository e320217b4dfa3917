import type { JournalEvent } from '#src/journal/event.ts';
import type { Day, Zone } from '#src/study/day.ts';
import type { DeckCard } from '#src/study/deck.ts';

/** What is to be met now, and how much of it fits into today. */
export interface Sitting {
  /** In the order in which they are met, as many as fit into the minutes that are left. */
  readonly cards: readonly DeckCard[];
  /** All that are due, also those that don't fit. */
  readonly due: number;
  /** Missed in this sitting, and coming back within minutes. */
  readonly soon: number;
  readonly secondsPerCard: number;
  /** Reviews of today. */
  readonly done: number;
  readonly secondsDone: number;
}

export interface SittingInput {
  readonly deck: ReadonlyMap<string, DeckCard>;
  readonly events: readonly JournalEvent[];
  readonly now: number;
  readonly zone: Zone;
  /** A day. */
  readonly minutes: number;
  /** The learner goes on beyond the minutes of the day. */
  readonly beyond?: boolean;
}

/** A miss comes back after ten minutes, or after one where nothing else is left: rather early than not today. */
const EARLY_MS = 9 * 60_000;
const USUAL_SECONDS = 30;
/** Who went for a coffee didn't think about the card for an hour. */
const MOST_SECONDS = 120;

export function sittingOf({ deck, events, now, zone, minutes, beyond = false }: SittingInput): Sitting {
  const today = zone(now);
  const reviews = events.filter((event) => event.kind === 'reviewed');
  const taken = reviews.map(({ elapsedMs }) => Math.min(MOST_SECONDS, Math.max(3, elapsedMs / 1000)));
  const secondsPerCard = taken.length < 5 ? USUAL_SECONDS : median(taken.slice(-50));
  const isToday = reviews.map(({ at }) => zone(Date.parse(at)) === today);
  const secondsDone = taken.filter((_, i) => isToday[i]).reduce((sum, seconds) => sum + seconds, 0);
  const all = [...deck.values()];
  const due = all.filter((one) => isDue(one, { now, today, zone }));
  const back = due.filter(({ schedule, isNew }) => !isNew && schedule.isShort).toSorted(byDue);
  const rest = inOrder(due, now).filter((one) => !back.includes(one));
  const room = Math.max(0, Math.round((minutes * 60 - secondsDone) / secondsPerCard));
  // What was missed in this sitting belongs to it, however long it takes.
  const fitting = mixed(beyond ? rest : rest.slice(0, room), deck.get(reviews.at(-1)?.card ?? '')?.card.topic);
  const isNow = ({ schedule }: DeckCard): boolean => schedule.dueMs <= now;
  return {
    cards: [...back.filter(isNow), ...fitting, ...back.filter((one) => !isNow(one))],
    due: due.length,
    soon: all.filter((one) => !one.suspended && !one.isNew && one.schedule.isShort && !due.includes(one)).length,
    secondsPerCard,
    done: isToday.filter(Boolean).length,
    secondsDone: Math.round(secondsDone),
  };
}

/** A day's cards are due from its first minute on; those of a sitting, at their minute. */
export function isDue(
  { suspended, isNew, from, schedule }: DeckCard,
  { now, today, zone }: { now: number; today: Day; zone: Zone },
): boolean {
  if (suspended) return false;
  if (isNew) return from <= today;
  if (schedule.isShort) return schedule.dueMs <= now + EARLY_MS;
  return zone(schedule.dueMs) <= today;
}

/** What is nearest to being forgotten comes first, then what is new, the oldest first. */
function inOrder(cards: readonly DeckCard[], now: number): DeckCard[] {
  const weight = ({ isNew, schedule }: DeckCard): number => (isNew ? 2 : (schedule.recall(now) ?? 0));
  return cards.toSorted((a, b) => weight(a) - weight(b) || byDue(a, b));
}

function byDue(a: DeckCard, b: DeckCard): number {
  return a.schedule.dueMs - b.schedule.dueMs || (a.card.id < b.card.id ? -1 : a.card.id > b.card.id ? 1 : 0);
}

/** The same cards, but two of one topic side by side only where nothing else is left. */
export function mixed(cards: readonly DeckCard[], lastTopic?: string): DeckCard[] {
  const left = [...cards];
  const order: DeckCard[] = [];
  while (left.length > 0) {
    const last = order.at(-1)?.card.topic ?? lastTopic;
    const at = left.findIndex((one) => one.card.topic !== last);
    order.push(...left.splice(Math.max(0, at), 1));
  }
  return order;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? USUAL_SECONDS;
}
