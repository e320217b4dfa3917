import type { Point } from '#src/faults/schedule.ts';
import type { SlotCause } from '#src/grading/cause-replication.ts';

/** The words about a replication slot, beside those of wording.ts. */

/** `confirmation of transaction 3` for `pg.confirm[t3]#1`, `making of slot 1` for `pg.slot#1`. */
export function slotBoundaryWords(boundary: string, nth: number, role?: string): string {
  if (boundary === 'pg.slot') return `making of slot ${nth}`;
  const transaction = /^t(\d+)$/.exec(role ?? '')?.[1];
  return transaction === undefined ? `confirmation ${nth}` : `confirmation of transaction ${transaction}`;
}

export function slotManyWords(boundary: string): string {
  return boundary === 'pg.slot' ? 'the making of its slot' : 'confirmations';
}

export function isOfSlot(boundary: string): boolean {
  return boundary === 'pg.slot' || boundary === 'pg.confirm';
}

/** A confirmation has no answer; that it is durable shows in the slot. */
export function confirmPointWords(point: Point): string {
  const words: Readonly<Record<Point, string>> = {
    before: 'before PostgreSQL had received it',
    'after-durable': 'as soon as the slot showed it',
    'client-moved-on': 'after your program had gone on',
  };
  return words[point];
}

export const ENGINE_ACTIONS: Readonly<Record<string, string>> = {
  crash: 'killed PostgreSQL (kill -9) and started it again',
  rewind: 'stopped PostgreSQL without a checkpoint and started it again',
  lose: 'killed your program and dropped its slot while it was down',
};

export const SLOT = {
  unread: {
    expected: 'every transaction comes over from the log, through a slot',
    found: 'no slot is read: what was in the source between two copies is lost',
  },
  atTheEnd: {
    expected: 'each transaction comes over soon after it was committed',
    found: 'the last one was not there until your program was told to stop',
  },
  ghosts: (count: number): string =>
    `${count} ${count === 1 ? 'row of the target is' : 'rows of the target are'} not in the source, or no longer`,
  retained: (limitKb: number): string => `PostgreSQL keeps less than ${limitKb} kB of its log for your slot`,
  keeps: (kb: number): string => `it keeps ${kb} kB, though all that was for you has been applied`,
  forward: 'no row of the target ever goes back to an earlier version',
  backward: (count: number): string =>
    `a reader saw ${count === 1 ? 'a row' : `${count} rows`} go back to an earlier version`,
  whole: (sum: number): string => `a reader always sees ${sum} in all accounts together`,
  torn: (sums: readonly number[]): string => `a reader saw ${sums.slice(0, 3).join(', ')}`,
} as const;

function joined(names: readonly string[]): string {
  return names.join(' and ');
}

/** One cause and what follows from it, where a slot and the target disagree. */
export function slotCauseWords(cause: SlotCause): string {
  switch (cause.kind) {
    case 'confirmed-first':
      return cause.transaction === undefined
        ? 'You confirm to the slot what the target does not hold yet. Dying in between, you are never sent it again. ' +
            'Then the picture shows a confirmation, and no commit of that transaction before it.'
        : `You confirm before the target has committed (transaction ${cause.transaction} was confirmed first, then ` +
            'committed). Dying in between, you are never sent it again.';
    case 'applied-again':
      return (
        'The slot was behind and sent again what the target held already, and your program applied it a second time. ' +
        'Nothing in the target says how far it came, or it is not asked before a transaction is applied.'
      );
    case 'slot-for-copy':
      return (
        'You take a slot that is there for a sign that the copy was made. Dying between the making of the slot and the ' +
        'commit of the copy, you never copy at all. Then the picture shows no commit of the copy before the fault.'
      );
    case 'half-copy':
      return (
        `You take a part of the copy for all of it: ${joined(cause.there)} had been committed and ${joined(cause.toCome)} had ` +
        'not, and the next start went on from the slot. A copy, and the note that it is made, belong into one commit.'
      );
    case 'slot-gone':
      return (
        'A slot that is gone takes with it what it had not sent. A new one begins where the log is now, later than the ' +
        'position of your target: what lies between comes only with a new copy.'
      );
  }
}
