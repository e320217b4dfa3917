import { WorldError } from '#src/error.ts';
import { capture } from '#src/process.ts';

/** One thing that is timed: a sample in milliseconds (or bytes, or whatever the bench compares). */
export interface Contender {
  readonly name: string;
  /** What is done before each sample and not timed. */
  ready?(): Promise<void>;
  sample(): Promise<number>;
}

export interface Comparison {
  readonly name: string;
  /** What the ratio is of: ours to the peer's. */
  readonly ours: Contender;
  readonly peer: Contender;
  /** The ratio to reach, at the most. */
  readonly goal: number;
  readonly unit: 'ms' | 'bytes' | 'MB' | 'requests' | 'runs';
  readonly rounds: number;
  /** The peer draws lots: that it differs from itself is no noise of the machine, and more rounds take its place. */
  readonly byChance?: true;
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
  readonly verdict: 'met' | 'missed' | 'too noisy';
}

/** Beyond this difference of the peer from itself a ratio says nothing. */
const MAX_NOISE = 0.2;

/**
 * Runs both in turn, in an order that rotates, so that a machine that slows down slows both. The peer is sampled twice a
 * round; its ratio to itself is the noise.
 */
export async function compare(comparison: Comparison): Promise<Result> {
  const { name, ours, peer, goal, unit, rounds } = comparison;
  const samples: { ours: number; peer: number; again: number }[] = [];
  const sample = async (one: Contender): Promise<number> => {
    await one.ready?.();
    return one.sample();
  };
  // The first of each pays for what is loaded once.
  await sample(ours);
  await sample(peer);
  for (let round = 0; round < rounds; round++) {
    const one = { ours: 0, peer: 0, again: 0 };
    const steps = [
      async () => (one.ours = await sample(ours)),
      async () => (one.peer = await sample(peer)),
      async () => (one.again = await sample(peer)),
    ];
    for (let i = 0; i < steps.length; i++) await steps[(i + round) % steps.length]?.();
    samples.push(one);
  }
  const ratios = samples.map((one) => one.ours / one.peer);
  const median = quantile(ratios, 0.5);
  const noise = quantile(
    samples.map((one) => one.again / one.peer),
    0.5,
  );
  const isNoisy = comparison.byChance !== true && Math.abs(noise - 1) > MAX_NOISE;
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
    noise,
    goal,
    verdict: isNoisy ? 'too noisy' : median <= goal ? 'met' : 'missed',
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

/** Milliseconds from the start of a program to its end; one that fails is no measure of anything. */
export async function timedProgram(
  argv: readonly [string, ...string[]],
  cwd?: string,
  env?: Readonly<Record<string, string>>,
): Promise<number> {
  const began = performance.now();
  const { code, stdout, stderr } = await capture(argv, {
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env: { ...process.env, ...env } }),
  });
  const ms = performance.now() - began;
  if (code === 0) return ms;
  const lastLines = `${stdout}\n${stderr}`.trim().split('\n').slice(-20);
  throw new WorldError(`${argv.join(' ')} failed`, { remedy: 'Read its last lines.', lastLines });
}

/** Does the work at the first call, and gives what came of it at each. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}
