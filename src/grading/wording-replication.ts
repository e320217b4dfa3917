import type { Point } from '#src/faults/schedule.ts';

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
  retained: (limitKb: number): string => `PostgreSQL keeps less than ${limitKb} kB of its log for your slot`,
  keeps: (kb: number): string => `it keeps ${kb} kB, though all that was for you has been applied`,
  forward: 'no row of the target ever goes back to an earlier version',
  backward: (count: number): string =>
    `a reader saw ${count === 1 ? 'a row' : `${count} rows`} go back to an earlier version`,
  whole: (sum: number): string => `a reader always sees ${sum} in all accounts together`,
  torn: (sums: readonly number[]): string => `a reader saw ${sums.slice(0, 3).join(', ')}`,
} as const;
