import type { Guide } from '#src/content/guide.ts';
import type { JournalEvent } from '#src/journal/event.ts';
import { questionCardId } from '#src/study/cards.ts';
import { daysBetween, type Zone } from '#src/study/day.ts';

/** Days between two meetings that make the second one a recall. */
export const HELD_DAYS = 7;
/** So many questions of a guide are enough to say that it is held. */
export const HELD_QUESTIONS = 5;

export interface Held {
  readonly recalled: number;
  readonly needed: number;
  readonly held: boolean;
}

/**
 * The cards that were known when they were met again after seven days or more, and not missed since. An answer in the
 * guide's own quiz counts as well as one in review.
 */
export function recalledCards(events: readonly JournalEvent[], zone: Zone): ReadonlySet<string> {
  const met = new Map<string, string>();
  const recalled = new Set<string>();
  for (const event of events) {
    if (event.kind !== 'answered' && event.kind !== 'reviewed') continue;
    const id = event.kind === 'answered' ? questionCardId(event.guide, event.question) : event.card;
    const knew = event.kind === 'answered' ? event.right : event.grade !== 'again';
    const day = zone(Date.parse(event.at));
    const before = met.get(id);
    if (!knew) recalled.delete(id);
    else if (before !== undefined && daysBetween(before, day) >= HELD_DAYS) recalled.add(id);
    met.set(id, day);
  }
  return recalled;
}

/** A guide is held when it is finished and enough of its questions were recalled. */
export function heldOf(guide: Guide, finished: boolean, recalled: ReadonlySet<string>): Held {
  const count = guide.questions.filter(({ id }) => recalled.has(questionCardId(guide.id, id))).length;
  const needed = Math.min(HELD_QUESTIONS, guide.questions.length);
  return { recalled: count, needed, held: finished && needed > 0 && count >= needed };
}
