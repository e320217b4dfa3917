import assert from 'node:assert/strict';
import test from 'node:test';

import { until } from '#src/deadline.ts';
import { openAdmin } from '#src/engines/kafka-admin.ts';
import { findJvm } from '#src/engines/jvm.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { run } from '#src/runner/run.ts';
import { answerOf, clone, runBlock, SOON, type Ran } from '#test/engines/clone.ts';
import { PROGRAMS } from '#test/engines/programs.ts';
import { startCluster } from '#test/engines/second-kafka.ts';
import { javaPrograms } from '#test/faults/java.ts';
import { streamPrograms } from '#test/faults/kafka-killed.ts';
import { isExactOn } from '#test/faults/kafka-on-cluster.ts';

/** Three brokers as docs/engines.md makes them, but for a listener that asks for a password. */
test('the same blocks run on a cluster of three brokers that asks for a password', async (t) => {
  const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
  if (found.state === 'missing') return t.skip(found.why);
  const jvm = found.state === 'ready' ? found : await found.install(() => undefined);
  const { env, access } = await startCluster(t, jvm);
  const place = await clone(t);
  await using supervisor = await place.connect(env);
  const tools = await runBlock(supervisor, 'kafka', PROGRAMS.kafka.answer);
  assert.match(answerOf(tools) ?? '', /^42$/m, JSON.stringify(tools));
  const events: Ran['events'][number][] = [];
  const code = `import json, os
from confluent_kafka import Producer, Consumer
config, topic = json.loads(os.environ['KAFKA_CONFIG']), os.environ['TOPIC_PREFIX'] + 'orders'
producer = Producer(config)
producer.produce(topic, b'42')
producer.flush()
consumer = Consumer(config | {'group.id': os.environ['TOPIC_PREFIX'] + 'reader', 'auto.offset.reset': 'earliest'})
consumer.subscribe([topic])
print(consumer.poll(30).value().decode())`;
  const request = { engine: 'python', with: ['kafka'], data: undefined, before: [], code } as const;
  const { state } = await run(request, supervisor, (event) => events.push(event));
  assert.equal(state, 'ok', JSON.stringify(events));
  assert.ok(JSON.stringify(events).includes('42\\n'), JSON.stringify(events));
  const carried = await runBlock(supervisor, 'connect', PROGRAMS.connect.answer.replaceAll(PLAIN, FROM_CONFIG));
  assert.equal(answerOf(carried), '42', JSON.stringify(carried));
  const admin = await openAdmin(access);
  const isClean = async (): Promise<boolean> => (await admin.listTopics()).length === 0;
  await until('the end of the blocks’ topics', isClean, SOON).finally(() => admin.close());
});

test('programs of other clients there: each boundary has three exact points, and nothing goes round the proxy', async (t) => {
  const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
  if (found.state === 'missing') return t.skip(found.why);
  const cluster = await startCluster(t, found.state === 'ready' ? found : await found.install(() => undefined));
  const { kafkajs } = streamPrograms('');
  const java = (await javaPrograms(t, pathsOf(ownRoot())))('KafkaStream');
  const clients = { kafkajs, 'the Java client': java };
  await Promise.all(Object.entries(clients).map(([name, argv]) => t.test(name, () => isExactOn(cluster, argv))));
});

const PLAIN = "{'bootstrap.servers': os.environ['KAFKA_BOOTSTRAP'],";
const FROM_CONFIG = "json.loads(os.environ['KAFKA_CONFIG']) | {";
