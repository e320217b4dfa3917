import type { JournalEvent } from '#src/journal/event.ts';
import type { Day, Zone } from '#src/study/day.ts';

/** Time that was spent on one thing on one day, as far as the events show it. */
export interface Spell {
  readonly day: Day;
  /** `03-idempotency`, `batch-error-handling`, `placement`: the id of a guide or a lab. */
  readonly topic: string;
  readonly ms: number;
}

/** Two things that were done further apart have a pause between them. */
export const PAUSE_MS = 15 * 60_000;
/** What goes before the first thing after a pause: something was read before it was answered. */
export const LEAD_MS = 2 * 60_000;

/**
 * Estimates how long the learner was at what: from one thing done to the next, unless a pause lies between; the time
 * belongs to what was done at its end. Nothing watches the learner, so reading after the last thing done isn't seen.
 * Events in fold order, without what was taken back.
 */
export function studyTime(events: readonly JournalEvent[], zone: Zone): Spell[] {
  const spells = new Map<string, Spell>();
  let lastMs: number | undefined;
  for (const event of events) {
    const topic = topicOf(event);
    if (topic === undefined) continue;
    const atMs = Date.parse(event.at);
    const gap = lastMs === undefined ? Number.POSITIVE_INFINITY : atMs - lastMs;
    const ms = gap > PAUSE_MS ? LEAD_MS : gap;
    lastMs = atMs;
    const day = zone(atMs);
    const key = `${day} ${topic}`;
    spells.set(key, { day, topic, ms: (spells.get(key)?.ms ?? 0) + ms });
  }
  return [...spells.values()];
}

/** What an event shows somebody at; undefined for settings and boxes. */
export function topicOf(event: JournalEvent): string | undefined {
  switch (event.kind) {
    case 'answered':
    case 'predicted':
    case 'ran':
    case 'tried':
      return event.guide;
    case 'graded':
    case 'mended':
      return event.lab;
    case 'placed':
      return 'placement';
    case 'reviewed':
      // `question:03-idempotency/which` and `mended:batch-error-handling/2/duplicate`
      return /^[a-z]+:([^/]+)/.exec(event.card)?.[1] ?? 'review';
    case 'ticked':
    case 'planned':
    case 'carded':
    case 'undone':
    case 'declined':
      return undefined;
  }
}
