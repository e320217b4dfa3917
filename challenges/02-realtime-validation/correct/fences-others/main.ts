import { Consumer, Producer, type Message } from '@platformatic/kafka';

import { Bikes } from './bikes.ts';
import { Checks, WINDOW } from './checks.ts';
import { env } from './env.ts';

// Sorts trips into valid and invalid. Every file here is yours to change.
// What is written and how far was read become visible together, and only the program that was started last can do so.

const BATCH = 50;
const base = { clientId: 'sorter', bootstrapBrokers: [env('KAFKA_BOOTSTRAP')], retryDelay: 50 };
const topic = env('TOPIC_IN');
const consumer = new Consumer({ ...base, groupId: env('GROUP_ID') });
const producer = new Producer({
  ...base,
  idempotent: true,
  transactionalId: env('GROUP_ID'),
  // This client would ask for producer 0 otherwise, which is refused to whoever is started again with its transactional id.
  producerId: -1n,
  producerEpoch: -1,
  // A new transaction has to wait for the markers of the one before.
  retries: 100,
});
const checks = new Checks(new Bikes());

/** Where to go on in each partition: 0 where nothing was committed. */
async function committed(): Promise<bigint[]> {
  const { topics } = await consumer.metadata({ topics: [topic] });
  const partitions = [...(topics.get(topic)?.partitions ?? []).keys()];
  const found = await consumer.listCommittedOffsets({ topics: [{ topic, partitions }] });
  return partitions.map((partition) => {
    const at = found.get(topic)?.[partition] ?? -1n;
    return at < 0n ? 0n : at;
  });
}

async function sorted(message: Message) {
  const { partition, offset, key, value } = message;
  const { reason, gap } = await checks.look(message);
  // Judged before the restart; it is only remembered.
  if (offset < (resume[partition] ?? 0n)) return undefined;
  const headers = new Map(message.headers);
  headers.set(Buffer.from('source'), Buffer.from(`${partition}:${offset}`));
  if (reason !== undefined) headers.set(Buffer.from('reason'), Buffer.from(reason));
  else if (gap > 0) headers.set(Buffer.from('gap'), Buffer.from(String(gap)));
  return { topic: env(reason === undefined ? 'TOPIC_VALID' : 'TOPIC_INVALID'), key, value, headers };
}

// The first transaction takes the transactional id over: what an earlier start left open is aborted, and it can commit nothing
// any more. So the position that is asked for afterwards is the last one that anybody else has written.
let transaction = await producer.beginTransaction();
const resume = await committed();
// What was remembered of the last records is read again, so that it needs no place of its own.
const offsets = resume.map((at, partition) => ({ topic, partition, offset: at < WINDOW ? 0n : at - WINDOW }));
const stream = await consumer.consume({
  topics: [topic],
  autocommit: false,
  mode: 'manual',
  offsets,
  maxWaitTime: 200,
});
process.on('SIGTERM', () => void stream.close());

let batch: Message[] = [];
for await (const message of stream) {
  batch.push(message);
  if (batch.length < BATCH && stream.readableLength > 0) continue;
  const messages = [];
  for (const one of batch) messages.push(...[await sorted(one)].filter((sent) => sent !== undefined));
  const last = new Map(batch.map((one) => [one.partition, one]));
  batch = [];
  if (messages.length === 0) continue;
  await transaction.send({ messages });
  await transaction.addConsumer(consumer);
  // One after the other: this client takes two at the same time for one and the same.
  for (const one of last.values()) if (one.offset >= (resume[one.partition] ?? 0n)) await transaction.addOffset(one);
  await transaction.commit();
  transaction = await producer.beginTransaction();
}
process.exit(0);
