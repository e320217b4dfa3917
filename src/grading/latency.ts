import type { Trial } from '#src/grading/api.ts';
import { headerOf } from '#src/grading/kafka-records.ts';
import { latencyWords } from '#src/grading/wording-kafka.ts';

/**
 * How long records took from topic `from`, since the broker had acknowledged them, until readers of committed records
 * saw them in one of `to`, where a header `source` (`<partition>:<offset>`) says which they are. Only those that came
 * while the program ran: what lay there before would tell how long a start takes. No sentence where there are none, or
 * where the broker has another clock.
 */
export async function passedOn(
  trial: Pick<Trial, 'records' | 'fed'>,
  from: string,
  to: readonly string[],
): Promise<string[]> {
  const readable = new Map<string | undefined, number>();
  for (const topic of to)
    for (const record of await trial.records(topic)) {
      const source = headerOf(record, 'source');
      // What is written twice was passed on when it was first there.
      readable.set(source, Math.min(record.readableMs ?? Infinity, readable.get(source) ?? Infinity));
    }
  const tookMs = trial.fed(from).flatMap(({ partition, offset, atMs }) => {
    const sinceMs = readable.get(`${partition}:${offset}`) ?? Infinity;
    // Who is quick has passed it on before the acknowledgement is here.
    return sinceMs === Infinity ? [] : [Math.max(0, sinceMs - atMs)];
  });
  if (tookMs.length === 0) return [];
  return [latencyWords({ count: tookMs.length, p99Ms: quantile(tookMs, 0.99), medianMs: quantile(tookMs, 0.5) })];
}

/** The smallest of the values that at least this share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
