import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { until } from '#src/deadline.ts';
import { accessFrom, type KafkaAccess } from '#src/engines/kafka-access.ts';
import { openAdmin } from '#src/engines/kafka-admin.ts';
import type { ReadyJvm } from '#src/engines/jvm.ts';
import { javaEnvironment } from '#src/engines/jvm-server.ts';
import { KAFKA_FLAGS, writeProperties } from '#src/engines/kafka-settings.ts';
import { freePort } from '#src/ports.ts';
import { capture, forEachLine, killTrees, start } from '#src/process.ts';

/** One broker as somebody else would run it: settings that are not ours, until the test's end. */
export interface ForeignBroker {
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** Beside the usual ones, for the program that prepares its folder. */
  readonly format?: readonly string[];
  /** Of its Java, instead of ours. */
  readonly flags?: readonly string[];
}

/** Somebody who ends it, as a test does. */
interface Keeper {
  after(work: () => Promise<void>): void;
}

export const PLAIN_LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required';

/** Starts it and gives what it says; it answers when it answers. */
export async function startForeign(
  keeper: Keeper,
  { java, jars }: ReadyJvm,
  broker: ForeignBroker,
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-foreign-'));
  const pids: number[] = [];
  keeper.after(async () => {
    await killTrees(pids);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  const all = {
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(folder, 'data'),
    ...broker.settings,
  };
  const settings = await writeProperties(join(folder, 'server.properties'), all);
  const flags = [...(broker.flags ?? KAFKA_FLAGS), `-Djava.io.tmpdir=${folder}`, '-cp', jars.flat().join(':')];
  const format = ['format', '-t', 'c2FtcGxlLWNsdXN0ZXItMQ', '-c', settings, ...(broker.format ?? [])];
  const ran = await capture([java.program, ...flags, 'kafka.tools.StorageTool', ...format], { env: javaEnvironment() });
  assert.equal(ran.code, 0, ran.stderr);
  const argv = [java.program, ...flags, 'kafka.Kafka', settings] as const;
  const child = await start(argv, { env: javaEnvironment(), group: true, cwd: folder });
  pids.push(child.pid);
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) forEachLine(stream, (line) => said.push(line));
  return said;
}

/** A Kafka of three brokers that asks for a password. */
export interface Cluster {
  readonly env: Readonly<Record<string, string>>;
  readonly access: KafkaAccess;
  /** Where clients find the brokers, the first one's first. */
  readonly ports: readonly number[];
}

const SECRET = 'a "quoted" secret';

/** Three brokers as docs/engines.md makes them, but for a listener that asks for a password. */
export async function startCluster(keeper: Keeper, jvm: ReadyJvm): Promise<Cluster> {
  const numbers = [1, 2, 3];
  const ports = await Promise.all(numbers.flatMap((n) => [n, n, n]).map(() => freePort()));
  const portOf = (n: number, which: number): number => ports[(n - 1) * 3 + which] ?? 0;
  const voters = numbers.map((n) => `${n}@127.0.0.1:${portOf(n, 2)}`).join();
  const start = (n: number): Promise<unknown> =>
    startForeign(keeper, jvm, {
      settings: settingsOf({ n, voters, ports: [0, 1, 2].map((which) => portOf(n, which)) }),
    });
  await Promise.all(numbers.map(start));
  const env = {
    KAFKA_BOOTSTRAP: numbers.map((n) => `127.0.0.1:${portOf(n, 0)}`).join(),
    KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
    KAFKA_SASL_USERNAME: 'me',
    KAFKA_SASL_PASSWORD: SECRET,
  };
  const access = accessFrom(env) ?? assert.fail();
  await until('three brokers', async () => (await brokersOf(access)) === 3, { deadlineMs: 120_000 });
  return { env, access, ports: numbers.map((n) => portOf(n, 0)) };
}

interface BrokerOf {
  readonly n: number;
  readonly voters: string;
  readonly ports: readonly number[];
}

function settingsOf({ n, voters, ports: [clients, brokers, controllers] }: BrokerOf): Record<string, string | number> {
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
    'offsets.topic.num.partitions': 3,
    'group.initial.rebalance.delay.ms': 0,
    'transaction.state.log.replication.factor': 3,
    'transaction.state.log.min.isr': 2,
    'transaction.state.log.num.partitions': 3,
  };
}

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
