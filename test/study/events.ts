import type { Happening, JournalEvent } from '#src/journal/event.ts';

/** A moment and what happened then; days are those of UTC. */
export type Told = readonly [at: string, happening: Happening & { readonly of?: string }];

/** Events as the log gives them: in order, each with an envelope of its own. */
export function events(...told: readonly Told[]): JournalEvent[] {
  return told.map(([at, happening], index): JournalEvent => ({
    id: `e${index}`,
    at: new Date(at.length === 10 ? `${at}T09:00:00Z` : at).toISOString(),
    machine: 'm',
    seq: index + 1,
    v: 1,
    ...happening,
  }));
}
