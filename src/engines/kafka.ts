import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { Folders } from '#src/engines/data.ts';
import type { Engine, Running, StartContext } from '#src/engines/engine.ts';
import type { ReadyJvm } from '#src/engines/jvm.ts';
import { jvmEngine } from '#src/engines/jvm-engine.ts';
import { Broker } from '#src/engines/kafka-broker.ts';
import { KafkaPlaces } from '#src/engines/kafka-places.ts';
import { KafkaTools } from '#src/engines/kafka-tools.ts';
import type { Paths } from '#src/paths.ts';

const VERSION = '4.3.1';

/** Apache Kafka: one broker that is its own controller, on loopback; each block has names of its own in it. */
export function kafka(paths: Paths): Engine {
  return jvmEngine(
    {
      name: 'kafka',
      title: 'Apache Kafka',
      purpose: 'The log that programs write events to and read them from, with Kafka’s own command-line tools.',
      version: VERSION,
      sets: ['kafka'],
      start: startKafka,
    },
    paths,
  );
}

async function startKafka(jvm: ReadyJvm, context: StartContext): Promise<Running> {
  const broker = await Broker.start(jvm, VERSION, join(context.directory, 'broker'), context);
  const log = (line: string): void => context.log.write(line);
  const { bootstrap } = broker;
  const places = new KafkaPlaces({ bootstrap }, { isOurs: true, log });
  const folders = new Folders(context.directory, context.paths);
  const socketPath = join(context.paths.sockets, `k${randomBytes(4).toString('hex')}`);
  const tools = await KafkaTools.listen({ jvm, context, socketPath, bootstrap });
  // A tool that waits for a broker which is no more would wait for ever.
  void broker.died.then(() => tools.close());
  return {
    state: 'running',
    version: VERSION,
    pids: () => [broker.pid],
    died: broker.died,
    async sandbox({ data }) {
      // The news of its death is on its way, and ends the wait.
      if (!(await broker.isRunning())) return new Promise(() => undefined);
      const directory = await folders.take(data);
      const place = places.take();
      const config = JSON.stringify({ 'bootstrap.servers': bootstrap });
      const env = { KAFKA_BOOTSTRAP: bootstrap, KAFKA_CONFIG: config, TOPIC_PREFIX: place.prefix };
      return {
        address: { kind: 'service', engine: 'kafka', env, worker: { socketPath, directory } },
        async close() {
          await Promise.all([place.close(), folders.giveBack(directory, data)]);
        },
      };
    },
    async stop() {
      places.forget();
      await tools.close();
      await broker.kill();
    },
  };
}
