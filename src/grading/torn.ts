import { until } from '#src/deadline.ts';
import type { KafkaHands } from '#src/faults/kafka-hands.ts';
import type { EndedTransaction, TransactionPart } from '#src/faults/kafka-transactions.ts';

/** Where a record stands. */
export type RecordPlace = Pick<TransactionPart, 'topic' | 'partition' | 'offset'>;

/** A transaction of which Kafka has not done what it had accepted. */
export interface Torn {
  readonly transaction: EndedTransaction;
  /** Of its records those that can't be read though they were committed, or can though they were taken back. */
  readonly wrong: readonly RecordPlace[];
}

type Hands = Pick<KafkaHands, 'topics' | 'ends' | 'starts' | 'keepsAll' | 'read'>;

/** An end is accepted before its marks are written; that takes moments, also behind a broker that was killed. */
const MARKED_MS = 5000;

/**
 * Whether a reader of committed records sees of each transaction what Kafka accepted of it: all that was committed, and
 * nothing that was taken back. Only what is certain counts: not what lies behind a transaction that is still open, not what
 * its topic has let go of meanwhile, and nothing in a topic that keeps only the latest of each key.
 */
export async function tornTransaction(
  hands: Hands,
  transactions: readonly EndedTransaction[],
  markedMs = MARKED_MS,
): Promise<Torn | undefined> {
  if (transactions.length === 0) return undefined;
  const partitions = await hands.topics();
  const parts = transactions.flatMap((one) => one.parts.map((part) => ({ ...part, end: one.end })));
  const seen = new Map<string, Topic>();
  for (const [topic, its] of Map.groupBy(parts, (part) => part.topic)) {
    const count = partitions.get(topic);
    if (count === undefined || !(await hands.keepsAll(topic))) continue;
    await marked(hands, { topic, partitions: count, parts: its, deadlineMs: markedMs });
    seen.set(topic, await readTopic(hands, topic, count));
  }
  for (const transaction of transactions) {
    const records = transaction.parts.flatMap(recordsOf).filter((record) => isKnown(record, seen));
    const isRead = transaction.end === 'abort';
    const wrong = records.filter(({ topic, partition, offset }) => {
      return seen.get(topic)?.read.has(`${partition}@${offset}`) === isRead;
    });
    if (wrong.length > 0) return { transaction, wrong };
  }
  return undefined;
}

interface Topic {
  readonly starts: readonly number[];
  /** Where readers of committed records must stop. */
  readonly ends: readonly number[];
  readonly read: ReadonlySet<string>;
}

interface Awaited {
  readonly topic: string;
  readonly partitions: number;
  readonly parts: readonly (TransactionPart & Pick<EndedTransaction, 'end'>)[];
  readonly deadlineMs: number;
}

/** Where another transaction stands open in between, nothing is known of what is behind it. */
async function marked(hands: Hands, { topic, partitions, parts, deadlineMs }: Awaited): Promise<void> {
  const isMarked = async (): Promise<boolean> => {
    const ends = await hands.ends(topic, partitions, 'committed');
    return parts.every(
      ({ end, partition, offset, count }) => end === 'abort' || offset + count < (ends[partition] ?? 0),
    );
  };
  await until('marks of the ends of transactions', isMarked, { deadlineMs }).catch(() => undefined);
}

/** Asked in this order: what is read later than an end was told is not less, and what is gone by then was not missed. */
async function readTopic(hands: Hands, topic: string, partitions: number): Promise<Topic> {
  const ends = await hands.ends(topic, partitions, 'committed');
  const records = await hands.read(topic, partitions);
  const read = new Set(records.map(({ partition, offset }) => `${partition}@${offset}`));
  return { ends, read, starts: await hands.starts(topic, partitions) };
}

function isKnown({ topic, partition, offset }: RecordPlace, seen: ReadonlyMap<string, Topic>): boolean {
  const its = seen.get(topic);
  return its !== undefined && offset >= (its.starts[partition] ?? Infinity) && offset < (its.ends[partition] ?? 0);
}

function recordsOf({ topic, partition, offset, count }: TransactionPart): RecordPlace[] {
  return Array.from({ length: count }, (_, i) => ({ topic, partition, offset: offset + i }));
}
