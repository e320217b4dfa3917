/** How far a stream is: places are partitions of what stood in Kafka before its first start. */
export interface Progressed {
  /** All that must be read. */
  readonly places: readonly string[];
  /** Those of them of which no group has committed the end. */
  readonly behind: readonly string[];
  /** For how long nothing was written and nothing committed. */
  readonly quietMs: number;
  /** The longest time that passed before it wrote or committed something; undefined where it has not yet. */
  readonly longestMs: number | undefined;
}

/** A machine may be as much slower later on. */
const SLOWER = 3;

/** Committed offsets may run ahead of what they stand for; what is under way has this long to show. */
const SETTLE_MS = 500;

/**
 * When a program that never ends has done what there is to do. Whether it commits what it reads is not known; two
 * undisturbed runs show it, and every later run is measured by what both of them committed.
 */
export class CaughtUp {
  #idleMs: number;
  readonly #committed: ReadonlySet<string>[] = [];
  #due: ReadonlySet<string> | undefined;

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** After so long without a write or a commit it stands still. */
  get idleMs(): number {
    return this.#idleMs;
  }

  /** `done`; or `stalled`, where it stands still though it went on at this place undisturbed; undefined while it works. */
  judge({ places, behind, quietMs, longestMs }: Progressed): 'done' | 'stalled' | undefined {
    const due = this.#due ?? new Set(places);
    const isWhole = places.length > 0 && places.every((place) => due.has(place));
    const isReached = !behind.some((place) => due.has(place));
    if (isWhole && isReached && quietMs > SETTLE_MS) return 'done';
    // One that has done nothing at all is still loading itself.
    if (quietMs <= this.#idleMs || longestMs === undefined) return undefined;
    return isReached || this.#due === undefined ? 'done' : 'stalled';
  }

  /** What an undisturbed run had committed when it was done. */
  note({ places, behind, longestMs = 0 }: Omit<Progressed, 'quietMs'>): void {
    if (this.#due !== undefined) return;
    this.#idleMs = Math.max(this.#idleMs, SLOWER * longestMs);
    this.#committed.push(new Set(places.filter((place) => !behind.includes(place))));
  }

  /** The undisturbed runs are over. */
  settle(): void {
    const [first = new Set<string>(), ...others] = this.#committed;
    this.#due = new Set([...first].filter((place) => others.every((other) => other.has(place))));
  }
}
