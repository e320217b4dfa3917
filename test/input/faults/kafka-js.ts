/** Reads a topic in batches with kafkajs and writes each batch to another one; says what it believes after each step. */
import { CompressionTypes, Kafka, logLevel, type Message } from 'kafkajs';

const env = (name: string): string => process.env[name] ?? '';
const isTransaction = process.argv[2] === 'transaction';
const END = Number(env('END'));
const BATCH = 10;
const [from, to, group] = [env('TOPIC_IN'), env('TOPIC_OUT'), env('GROUP_ID')];
const kafka = new Kafka({ clientId: 'stream', brokers: [env('KAFKA_BOOTSTRAP')], logLevel: logLevel.NOTHING });
const admin = kafka.admin();
await admin.connect();
const committed = await admin.fetchOffsets({ groupId: group, topics: [from] });
await admin.disconnect();
if (Number(committed[0]?.partitions[0]?.offset ?? -1) >= END) process.exit(0);
const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100 });
const producer = kafka.producer({
  idempotent: true,
  maxInFlightRequests: 1,
  ...(isTransaction ? { transactionalId: group } : {}),
});
await producer.connect();
await consumer.connect();
await consumer.subscribe({ topics: [from], fromBeginning: true });
let batch: Message[] = [];

async function write(upTo: number): Promise<void> {
  const sent = { topic: to, messages: batch, compression: CompressionTypes.None };
  const offset = String(upTo);
  if (isTransaction) {
    const transaction = await producer.transaction();
    await transaction.send(sent);
    await transaction.sendOffsets({
      consumerGroupId: group,
      topics: [{ topic: from, partitions: [{ partition: 0, offset }] }],
    });
    await transaction.commit();
    console.log(`ended ${upTo}`);
    return;
  }
  await producer.send(sent);
  console.log(`written ${upTo}`);
  await consumer.commitOffsets([{ topic: from, partition: 0, offset }]);
  console.log(`committed ${upTo}`);
}

await consumer.run({
  autoCommit: false,
  eachMessage: async ({ message }) => {
    batch.push({ key: message.key, value: message.value });
    if (batch.length < BATCH) return;
    const upTo = Number(message.offset) + 1;
    await write(upTo);
    batch = [];
    if (upTo >= END) process.exit(0);
  },
});
