import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Packages of Java that Spark reaches into (its own launcher, `JavaModuleOptions`, opens the same). */
const OPENED = [
  ...['java.lang', 'java.lang.invoke', 'java.lang.reflect', 'java.io', 'java.net', 'java.nio', 'java.util'],
  ...['java.util.concurrent', 'java.util.concurrent.atomic', 'jdk.internal.ref', 'sun.nio.ch', 'sun.nio.cs'],
  ...['sun.security.action', 'sun.util.calendar'],
];

/** Flags of Java for a Spark on a learner's machine: quick to start, in a gigabyte, for little data. */
export function flagsFor(major: number): string[] {
  return [
    ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xms64m', '-Xmx1g', '-Xss4m'],
    ...['-Djava.awt.headless=true', '-Djava.net.preferIPv4Stack=true', '-Duser.timezone=UTC'],
    ...['-Dio.netty.tryReflectionSetAccessible=true', '-Djdk.reflect.useDirectMethodHandle=false'],
    // Netty and Arrow work on memory by a method that newer versions of Java warn of and have switched off.
    '-Dio.netty.noUnsafe=false',
    ...(major >= 24 ? ['--sun-misc-unsafe-memory-access=allow', '--enable-native-access=ALL-UNNAMED'] : []),
    // The archive of classes has its own view of what is worth a warning.
    ...['-Xlog:disable', '-Xlog:all=error:stderr'],
    ...OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
  ];
}

const LOG = `rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.target = SYSTEM_ERR
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex{short}
`;

/** Spark prints a line for all that it does; a learner looks for the one that says what went wrong. */
export async function logFlag(directory: string): Promise<string> {
  const path = join(directory, 'log4j2.properties');
  await writeFile(path, LOG);
  return `-Dlog4j2.configurationFile=file:${path}`;
}

const SETTINGS = {
  'spark.master': 'local[2]',
  'spark.app.name': 'blocks',
  'spark.ui.enabled': 'false',
  'spark.ui.showConsoleProgress': 'false',
  'spark.driver.host': '127.0.0.1',
  'spark.driver.bindAddress': '127.0.0.1',
  'spark.connect.grpc.binding.address': '127.0.0.1',
  'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
  'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
  'spark.sql.session.timeZone': 'UTC',
  // Two hundred partitions, as for a cluster, would take seconds for ten rows.
  'spark.sql.shuffle.partitions': '2',
  'spark.databricks.delta.snapshotPartitions': '1',
};

export interface SparkPlace {
  readonly directory: string;
  readonly port: number;
  readonly token: string;
}

/** Writes the server's settings, which hold its password, and gives the arguments that name them. */
export async function writeSettings({ directory, port, token }: SparkPlace): Promise<string[]> {
  const all = {
    ...SETTINGS,
    'spark.connect.grpc.binding.port': String(port),
    'spark.connect.authenticate.token': token,
    'spark.sql.warehouse.dir': join(directory, 'warehouse'),
    'spark.local.dir': join(directory, 'scratch'),
  };
  const path = join(directory, 'spark.conf');
  const lines = Object.entries(all).map(([name, value]) => `${name} ${value}\n`);
  await writeFile(path, lines.join(''), { mode: 0o600 });
  return ['--properties-file', path, '--class', SERVER, 'spark-internal'];
}

const SERVER = 'org.apache.spark.sql.connect.service.SparkConnectServer';
