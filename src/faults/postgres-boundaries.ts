import type { CommitNote } from '#src/faults/postgres-session.ts';

/** One boundary that is passed. */
export interface Hitting {
  readonly boundary: string;
  readonly text: string;
  readonly nth: number;
  readonly role: string;
  readonly roleNth: number;
  readonly detail: Record<string, unknown>;
}
export type Commit = Hitting;

/** What the server answers with one ReadyForQuery. A pipeline may hold several commits before it. */
export interface Group {
  readonly commits: readonly Commit[];
  /** How many COMMITs the server has carried out. */
  done: number;
  failed: boolean;
}

/** How often each boundary was passed, and each within its role. */
export interface Counts {
  readonly counts: Map<string, number>;
  readonly roles: Map<string, number>;
}

type Note = Omit<Hitting, 'nth' | 'roleNth'>;

export function noteOf({ tables, emptied, makesSlot = false }: CommitNote): Note {
  if (makesSlot) return { boundary: 'pg.slot', text: 'slot', role: 'slot', detail: {} };
  const role = tables.map((table) => table.replace(/[^\w.-]/g, '_')).join('+') || 'other';
  return { boundary: 'pg.commit', text: 'commit', role, detail: { tables, emptied } };
}

/** Its number among all of its kind, and among those of one role: the latter holds where threads take turns. */
export function counted(note: Note, { counts, roles }: Counts): Hitting {
  const { boundary, role } = note;
  const nth = (counts.get(boundary) ?? 0) + 1;
  counts.set(boundary, nth);
  const name = `${boundary}[${role}]`;
  const roleNth = (roles.get(name) ?? 0) + 1;
  roles.set(name, roleNth);
  return { ...note, nth, roleNth };
}

export function tally(group: Group, tag: string): void {
  if (tag === 'COMMIT' || tag === 'PREPARE TRANSACTION') group.done++;
  // A COMMIT of a failed transaction is answered with ROLLBACK.
  if (tag === 'ROLLBACK') group.failed = true;
}
