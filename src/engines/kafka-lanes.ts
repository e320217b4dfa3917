import { isFree } from '#src/ports.ts';

/**
 * A way into the broker for one program behind a proxy. Kafka tells its clients where to connect next, so each such way
 * is a listener of its own, which names the proxy's port and not the broker's.
 */
export interface Lane {
  /** Where the broker listens. */
  readonly upstream: number;
  /** The port that the broker tells the clients of this lane: whoever holds the lane listens there. */
  readonly listen: number;
}

/** As many programs can be graded at once. */
export const LANES = 8;

const FIRST_PORT = 20_000;
const LAST_PORT = 29_999;
const TRIES = 1000;

/**
 * Ports that stay free until somebody means them: a port that the system hands out for a connection is above 32,767 on
 * every system here, so nobody takes one of these by chance between the broker's start and the proxy's.
 */
export async function lanePorts(count: number, from: () => number = Math.random): Promise<number[]> {
  const ports = new Set<number>();
  for (let tried = 0; ports.size < count && tried < TRIES; tried++) {
    const port = FIRST_PORT + Math.floor(from() * (LAST_PORT - FIRST_PORT + 1));
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

/** Hands lanes out one by one; who comes when none is left waits for one that is given back. */
export class Lanes {
  readonly #free: Lane[];
  readonly #waiting: ((lane: Lane) => void)[] = [];

  constructor(lanes: readonly Lane[]) {
    this.#free = [...lanes];
  }

  take(): Promise<Lane> {
    const lane = this.#free.shift();
    if (lane !== undefined) return Promise.resolve(lane);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  giveBack(lane: Lane): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(lane);
    else next(lane);
  }
}
