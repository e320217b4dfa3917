import type { JournalEvent } from '#src/journal/event.ts';

/** The events that hold: what was taken back is left out, wherever a merge put the taking back. */
export function standing(events: readonly JournalEvent[]): readonly JournalEvent[] {
  const gone = new Set<string>();
  for (const event of events) if (event.kind === 'undone') gone.add(event.event);
  return gone.size === 0 ? events : events.filter(({ id }) => !gone.has(id));
}
