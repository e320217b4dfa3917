import type * as Client from '@platformatic/kafka';

/** A record as it stands in a topic, or as it is to be written there. */
export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  /** Null: the record says that its key is no more. */
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
  readonly timestampMs: number;
  /** Since when readers of committed records see it, by the broker's clock; where its topic is stamped. */
  readonly readableMs?: number;
}

/** The time of a batch is when the broker had it. */
const STAMPED = 1 << 3;
export const TRANSACTIONAL = 1 << 4;
export const CONTROL = 1 << 5;

type Place = Pick<KafkaRecord, 'topic' | 'partition' | 'readableMs'>;

/** What is written in a transaction is seen since its end, whose mark is the next one of its producer. */
export function readableSince(
  { attributes, producerId, maxTimestamp }: Client.RecordsBatch,
  onwards: readonly Client.RecordsBatch[],
): Pick<Place, 'readableMs'> {
  if ((attributes & STAMPED) === 0) return {};
  const isEnd = (one: Client.RecordsBatch): boolean =>
    (one.attributes & CONTROL) !== 0 && one.producerId === producerId;
  const end = (attributes & TRANSACTIONAL) === 0 ? undefined : onwards.find(isEnd);
  return { readableMs: Number(end?.maxTimestamp ?? maxTimestamp) };
}

export function recordsOf(batch: Client.RecordsBatch, place: Place): KafkaRecord[] {
  const isStamped = (batch.attributes & STAMPED) !== 0;
  return batch.records.map(({ offsetDelta, timestampDelta, key, value, headers }) => ({
    ...place,
    offset: Number(batch.firstOffset) + offsetDelta,
    key,
    value,
    headers: headers.map(([name, one]) => [String(name ?? ''), one ?? Buffer.alloc(0)] as const),
    timestampMs: Number(isStamped ? batch.maxTimestamp : batch.firstTimestamp + timestampDelta),
  }));
}
