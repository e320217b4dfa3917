import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Flags of Java for a broker on a learner's machine: quick to start, small, and content with little data. */
export const KAFKA_FLAGS: readonly string[] = [
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xms32m',
  '-Xmx256m',
  '-Xss512k',
  '-Djava.awt.headless=true',
  '-Djava.net.preferIPv4Stack=true',
  // The archive of classes has its own view of what is worth a warning.
  '-Xlog:disable',
  '-Xlog:all=error:stderr',
  // Kafka frees its mapped files by a method that this Java warns of.
  '--sun-misc-unsafe-memory-access=allow',
];

/** The same for a Java that does not know the newest flag. */
export function flagsFor(major: number): string[] {
  return KAFKA_FLAGS.filter((flag) => major >= 24 || !flag.startsWith('--sun-misc'));
}

/** One broker that is its own controller. Everything that waits for others to join waits shortly: there are none. */
const SETTINGS = {
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.listener.names': 'CONTROLLER',
  'num.partitions': 1,
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'share.coordinator.state.topic.num.partitions': 1,
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1000,
  'group.consumer.min.session.timeout.ms': 1000,
  'group.consumer.min.heartbeat.interval.ms': 100,
  'group.consumer.heartbeat.interval.ms': 500,
  // Recovery after a kill takes as long as these say.
  'broker.session.timeout.ms': 1500,
  'broker.heartbeat.interval.ms': 200,
  'controller.quorum.election.timeout.ms': 300,
  'controller.quorum.election.backoff.max.ms': 200,
  'controller.quorum.fetch.timeout.ms': 600,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
  // Compacted topics are compacted, in little memory and soon enough to be seen.
  'log.cleaner.dedupe.buffer.size': 2_097_152,
  'log.cleaner.io.buffer.size': 65_536,
  'log.cleaner.backoff.ms': 1000,
  'log.segment.delete.delay.ms': 1000,
  'log.initial.task.delay.ms': 1000,
  'num.network.threads': 1,
  'num.io.threads': 2,
  'background.threads': 2,
  'num.recovery.threads.per.data.dir': 1,
};

export interface BrokerPlace {
  /** Holds the settings and, in `data`, what the broker keeps. */
  readonly directory: string;
  readonly port: number;
  readonly controllerPort: number;
}

/** Writes the broker's settings and gives their path. */
export async function writeSettings({ directory, port, controllerPort }: BrokerPlace): Promise<string> {
  const all = {
    ...SETTINGS,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(directory, 'data'),
  };
  await mkdir(directory, { recursive: true });
  return writeProperties(join(directory, 'server.properties'), all);
}

/** Writes a file of Java's properties, for its owner only, and gives its path. */
export async function writeProperties(
  path: string,
  settings: Readonly<Record<string, string | number | boolean>>,
): Promise<string> {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\')}`);
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  return path;
}

/** What goes to the engine's log: what went wrong, with a time. Gives the flag that names the file. */
export async function logFlag(directory: string, level = 'WARN'): Promise<string> {
  const path = join(directory, 'log4j2.properties');
  const settings = {
    status: 'error',
    'rootLogger.level': level,
    'rootLogger.appenderRef.0.ref': 'out',
    'appender.out.type': 'Console',
    'appender.out.name': 'out',
    'appender.out.layout.type': 'PatternLayout',
    'appender.out.layout.pattern': '%d{HH:mm:ss.SSS} %p %c{1}: %m%n',
  };
  await writeProperties(path, settings);
  return `-Dlog4j2.configurationFile=${path}`;
}
