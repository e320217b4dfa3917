import { Consumer, Producer, type Message } from '@platformatic/kafka';

import { reasonOf } from './checks.ts';
import { env } from './env.ts';

// Sorts trips into valid and invalid. Every file here is yours to change.

const BATCH = 50;
const base = { clientId: 'sorter', bootstrapBrokers: [env('KAFKA_BOOTSTRAP')], retryDelay: 50 };
const topic = env('TOPIC_IN');
const consumer = new Consumer({ ...base, groupId: env('GROUP_ID') });
const producer = new Producer({ ...base, idempotent: true });

async function sorted(message: Message) {
  const { partition, offset, key, value } = message;
  const reason = await reasonOf(message);
  const headers = new Map(message.headers);
  headers.set(Buffer.from('source'), Buffer.from(`${partition}:${offset}`));
  if (reason !== undefined) headers.set(Buffer.from('reason'), Buffer.from(reason));
  return { topic: env(reason === undefined ? 'TOPIC_VALID' : 'TOPIC_INVALID'), key, value, headers };
}

const stream = await consumer.consume({
  topics: [topic],
  autocommit: false,
  mode: 'committed',
  fallbackMode: 'earliest',
  maxWaitTime: 200,
});
process.on('SIGTERM', () => void stream.close());

let batch: Message[] = [];
for await (const message of stream) {
  batch.push(message);
  if (batch.length < BATCH && stream.readableLength > 0) continue;
  const messages = [];
  for (const one of batch) messages.push(await sorted(one));
  // Written first, then committed: killed in between, a record is written again, but never lost.
  await producer.send({ messages });
  const upTo = new Map(batch.map(({ partition, offset }) => [partition, offset + 1n]));
  const offsets = [...upTo].map(([partition, offset]) => ({ topic, partition, offset, leaderEpoch: 0 }));
  await consumer.commit({ offsets });
  batch = [];
}
process.exit(0);
