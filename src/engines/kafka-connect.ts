import { join } from 'node:path';

import { until } from '#src/deadline.ts';
import type { Engine, EngineDeath, Running, Sandbox, StartContext } from '#src/engines/engine.ts';
import { environmentOf } from '#src/engines/environment.ts';
import { majorOf } from '#src/engines/java.ts';
import { archiveFlags } from '#src/engines/java-archive.ts';
import type { ReadyJvm } from '#src/engines/jvm.ts';
import { jvmEngine } from '#src/engines/jvm-engine.ts';
import { launchJvm, type JvmServer, type ServerSpec } from '#src/engines/jvm-server.ts';
import { accessFrom, javaConfig } from '#src/engines/kafka-access.ts';
import { flagsFor, logFlag, writeProperties } from '#src/engines/kafka-settings.ts';
import { Bug } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';

/** Kafka Connect, one worker, with Debezium's connector for PostgreSQL. Its leases bring Kafka and a database along. */
export function kafkaConnect(paths: Paths): Engine {
  return jvmEngine(
    {
      name: 'connect',
      title: 'Kafka Connect with Debezium',
      purpose: 'Change data capture: every committed change of a PostgreSQL table as an event in Kafka.',
      version: '4.3.1',
      sets: ['kafka', 'debezium'],
      own: { sets: ['debezium'], archives: ['connect'] },
      start: startConnect,
    },
    paths,
  );
}

async function startConnect(jvm: ReadyJvm, context: StartContext): Promise<Running> {
  // Held as long as this runs, so that Kafka does not stop below it.
  const kafka = await context.lease('kafka', { data: undefined });
  try {
    const bootstrap = bootstrapOf(kafka);
    const bare = await specOf(jvm, bootstrap, context);
    const archive = await archiveFlags(
      {
        name: 'connect',
        title: 'Kafka Connect',
        java: jvm.java,
        classPath: bare.classPath,
        flags: flagsFor(majorOf(jvm.java.version)),
        train: (flags) => train(bare, flags, context),
      },
      context,
    );
    context.onProgress({ what: 'Starting Kafka Connect' });
    const server = await launchJvm({ ...bare, flags: [...archive, ...bare.flags] }, context);
    return runningAt({ server, kafka, bootstrap }, context);
  } catch (error) {
    await kafka.close();
    throw error;
  }
}

interface Connect {
  readonly server: JvmServer;
  readonly kafka: Sandbox;
  readonly bootstrap: string;
}

function runningAt({ server, kafka, bootstrap }: Connect, context: StartContext): Running {
  const url = `http://127.0.0.1:${server.ports[0]}`;
  const lost = Promise.withResolvers<EngineDeath>();
  return {
    state: 'running',
    version: '4.3.1',
    pids: () => [server.child.pid],
    died: Promise.race([server.died, lost.promise]),
    async sandbox(request) {
      // The news of its death is on its way, and ends the wait.
      if (!(await server.isRunning())) return new Promise(() => undefined);
      const own = await context.lease('kafka', { data: undefined });
      if (bootstrapOf(own) !== bootstrap) {
        await own.close();
        lost.resolve({ message: 'Kafka, below Kafka Connect, was started anew', ...context.log.evidence() });
        return new Promise(() => undefined);
      }
      const database = await context.lease('postgres', request).catch(async (error: unknown) => {
        await own.close();
        throw error;
      });
      const env = { ...environmentOf(database.address), ...environmentOf(own.address), CONNECT_URL: url };
      return {
        address: { kind: 'service', engine: 'connect', env },
        async close() {
          await removeConnectors(url, environmentOf(own.address)['TOPIC_PREFIX'] ?? '').catch((error: unknown) =>
            context.log.write(`removing connectors: ${String(error)}`),
          );
          await Promise.all([own.close(), database.close()]);
        },
      };
    },
    async stop() {
      await server.kill();
      await kafka.close();
    },
  };
}

function bootstrapOf({ address }: Sandbox): string {
  const bootstrap = environmentOf(address)['KAFKA_BOOTSTRAP'];
  if (bootstrap === undefined) throw new Bug('a lease of Kafka without an address');
  return bootstrap;
}

async function specOf(jvm: ReadyJvm, bootstrap: string, context: StartContext): Promise<ServerSpec> {
  const { directory } = context;
  const flags = [...flagsFor(majorOf(jvm.java.version)), await logFlag(directory)];
  return {
    title: 'Kafka Connect',
    java: jvm.java,
    classPath: jvm.jars.flat(),
    flags,
    main: 'org.apache.kafka.connect.cli.ConnectStandalone',
    directory,
    ports: 1,
    prepare: async ([port = 0]) => [
      await writeProperties(join(directory, 'worker.properties'), settings(bootstrap, port, directory)),
    ],
    probe: ([port]) => responds(`http://127.0.0.1:${port}/connectors`),
  };
}

function settings(bootstrap: string, port: number, directory: string): Record<string, string | number | boolean> {
  // A Kafka of the learner's own may ask for more than its address.
  const access = accessFrom(process.env);
  const wayIn = access === undefined ? {} : javaConfig(access);
  const json = 'org.apache.kafka.connect.json.JsonConverter';
  return {
    'bootstrap.servers': bootstrap,
    listeners: `http://127.0.0.1:${port}`,
    // What a learner reads: the event alone, without a description of its fields beside it.
    'key.converter': json,
    'value.converter': json,
    'key.converter.schemas.enable': false,
    'value.converter.schemas.enable': false,
    'offset.storage.file.filename': join(directory, 'offsets'),
    'offset.flush.interval.ms': 1000,
    'plugin.discovery': 'service_load',
    'task.shutdown.graceful.timeout.ms': 2000,
    ...Object.fromEntries(
      ['', 'producer.', 'consumer.', 'admin.'].flatMap((client) =>
        Object.entries(wayIn).map(([name, value]) => [client + name, value]),
      ),
    ),
  };
}

async function responds(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok === true;
}

/** One run for the archive of classes, with a connector that is looked at and then not made. */
async function train(bare: ServerSpec, flags: readonly string[], context: StartContext): Promise<void> {
  const server = await launchJvm({ ...bare, flags: [...flags, ...bare.flags] }, context);
  try {
    const name = 'io.debezium.connector.postgresql.PostgresConnector';
    const config = {
      'connector.class': name,
      name: 'trial',
      'topic.prefix': 'trial',
      'database.hostname': '127.0.0.1',
    };
    const url = `http://127.0.0.1:${server.ports[0]}/connector-plugins/${name}/config/validate`;
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(config) });
    await response.body?.cancel();
    await server.end();
  } finally {
    await server.kill();
  }
}

/** Connectors of one block, by the prefix of their names; Connect answers 409 while it is busy with another. */
async function removeConnectors(url: string, prefix: string): Promise<void> {
  const names = async (): Promise<string[]> => {
    const response = await fetch(`${url}/connectors`, { signal: AbortSignal.timeout(5000) });
    return ((await response.json()) as string[]).filter((name) => name.startsWith(prefix));
  };
  const remove = async (): Promise<boolean> => {
    const left = await names();
    for (const name of left)
      await fetch(`${url}/connectors/${encodeURIComponent(name)}`, {
        method: 'DELETE',
        signal: AbortSignal.timeout(10_000),
      });
    return left.length === 0;
  };
  await until('the end of the block’s connectors', remove, { deadlineMs: 20_000, everyMs: 50 });
}
