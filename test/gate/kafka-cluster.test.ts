import assert from 'node:assert/strict';
import test from 'node:test';

import { until } from '#src/deadline.ts';
import { accessFrom, type KafkaAccess } from '#src/engines/kafka-access.ts';
import { openAdmin } from '#src/engines/kafka-admin.ts';
import { findJvm, type ReadyJvm } from '#src/engines/jvm.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { freePort } from '#src/ports.ts';
import { run } from '#src/runner/run.ts';
import { answerOf, clone, runBlock, SOON, type Ran } from '#test/engines/clone.ts';
import { PROGRAMS } from '#test/engines/programs.ts';
import { PLAIN_LOGIN, startForeign } from '#test/engines/second-kafka.ts';

const SECRET = 'a "quoted" secret';

/** Three brokers as docs/engines.md makes them, but for a listener that asks for a password. */
test('the same blocks run on a cluster of three brokers that asks for a password', async (t) => {
  const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
  if (found.state === 'missing') return t.skip(found.why);
  const jvm = found.state === 'ready' ? found : await found.install(() => undefined);
  const bootstrap = await startCluster(t, jvm);
  const env = {
    KAFKA_BOOTSTRAP: bootstrap,
    KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
    KAFKA_SASL_USERNAME: 'me',
    KAFKA_SASL_PASSWORD: SECRET,
  };
  const access = accessFrom(env) ?? assert.fail();
  await until('three brokers', async () => (await brokersOf(access)) === 3, { deadlineMs: 120_000 });
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

const PLAIN = "{'bootstrap.servers': os.environ['KAFKA_BOOTSTRAP'],";
const FROM_CONFIG = "json.loads(os.environ['KAFKA_CONFIG']) | {";

async function brokersOf(access: KafkaAccess): Promise<number> {
  const admin = await openAdmin(access);
  try {
    return (await admin.metadata({ topics: [], forceUpdate: true })).brokers.size;
  } catch {
    return 0;
  } finally {
    await admin.close().catch(() => undefined);
  }
}

async function startCluster(t: test.TestContext, jvm: ReadyJvm): Promise<string> {
  const numbers = [1, 2, 3];
  const ports = await Promise.all(numbers.flatMap((n) => [n, n, n]).map(() => freePort()));
  const portOf = (n: number, which: number): number => ports[(n - 1) * 3 + which] ?? 0;
  const voters = numbers.map((n) => `${n}@127.0.0.1:${portOf(n, 2)}`).join();
  for (const n of numbers) {
    const settings = settingsOf({ n, voters, ports: [0, 1, 2].map((which) => portOf(n, which)) });
    await startForeign(t, jvm, { settings });
  }
  return numbers.map((n) => `127.0.0.1:${portOf(n, 0)}`).join();
}

interface Place {
  readonly n: number;
  readonly voters: string;
  readonly ports: readonly number[];
}

function settingsOf({ n, voters, ports: [clients, brokers, controllers] }: Place): Record<string, string | number> {
  const password = SECRET.replaceAll('"', '\\"');
  return {
    'process.roles': 'broker,controller',
    'node.id': n,
    'controller.quorum.voters': voters,
    'inter.broker.listener.name': 'BROKERS',
    listeners: `CLIENTS://127.0.0.1:${clients},BROKERS://127.0.0.1:${brokers},CONTROLLER://127.0.0.1:${controllers}`,
    'advertised.listeners': `CLIENTS://127.0.0.1:${clients},BROKERS://127.0.0.1:${brokers}`,
    'listener.security.protocol.map': 'CLIENTS:SASL_PLAINTEXT,BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.clients.plain.sasl.jaas.config': `${PLAIN_LOGIN} user_me="${password}";`,
    'default.replication.factor': 3,
    'offsets.topic.replication.factor': 3,
    'offsets.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
  };
}
