import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Harm, StartContext } from '#src/engines/engine.ts';
import { majorOf } from '#src/engines/java.ts';
import { archiveFlags } from '#src/engines/java-archive.ts';
import type { ReadyJvm } from '#src/engines/jvm.ts';
import { javaEnvironment, launchJvm, relaunchJvm, type JvmServer, type ServerSpec } from '#src/engines/jvm-server.ts';
import { openAccess } from '#src/engines/kafka-access.ts';
import { answers, openAdmin } from '#src/engines/kafka-admin.ts';
import { flagsFor, logFlag, writeSettings } from '#src/engines/kafka-settings.ts';
import { WorldError } from '#src/error.ts';
import { capture, signal } from '#src/process.ts';

/** Counts up when another template or archive is needed. */
const EDITION = 1;

/** One broker: a folder of its own, ports of loopback, a process. */
export class Broker {
  readonly #spec: ServerSpec;
  readonly #context: StartContext;
  #server: JvmServer;

  private constructor(spec: ServerSpec, context: StartContext, server: JvmServer) {
    this.#spec = spec;
    this.#context = context;
    this.#server = server;
  }

  /** Starts one in a folder, which is made if it has nothing yet. */
  static async start(jvm: ReadyJvm, version: string, directory: string, context: StartContext): Promise<Broker> {
    await mkdir(directory, { recursive: true });
    const data = join(directory, 'data');
    if (!existsSync(data)) await cp(await template(jvm, version, context), data, { recursive: true });
    const bare = await specOf(jvm, directory);
    const archive = await archiveFlags(
      {
        name: 'kafka',
        title: 'Kafka',
        java: jvm.java,
        classPath: bare.classPath,
        flags: flagsFor(majorOf(jvm.java.version)),
        train: (flags) => train(jvm, version, flags, context),
      },
      context,
    );
    context.onProgress({ what: 'Starting Kafka' });
    const spec = { ...bare, flags: [...archive, ...bare.flags] };
    return new Broker(spec, context, await launchJvm(spec, context));
  }

  get pid(): number {
    return this.#server.child.pid;
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.#server.ports[0]}`;
  }

  get died(): JvmServer['died'] {
    return this.#server.died;
  }

  isRunning(): Promise<boolean> {
    return this.#server.isRunning();
  }

  /** Ends it as a loss of power would, but for what the disk has. */
  kill(): Promise<void> {
    return this.#server.kill();
  }

  /** Does this to it, and resolves when it answers again, or stands still. */
  async harm(harm: Harm): Promise<void> {
    if (harm === 'mark') return;
    if (harm === 'pause') return void signal(this.pid, 'SIGSTOP');
    if (harm === 'resume') return void signal(this.pid, 'SIGCONT');
    await (harm === 'restart' ? this.#server.end() : this.#server.kill());
    await this.restart();
  }

  /** Comes back on the same ports with what it had written. */
  async restart(): Promise<void> {
    this.#server = await relaunchJvm(this.#server.ports, this.#spec, this.#context);
  }
}

async function specOf(jvm: ReadyJvm, directory: string): Promise<ServerSpec> {
  const flags = [...flagsFor(majorOf(jvm.java.version)), await logFlag(directory)];
  return {
    title: 'Kafka',
    java: jvm.java,
    classPath: jvm.jars.flat(),
    flags,
    main: 'kafka.Kafka',
    directory,
    ports: 2,
    prepare: async ([port = 0, controllerPort = 0]) => [await writeSettings({ directory, port, controllerPort })],
    probe: ([port]) => answers(openAccess(`127.0.0.1:${port}`)),
  };
}

/** One run for the archive of classes: the broker, a topic, and an orderly end. */
async function train(jvm: ReadyJvm, version: string, flags: readonly string[], context: StartContext): Promise<void> {
  const directory = join(context.directory, `train-${randomBytes(3).toString('hex')}`);
  await cp(await template(jvm, version, context), join(directory, 'data'), { recursive: true });
  const bare = await specOf(jvm, directory);
  const server = await launchJvm({ ...bare, flags: [...flags, ...bare.flags] }, context);
  try {
    const admin = await openAdmin(openAccess(`127.0.0.1:${server.ports[0]}`));
    await admin.createTopics({ topics: ['trial'], partitions: 1, replicas: 1 }).finally(() => admin.close());
    await server.end();
  } finally {
    await server.kill();
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A formatted, empty folder of a broker, made once a version: to format takes longer than to start. */
async function template({ java, jars }: ReadyJvm, version: string, context: StartContext): Promise<string> {
  const folder = join(context.paths.cache, 'kafka', `${version}-${EDITION}`);
  if (existsSync(join(folder, 'meta.properties'))) return folder;
  const partial = `${folder}.${process.pid}-${randomBytes(3).toString('hex')}`;
  try {
    const settings = await writeSettings({ directory: partial, port: 9092, controllerPort: 9093 });
    const id = randomBytes(16).toString('base64url');
    const flags = [...flagsFor(majorOf(java.version)), '-cp', jars.flat().join(':')];
    // In one word: an id may begin with a minus.
    const cluster = `--cluster-id=${id}`;
    const format = [java.program, ...flags, 'kafka.tools.StorageTool', 'format', cluster, '-c', settings] as const;
    const { code, stdout, stderr } = await capture(format, { env: javaEnvironment(), abort: context.signal });
    if (code !== 0) {
      const lastLines = `${stdout}\n${stderr}`.trim().split('\n').slice(-50);
      throw new WorldError('Kafka could not prepare its folder', {
        remedy: 'Its last lines say why; ./dej doctor looks at the machine.',
        lastLines,
      });
    }
    // Two starts may prepare at once; whoever comes second uses the first one's.
    await rename(join(partial, 'data'), folder).catch(() => undefined);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}
