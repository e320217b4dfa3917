import { loadavg } from 'node:os';

/** One thing that is timed: a sample in milliseconds (or bytes, or whatever the bench compares). */
export interface Contender {
  readonly name: string;
  sample(): Promise<number>;
}

export interface Comparison {
  readonly name: string;
  /** What the ratio is of: ours to the peer's. */
  readonly ours: Contender;
  readonly peer: Contender;
  /** The ratio to reach, at the most. */
  readonly goal: number;
  readonly unit: 'ms' | 'bytes' | 'MB' | 'requests';
  readonly rounds: number;
}

export interface Result {
  readonly name: string;
  readonly ours: string;
  readonly peer: string;
  readonly unit: Comparison['unit'];
  readonly oursMedian: number;
  readonly peerMedian: number;
  /** Ours to the peer's, paired within a round: median and quartiles. */
  readonly ratio: readonly [low: number, median: number, high: number];
  /** The peer against itself: how far from 1 says how far to trust the ratio. */
  readonly noise: number;
  readonly goal: number;
  readonly met: boolean;
  /** The load when it ended; above 1.5 the verdict is not to be trusted. */
  readonly load: number;
}

/**
 * Runs both in turn, in an order that rotates, so that a machine that slows down slows both. The peer is sampled twice a
 * round; its ratio to itself is the noise.
 */
export async function compare({ name, ours, peer, goal, unit, rounds }: Comparison): Promise<Result> {
  const samples: { ours: number; peer: number; again: number }[] = [];
  // The first of each pays for what is loaded once.
  await ours.sample();
  await peer.sample();
  for (let round = 0; round < rounds; round++) {
    const one = { ours: 0, peer: 0, again: 0 };
    const steps = [
      async () => (one.ours = await ours.sample()),
      async () => (one.peer = await peer.sample()),
      async () => (one.again = await peer.sample()),
    ];
    for (let i = 0; i < steps.length; i++) await steps[(i + round) % steps.length]?.();
    samples.push(one);
  }
  const ratios = samples.map((one) => one.ours / one.peer);
  const median = quantile(ratios, 0.5);
  return {
    name,
    ours: ours.name,
    peer: peer.name,
    unit,
    oursMedian: quantile(
      samples.map((one) => one.ours),
      0.5,
    ),
    peerMedian: quantile(
      samples.map((one) => one.peer),
      0.5,
    ),
    ratio: [quantile(ratios, 0.25), median, quantile(ratios, 0.75)],
    noise: quantile(
      samples.map((one) => one.again / one.peer),
      0.5,
    ),
    goal,
    met: median <= goal,
    load: loadavg()[0] ?? 0,
  };
}

/** The value below which the given part of the samples lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
