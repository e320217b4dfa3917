import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { Producer, stringSerializers } from '@platformatic/kafka';

import { until } from '#src/deadline.ts';
import { environmentOf } from '#src/engines/environment.ts';
import { openAccess } from '#src/engines/kafka-access.ts';
import { openAdmin } from '#src/engines/kafka-admin.ts';
import { Broker } from '#src/engines/kafka-broker.ts';
import { findJvm } from '#src/engines/jvm.ts';
import { tail } from '#src/engines/log.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { signal } from '#src/process.ts';
import { run } from '#src/runner/run.ts';
import { answerOf, clone, runBlock, SOON, type Ran } from '#test/engines/clone.ts';

const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
const skip = found.state === 'missing' ? found.why : false;

void test(
  'a broker that is killed comes back where it was, with every record it had acknowledged',
  { skip },
  async (t) => {
    assert.ok(found.state !== 'missing');
    const jvm = found.state === 'ready' ? found : await found.install(() => undefined);
    const directory = await mkdtemp(join(tmpdir(), 'dej-broker-'));
    const log = tail(join(directory, 'kafka.log'));
    const paths = pathsOf(ownRoot());
    const context = { paths, directory, log, marker: randomUUID(), onProgress: () => undefined, lease: assert.fail };
    const broker = await Broker.start(jvm, '4.3.1', join(directory, 'broker'), context);
    t.after(async () => {
      await broker.kill();
      log.close();
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    });
    const { bootstrap } = broker;
    const admin = await openAdmin(openAccess(bootstrap));
    t.after(() => admin.close());
    await admin.createTopics({ topics: ['orders'], partitions: 1, replicas: 1 });
    const producer = new Producer({ clientId: 'test', bootstrapBrokers: [bootstrap], serializers: stringSerializers });
    const values = Array.from({ length: 500 }, (_, i) => ({ topic: 'orders', value: `order ${i}` }));
    await producer.send({ messages: values });
    await producer.close();
    const killed = broker.pid;
    signal(killed, 'SIGKILL');
    const { message } = await broker.died;
    assert.match(message, /Kafka ended by itself \(SIGKILL\)/);
    await broker.restart();
    assert.notEqual(broker.pid, killed);
    assert.equal(broker.bootstrap, bootstrap);
    const timestamp = -1n; // The end.
    const [orders] = await admin.listOffsets({
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp }] }],
    });
    assert.equal(orders?.partitions[0]?.offset, 500n);
  },
);

void test('Kafka under the supervisor', { skip }, async (t) => {
  const place = await clone(t);
  await using supervisor = await place.connect();
  for (const part of [clearing, blocks, typescript]) await part(t, supervisor);
});

async function clearing(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('what blocks left is cleared up, names without their prefix when no block is left', async () => {
    await using watcher = await supervisor.lease('kafka', { data: undefined });
    const { KAFKA_BOOTSTRAP = '', TOPIC_PREFIX = '' } = environmentOf(watcher.address);
    assert.match(TOPIC_PREFIX, /^block-[0-9a-f]{8}-$/);
    const admin = await openAdmin(openAccess(KAFKA_BOOTSTRAP));
    try {
      const code = 'kafka-topics --create --topic ${TOPIC_PREFIX}own\nkafka-topics --create --topic stray';
      assert.equal((await runBlock(supervisor, 'kafka', code)).state, 'ok');
      const left = async (): Promise<string> => (await admin.listTopics()).join();
      await until('the end of the block’s own topic', async () => (await left()) === 'stray', SOON);
      await watcher[Symbol.asyncDispose]();
      await until('the end of the stray topic', async () => (await left()) === '', SOON);
    } finally {
      await admin.close();
    }
  });
}

async function blocks(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  for (const [what, code, line, words] of [
    ['a tool that is none', 'kafka-topics --list\nls', 2, /there is no tool "ls" here/],
    ['a file that is not there', 'kafka-console-producer --topic a < none.csv', 1, /there is no file none\.csv/],
    ['a file of somebody else', 'kafka-console-producer --topic a < /etc/passwd', 1, /there is no file \/etc\/passwd/],
  ] as const) {
    await t.test(`${what} is an error of the block with its line`, async () => {
      const { state, events } = await runBlock(supervisor, 'kafka', code);
      const error = events.find((event) => event.type === 'error');
      assert.deepEqual([state, error?.line], ['error', line], JSON.stringify(events));
      assert.match(error?.message ?? '', words);
    });
  }
}

async function typescript(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('a block in TypeScript sends a record and reads it back', async () => {
    const code = `import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';

const where = { bootstrapBrokers: [process.env['KAFKA_BOOTSTRAP']!], retryDelay: 30 };
const topic: string = process.env['TOPIC_PREFIX'] + 'orders';
const producer = new Producer({ ...where, clientId: 'shop', serializers: stringSerializers, autocreateTopics: true });
await producer.send({ messages: [{ topic, key: 'o-1', value: '42' }] });
await producer.close();
const consumer = new Consumer({ ...where, clientId: 'reader', groupId: topic, deserializers: stringDeserializers });
const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
for await (const { key, value } of stream) {
  console.log(key, value);
  break;
}
await stream.close();
await consumer.close(true);`;
    const events: Ran['events'][number][] = [];
    const request = { engine: 'node', with: ['kafka'], data: undefined, before: [], code } as const;
    const outcome = await run(request, supervisor, (event) => events.push(event));
    assert.equal(answerOf({ ...outcome, events }), 'o-1 42', JSON.stringify(events));
    assert.equal(outcome.state, 'ok');
  });
}
