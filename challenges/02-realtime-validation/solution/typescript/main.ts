import { Consumer, Producer, type Message } from '@platformatic/kafka';

import { Bikes } from './bikes.ts';
import { Checks, WINDOW } from './checks.ts';
import { env } from './env.ts';

// Sorts trips into valid and invalid. Every file here is yours to change.

const BATCH = 50;
const base = { clientId: 'sorter', bootstrapBrokers: [env('KAFKA_BOOTSTRAP')], retryDelay: 50 };
const topic = env('TOPIC_IN');
const consumer = new Consumer({ ...base, groupId: env('GROUP_ID') });
const producer = new Producer({ ...base, idempotent: true });
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

async function sorted(message: Message, resume: readonly bigint[]) {
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
  for (const one of batch) messages.push(...[await sorted(one, resume)].filter((sent) => sent !== undefined));
  if (messages.length > 0) await producer.send({ messages });
  const upTo = new Map(batch.map(({ partition, offset }) => [partition, offset + 1n]));
  const done = [...upTo].filter(([partition, offset]) => offset > (resume[partition] ?? 0n));
  if (done.length > 0)
    await consumer.commit({
      offsets: done.map(([partition, offset]) => ({ topic, partition, offset, leaderEpoch: 0 })),
    });
  batch = [];
}
process.exit(0);
