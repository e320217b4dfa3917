import type * as Client from '@platformatic/kafka';

import { openAccess } from '#src/engines/kafka-access.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { startHistory } from '#src/faults/history.ts';
import { startKafkaProxy, type KafkaProxy } from '#src/faults/kafka-proxy.ts';

import { once, timed, type Comparison } from './ab.ts';

const RECORDS = 100;

interface Opened {
  readonly proxy: KafkaProxy;
  readonly topic: string;
  readonly through: Client.Producer;
  readonly direct: Client.Producer;
}

/** What the proxy of the labs costs each record that waits for its answer, against the same broker without it. */
export function kafkaProxyLatency(supervisor: Supervisor): { comparisons: Comparison[]; cleanUp: () => Promise<void> } {
  let isOpen = false;
  const opened = once(() => open(supervisor));
  const sending = (name: string, way: 'through' | 'direct'): Comparison['ours'] => ({
    name,
    ready: async () => void (await opened().then(() => (isOpen = true))),
    sample: async () => {
      const { topic, [way]: producer } = await opened();
      const all = await timed(async () => {
        for (let n = 0; n < RECORDS; n++)
          await producer.send({ messages: [{ topic, partition: 0, value: Buffer.from(String(n)) }] });
      });
      return all / RECORDS;
    },
  });
  return {
    comparisons: [
      {
        name: 'acknowledged record through the fault proxy',
        ours: sending('through the proxy', 'through'),
        peer: sending('directly', 'direct'),
        goal: 2,
        unit: 'ms',
        rounds: 20,
      },
    ],
    cleanUp: async () => {
      if (!isOpen) return;
      const { proxy, through, direct } = await opened();
      await Promise.all([through.close(), direct.close()]);
      await proxy.close();
    },
  };
}

async function open(supervisor: Supervisor): Promise<Opened> {
  const { Admin, Producer } = await import('@platformatic/kafka');
  const { address } = await supervisor.lease('kafka', { data: undefined });
  const bootstrap = address.kind === 'service' ? (address.env['KAFKA_BOOTSTRAP'] ?? '') : '';
  const topic = `${address.kind === 'service' ? (address.env['KAFKA_PREFIX'] ?? '') : ''}proxied`;
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [bootstrap] });
  await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 });
  await admin.close();
  const proxy = await startKafkaProxy({
    access: openAccess(bootstrap),
    prefix: topic,
    history: startHistory(),
    onPoint: () => Promise.resolve('go'),
  });
  const producer = (at: string): Client.Producer => new Producer({ clientId: 'bench', bootstrapBrokers: [at] });
  return { proxy, topic, through: producer(proxy.bootstrap), direct: producer(bootstrap) };
}
