/** Reads a topic in batches and writes each batch to another one; says what it believes after each step. */
import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';

const env = (name: string): string => process.env[name] ?? '';
const isTransaction = process.argv[2] === 'transaction';
const END = Number(env('END'));
const BATCH = 10;
const [from, to, group] = [env('TOPIC_IN'), env('TOPIC_OUT'), env('GROUP_ID')];
const base = { clientId: 'stream', bootstrapBrokers: [env('KAFKA_BOOTSTRAP')], retryDelay: 50 };
const consumer = new Consumer({ ...base, groupId: group, deserializers: stringDeserializers });
const producer = new Producer({
  ...base,
  serializers: stringSerializers,
  idempotent: true,
  ...(isTransaction ? { transactionalId: group, producerId: -1n, producerEpoch: -1 } : {}),
});
const stream = await consumer.consume({
  topics: [from],
  autocommit: false,
  mode: 'committed',
  fallbackMode: 'earliest',
  maxWaitTime: 100,
});
const stop = async (): Promise<never> => {
  await consumer.close(true);
  await producer.close();
  process.exit(0);
};
const committed = await consumer.listCommittedOffsets({ topics: [{ topic: from, partitions: [0] }] });
if (Number(committed.get(from)?.[0] ?? 0n) >= END) await stop();
let batch: { key: string; value: string }[] = [];
for await (const message of stream) {
  batch.push({ key: message.key, value: message.value });
  if (batch.length < BATCH) continue;
  const upTo = Number(message.offset) + 1;
  const messages = batch.map(({ key, value }) => ({ topic: to, key, value }));
  if (isTransaction) {
    const transaction = await producer.beginTransaction();
    await transaction.addConsumer(consumer);
    await transaction.send({ messages });
    await transaction.addOffset(message);
    await transaction.commit();
    console.log(`ended ${upTo}`);
  } else {
    await producer.send({ messages });
    console.log(`written ${upTo}`);
    await consumer.commit({ offsets: [{ topic: from, partition: 0, offset: BigInt(upTo), leaderEpoch: 0 }] });
    console.log(`committed ${upTo}`);
  }
  batch = [];
  if (upTo >= END) await stop();
}
