/**
 * What a poller brings of rows that take their ids in one order and are committed in another. Times are whole ticks; a row
 * can be seen from the tick of its commit on, and a poll sees what was committed at or before its own tick.
 */
export interface Order {
  readonly id: number;
  /** When its id is taken, which is the order of the ids. */
  readonly taken: number;
  /** When its transaction commits, never before `taken`. */
  readonly committed: number;
}

export interface Poller {
  readonly polls: readonly number[];
  /** How many ids below the last one seen are asked for again. */
  readonly overlap: number;
  /** Whether a row that is there already is kept once; else it is appended again. */
  readonly upserts: boolean;
}

export const END = 12;
export const ORDERS: readonly Order[] = [
  { id: 1, taken: 1, committed: 2 },
  { id: 2, taken: 2, committed: 9 },
  { id: 3, taken: 3, committed: 4 },
  { id: 4, taken: 5, committed: 6 },
  { id: 5, taken: 7, committed: 8 },
];

/** The ticks of the polls, the last one at the end, when all is committed. */
export function pollsEvery(ticks: number): number[] {
  return Array.from({ length: Math.ceil(END / ticks) }, (_, n) => Math.min(END, (n + 1) * ticks));
}

export interface Fate {
  readonly id: number;
  /** How many copies of it the warehouse holds after the last poll. */
  readonly copies: number;
  /** The tick of the poll that brought it first. */
  readonly at: number | undefined;
  readonly anomaly: 'none' | 'lost' | 'duplicate';
}

export function outcome(orders: readonly Order[], { polls, overlap, upserts }: Poller): Fate[] {
  const copies = new Map<number, { count: number; at: number }>();
  let last = 0;
  for (const at of polls) {
    const found = orders.filter(({ id, committed }) => committed <= at && id > last - overlap);
    for (const { id } of found) {
      const known = copies.get(id);
      if (known === undefined) copies.set(id, { count: 1, at });
      else if (!upserts) known.count++;
    }
    last = Math.max(last, ...found.map(({ id }) => id));
  }
  return orders.map(({ id }) => {
    const { count = 0, at } = copies.get(id) ?? {};
    return { id, copies: count, at, anomaly: count === 0 ? 'lost' : count > 1 ? 'duplicate' : 'none' };
  });
}
