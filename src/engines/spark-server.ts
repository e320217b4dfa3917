import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { StartContext } from '#src/engines/engine.ts';
import { majorOf } from '#src/engines/java.ts';
import { archiveFlags } from '#src/engines/java-archive.ts';
import type { ReadyJvm } from '#src/engines/jvm.ts';
import { launchJvm, type JvmServer, type ServerSpec } from '#src/engines/jvm-server.ts';
import { PYSPARK } from '#src/engines/python.ts';
import { pointerOf } from '#src/engines/python-family.ts';
import { SparkClient, type SparkAddress } from '#src/engines/spark-client.ts';
import { flagsFor, logFlag, writeSettings } from '#src/engines/spark-settings.ts';

/** Where sessions are made: everything of an address but the session. */
export type SparkServer = Omit<SparkAddress, 'session'>;

export interface LaunchedSpark {
  readonly server: SparkServer;
  readonly process: JvmServer;
}

/** Starts a Spark Connect server on a port of loopback that lets in whoever knows its password. */
export async function launchSpark(jvm: ReadyJvm, context: StartContext): Promise<LaunchedSpark> {
  const directory = join(context.directory, 'server');
  const flags = flagsFor(majorOf(jvm.java.version));
  const classPath = jvm.jars.flat();
  const archive = await archiveFlags(
    { name: 'spark', title: 'Spark', java: jvm.java, classPath, flags, train: (more) => train(jvm, more, context) },
    context,
  );
  context.onProgress({ what: 'Starting Spark' });
  return launch(jvm, directory, archive, context);
}

async function launch(
  jvm: ReadyJvm,
  directory: string,
  archive: readonly string[],
  context: StartContext,
): Promise<LaunchedSpark> {
  await mkdir(join(directory, 'scratch'), { recursive: true, mode: 0o700 });
  const token = randomBytes(24).toString('base64url');
  const serverAt = (port: number): SparkServer => ({
    ...{ host: '127.0.0.1', port, isEncrypted: false, token, user: 'block' },
  });
  const spec: ServerSpec = {
    title: 'Spark',
    java: jvm.java,
    classPath: jvm.jars.flat(),
    flags: [...archive, ...flagsFor(majorOf(jvm.java.version)), await logFlag(directory)],
    main: 'org.apache.spark.deploy.SparkSubmit',
    directory,
    env: { PYSPARK_PYTHON: await functionsPython(directory, context) },
    ports: 1,
    prepare: ([port = 0]) => writeSettings({ directory, port, token }),
    probe: ([port = 0]) => isAnswering(serverAt(port)),
  };
  const process = await launchJvm(spec, context);
  return { server: serverAt(process.ports[0] ?? 0), process };
}

/**
 * The program that runs functions in Python. It looks for the interpreter each time: the packages may be fetched after
 * Spark has started, by the first block in Python.
 */
async function functionsPython(directory: string, { paths }: StartContext): Promise<string> {
  const program = join(directory, 'python');
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const pointer = quoted(await pointerOf(paths, PYSPARK.family));
  const found = `sed -n 's/.*"interpreter":"\\([^"]*\\)".*/\\1/p' ${pointer}`;
  await writeFile(program, `#!/bin/sh\nexec "$(${found})" -s -B "$@"\n`, { mode: 0o700 });
  return program;
}

/** Whether a Spark Connect server is there and lets in who asks. */
export async function isAnswering(server: SparkServer): Promise<boolean> {
  const client = new SparkClient({ ...server, session: randomUUID() });
  try {
    await client.version();
    return true;
  } catch {
    return false;
  } finally {
    client.close();
  }
}

/** What most blocks do, once, so that its classes stand in the archive. */
const TRAINING = (folder: string): string[] => [
  `CREATE DATABASE trial LOCATION '${folder}'`,
  'USE trial',
  "CREATE TABLE t USING delta AS SELECT id, 'a' AS v FROM range(10)",
  "MERGE INTO t USING (SELECT 9L AS id) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = 'b'",
  'SELECT v, count(*) FROM t GROUP BY v ORDER BY v',
  'DROP DATABASE trial CASCADE',
];

async function train(jvm: ReadyJvm, flags: readonly string[], context: StartContext): Promise<void> {
  const directory = join(context.directory, `train-${randomBytes(3).toString('hex')}`);
  const { server, process } = await launch(jvm, directory, flags, context);
  const client = new SparkClient({ ...server, session: randomUUID() });
  try {
    for (const statement of TRAINING(join(directory, 'trial'))) await client.sql(statement, 10);
    client.close();
    await process.end();
  } finally {
    client.close();
    await process.kill();
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}
