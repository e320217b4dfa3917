import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ReadyJvm } from '#src/engines/jvm.ts';
import { javaEnvironment } from '#src/engines/jvm-server.ts';
import { KAFKA_FLAGS, writeProperties } from '#src/engines/kafka-settings.ts';
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
