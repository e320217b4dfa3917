import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { until } from '#src/deadline.ts';
import { majorOf } from '#src/engines/java.ts';
import type { ReadyJvm } from '#src/engines/jvm.ts';
import { javaEnvironment } from '#src/engines/jvm-server.ts';
import { readRemote } from '#src/engines/spark-address.ts';
import { isAnswering } from '#src/engines/spark-server.ts';
import { flagsFor } from '#src/engines/spark-settings.ts';
import { WorldError } from '#src/error.ts';
import { freePort } from '#src/ports.ts';
import { forEachLine, killTrees, start } from '#src/process.ts';

/** Somebody who ends it, as a test does. */
interface Keeper {
  after(work: () => Promise<void>): void;
}

export interface SparkCluster {
  /** What SPARK_REMOTE names. */
  readonly remote: string;
  /** What its programs said, each line with the program's name before it. */
  readonly said: readonly string[];
}

const TOKEN = 'a=b;secret';
const LOG = `rootLogger.level = info
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.target = SYSTEM_ERR
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %p %c{1}: %m%n%ex{short}
`;

/**
 * A standalone cluster as docs/engines.md makes it: a master, a worker, and a Spark Connect server whose work is done by
 * processes that the worker starts. Its settings are none of ours; its folder looks like Spark's own distribution.
 */
export async function startSparkCluster(keeper: Keeper, jvm: ReadyJvm): Promise<SparkCluster> {
  const home = await mkdtemp(join(tmpdir(), 'dej-cluster-'));
  const pids: number[] = [];
  keeper.after(async () => {
    await killTrees(pids);
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  });
  const said: string[] = [];
  let ended: string | undefined;
  const env = await layOut(home, jvm);
  const flags = [
    ...flagsFor(majorOf(jvm.java.version)),
    `-Djava.io.tmpdir=${home}`,
    `-Dlog4j2.configurationFile=file:${join(home, 'log.properties')}`,
  ];
  const run = async (name: string, main: string, ...args: readonly string[]): Promise<void> => {
    const argv = [jvm.java.program, ...flags, '-cp', join(home, 'jars', '*'), main, ...args] as const;
    const child = await start(argv, { env, group: true, cwd: home });
    child.stdin.end();
    pids.push(child.pid);
    void child.exited.then(() => (ended = name));
    for (const stream of [child.stdout, child.stderr]) forEachLine(stream, (line) => said.push(`${name}: ${line}`));
  };
  const evidence = () => ({
    lastLines: said.filter((line) => !/^\w+: \s+at /.test(line)).slice(-30),
    logPath: undefined,
  });
  const alive = (): void => {
    if (ended === undefined) return;
    throw new WorldError(`the ${ended} of Spark ended by itself`, { remedy: 'Its last lines say why.', ...evidence() });
  };
  const saying = (words: RegExp) =>
    until(String(words), () => (alive(), said.some((line) => words.test(line))), { deadlineMs: 180_000, evidence });
  const [port, connectPort] = await Promise.all([freePort(), freePort()]);
  const master = `spark://127.0.0.1:${port}`;
  const deploy = 'org.apache.spark.deploy';
  const place = ['--host', '127.0.0.1', '--webui-port', '0'] as const;
  await run('master', `${deploy}.master.Master`, ...place, '--port', String(port));
  await saying(/^master: .*I have been elected leader/);
  await run('worker', `${deploy}.worker.Worker`, ...place, '-c', '2', '-m', '1g', '-d', join(home, 'work'), master);
  await saying(/^worker: .*Successfully registered with master/);
  const settings = join(home, 'connect.conf');
  await writeFile(settings, settingsOf({ master, home, connectPort }));
  const server = ['--class', 'org.apache.spark.sql.connect.service.SparkConnectServer', 'spark-internal'];
  await run('connect', `${deploy}.SparkSubmit`, '--properties-file', settings, ...server);
  const remote = `sc://localhost:${connectPort}/;token=${encodeURIComponent(TOKEN)}`;
  await until('Spark Connect', () => (alive(), isAnswering(readRemote(remote))), { deadlineMs: 180_000, evidence });
  return { remote, said };
}

/** The folder of a distribution: its jars, and the Java that its workers start. */
async function layOut(home: string, { java, jars }: ReadyJvm): Promise<NodeJS.ProcessEnv> {
  await mkdir(join(home, 'jars'));
  for (const jar of jars.flat()) await symlink(jar, join(home, 'jars', basename(jar)));
  await writeFile(join(home, 'log.properties'), LOG);
  await mkdir(join(home, 'java', 'bin'), { recursive: true });
  // Workers ask for a module that this Java was built without; Spark does without it.
  const program = join(home, 'java', 'bin', 'java');
  await writeFile(
    program,
    `#!/bin/bash\nexec '${java.program}' "\${@/#--add-modules=jdk.incubator.vector/-Dno=vector}"\n`,
  );
  await chmod(program, 0o755);
  return {
    ...javaEnvironment(),
    SPARK_HOME: home,
    JAVA_HOME: join(home, 'java'),
    SPARK_SCALA_VERSION: '2.13',
    SPARK_LOCAL_IP: '127.0.0.1',
  };
}

function settingsOf({ master, home, connectPort }: { master: string; home: string; connectPort: number }): string {
  const quiet = flagsFor(25).filter((flag) => !/^-Xm[sx]/.test(flag));
  const executor = [...quiet, `-Djava.io.tmpdir=${home}`].join(' ');
  const all = {
    'spark.master': master,
    'spark.ui.enabled': false,
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.executor.memory': '512m',
    'spark.executor.extraJavaOptions': executor,
    'spark.connect.grpc.binding.address': '127.0.0.1',
    'spark.connect.grpc.binding.port': connectPort,
    'spark.connect.authenticate.token': TOKEN,
    'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
    'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
    'spark.sql.shuffle.partitions': 2,
    'spark.databricks.delta.snapshotPartitions': 1,
    'spark.sql.warehouse.dir': join(home, 'warehouse'),
    'spark.local.dir': join(home, 'scratch'),
  };
  return Object.entries(all)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}
