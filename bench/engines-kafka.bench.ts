import { until } from '#src/deadline.ts';
import { findJvm } from '#src/engines/jvm.ts';
import { openAccess } from '#src/engines/kafka-access.ts';
import { answers } from '#src/engines/kafka-admin.ts';
import { findFamily } from '#src/engines/python-family.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import type { Paths } from '#src/paths.ts';
import { freePort } from '#src/ports.ts';
import { capture } from '#src/process.ts';
import { startForeign } from '#test/engines/second-kafka.ts';

import { once, type Comparison } from './ab.ts';

const RECORDS = 200_000;
/** Sends or reads so many records of 100 bytes and prints the milliseconds; the client's own start is not counted. */
const LOAD = `import sys, time
from confluent_kafka import Consumer, Producer, TopicPartition
way, server, topic, count = sys.argv[1], {'bootstrap.servers': sys.argv[2]}, sys.argv[3], int(sys.argv[4])
value = b'x' * 100
def send():
    producer = Producer(server | {'enable.idempotence': True, 'linger.ms': 5, 'queue.buffering.max.messages': count})
    producer.list_topics(topic)
    began = time.perf_counter()
    for _ in range(count):
        producer.produce(topic, value)
    assert producer.flush() == 0
    return time.perf_counter() - began
def read():
    consumer = Consumer(server | {'group.id': topic})
    consumer.assign([TopicPartition(topic, 0, 0)])
    seen, began = 0, time.perf_counter()
    while seen < count:
        for message in consumer.consume(10_000, 1):
            assert message.error() is None
            seen += 1
    return time.perf_counter() - began
print(1000 * (send() if way == 'send' else read()))`;

/** What the start script of Kafka's own distribution gives its broker. */
const STOCK_FLAGS = [
  ...['-Xmx1G', '-Xms1G', '-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-Djava.awt.headless=true'],
  ...['-XX:InitiatingHeapOccupancyPercent=35', '-XX:+ExplicitGCInvokesConcurrent'],
];

export interface Throughput {
  readonly comparisons: Comparison[];
  readonly cleanUp: () => Promise<void>;
}

/** Our broker, small and quick to start, against the same Kafka with the settings that it comes with. */
export function throughput(supervisor: Supervisor, paths: Paths): Throughput {
  const undone: (() => unknown)[] = [];
  const ours = once(async () => {
    const { address } = await supervisor.lease('kafka', { data: undefined });
    return address.kind === 'service' ? (address.env['KAFKA_BOOTSTRAP'] ?? '') : '';
  });
  const stock = once(() => startStock(paths, (work) => undone.push(work)));
  let count = 0;
  const load = async (way: 'send' | 'read', bootstrap: string, topic: string): Promise<number> => {
    const family = await findFamily(paths);
    if (family.state !== 'ready') throw new Error('the packages of plain Python are not installed');
    const argv = [family.interpreter, '-c', LOAD, way, bootstrap, topic, String(RECORDS)] as const;
    const { code, stdout, stderr } = await capture(argv, { cwd: paths.state });
    if (code !== 0) throw new Error(stderr);
    return Number(stdout);
  };
  const sending = (name: string, at: () => Promise<string>) => ({
    name,
    sample: async () => load('send', await at(), `load-${count++}`),
  });
  const reading = (name: string, at: () => Promise<string>) => {
    const written = once(async () => {
      const topic = `read-${count++}`;
      await load('send', await at(), topic);
      return topic;
    });
    return {
      name,
      ready: async () => void (await written()),
      sample: async () => load('read', await at(), await written()),
    };
  };
  const each = { goal: 1.25, unit: 'ms', rounds: 6 } as const;
  const names = ['our broker', 'the same with stock settings'] as const;
  return {
    comparisons: [
      { name: '200,000 records sent to Kafka', ours: sending(names[0], ours), peer: sending(names[1], stock), ...each },
      {
        name: '200,000 records read from Kafka',
        ours: reading(names[0], ours),
        peer: reading(names[1], stock),
        ...each,
      },
    ],
    async cleanUp() {
      for (const work of undone) await work();
    },
  };
}

async function startStock(paths: Paths, after: (work: () => unknown) => void): Promise<string> {
  const found = await findJvm(paths, ['kafka']);
  if (found.state !== 'ready') throw new Error('Kafka is not installed');
  const [port, controller] = await Promise.all([freePort(), freePort()]);
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
  };
  await startForeign({ after }, found, { settings, flags: STOCK_FLAGS });
  const bootstrap = `127.0.0.1:${port}`;
  await until('the broker with stock settings', () => answers(openAccess(bootstrap)), { deadlineMs: 60_000 });
  return bootstrap;
}
