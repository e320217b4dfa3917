import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Folders } from '#src/engines/data.ts';
import type { Engine, Running, Sandbox, SandboxRequest, StartContext } from '#src/engines/engine.ts';
import type { ReadyJvm } from '#src/engines/jvm.ts';
import { jvmEngine } from '#src/engines/jvm-engine.ts';
import { accessFrom, javaConfig, openAccess, variablesOf, type KafkaAccess } from '#src/engines/kafka-access.ts';
import { within } from '#src/deadline.ts';
import { whyNot } from '#src/engines/kafka-admin.ts';
import { Broker } from '#src/engines/kafka-broker.ts';
import { KafkaPlaces, type KafkaOwner } from '#src/engines/kafka-places.ts';
import { writeProperties } from '#src/engines/kafka-settings.ts';
import { KafkaTools } from '#src/engines/kafka-tools.ts';
import { WorldError } from '#src/error.ts';
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
      own: { sets: ['kafka'], archives: ['kafka', 'kafka-tools'] },
      start: startKafka,
    },
    paths,
  );
}

async function startKafka(jvm: ReadyJvm, context: StartContext): Promise<Running> {
  const own = accessFrom(process.env);
  if (own !== undefined) return useKafka(own, jvm, context);
  const broker = await Broker.start(jvm, VERSION, join(context.directory, 'broker'), context);
  const kafka = await serve({ jvm, access: openAccess(broker.bootstrap), owner: 'all' }, context);
  // A tool that waits for a broker which is no more would wait for ever.
  void broker.died.then(() => kafka.tools.close());
  return {
    state: 'running',
    version: VERSION,
    pids: () => [broker.pid],
    died: broker.died,
    async sandbox(request) {
      // The news of its death is on its way, and ends the wait.
      if (!(await broker.isRunning())) return new Promise(() => undefined);
      if (request.own === true) return ownBroker(jvm, context, request);
      return kafka.sandbox(request);
    },
    async stop() {
      kafka.places.forget();
      await kafka.tools.close();
      await broker.kill();
    },
  };
}

/** One that is there answers at once; only the way to it may be long. */
const ANSWER_MS = 20_000;

/** The learner's own Kafka: nothing is started but its tools, and nothing cleared up but what blocks made. */
async function useKafka(access: KafkaAccess, jvm: ReadyJvm, context: StartContext): Promise<Running> {
  context.onProgress({ what: `Connecting to Kafka at ${access.bootstrap}` });
  const reason = await within('its answer', whyNot(access), { deadlineMs: ANSWER_MS }).catch(
    ({ message }: Error) => message,
  );
  if (reason !== undefined)
    throw new WorldError(`no Kafka answers at ${access.bootstrap} (KAFKA_BOOTSTRAP): ${reason}`, {
      remedy:
        'Check the address and KAFKA_SECURITY_PROTOCOL and its user; without KAFKA_BOOTSTRAP one is started here.',
    });
  const kafka = await serve({ jvm, access, owner: 'learner' }, context);
  return {
    state: 'running',
    version: VERSION,
    at: access.bootstrap,
    pids: () => [],
    died: new Promise(() => undefined),
    // What is done to a broker of a block's own is never done to yours.
    async sandbox(request) {
      if (request.own !== true) return kafka.sandbox(request);
      return { ...(await ownBroker(jvm, context, request)), note: OWN_NOTE };
    },
    async stop() {
      await kafka.tools.close();
      await kafka.places.finish();
    },
  };
}

const OWN_NOTE = 'This ran on a Kafka of its own that was started here, not on yours (KAFKA_BOOTSTRAP).';

/** A whole Kafka for one block, which may kill and stop it. */
async function ownBroker(jvm: ReadyJvm, around: StartContext, request: SandboxRequest): Promise<Sandbox> {
  const directory = join(around.directory, `own-${randomBytes(6).toString('hex')}`);
  const context = { ...around, directory };
  const broker = await Broker.start(jvm, VERSION, join(directory, 'broker'), context);
  const kafka = await serve({ jvm, access: openAccess(broker.bootstrap), owner: 'block' }, context);
  const { address } = await kafka.sandbox(request);
  return {
    address,
    harm: (harm) => broker.harm(harm),
    async close() {
      kafka.places.forget();
      await kafka.tools.close();
      await broker.kill();
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

interface Served {
  readonly places: KafkaPlaces;
  readonly tools: KafkaTools;
  readonly sandbox: (request: SandboxRequest) => Promise<Sandbox>;
}

interface Serving {
  readonly jvm: ReadyJvm;
  readonly access: KafkaAccess;
  readonly owner: KafkaOwner;
}

/** Places and tools on a Kafka that answers. */
async function serve({ jvm, access, owner }: Serving, context: StartContext): Promise<Served> {
  const places = new KafkaPlaces(access, { owner, context });
  const folders = new Folders(context.directory, context.paths);
  const socketPath = join(context.paths.sockets, `k${randomBytes(4).toString('hex')}`);
  const config = javaConfig(access);
  const configFile = join(context.directory, 'client.properties');
  const commandConfig = Object.keys(config).length === 0 ? undefined : await writeProperties(configFile, config);
  const { bootstrap } = access;
  const isTheirs = owner === 'learner';
  const tools = await KafkaTools.listen({ jvm, context, socketPath, bootstrap, commandConfig, isTheirs });
  return {
    places,
    tools,
    async sandbox({ data }) {
      const directory = await folders.take(data);
      const place = await places.take();
      const env = variablesOf(access, place.prefix);
      return {
        address: { kind: 'service', engine: 'kafka', env, worker: { socketPath, directory } },
        async close() {
          await Promise.all([place.close(), folders.giveBack(directory, data)]);
        },
      };
    },
  };
}
