import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { chmod, rm } from 'node:fs/promises';

import { archiveFlags } from '#src/engines/java-archive.ts';
import { majorOf } from '#src/engines/java.ts';
import type { StartContext } from '#src/engines/engine.ts';
import type { ReadyJvm } from '#src/engines/jvm.ts';
import { javaEnvironment, scratchFlags } from '#src/engines/jvm-server.ts';
import { LineError, parseLines, TOOLS, type ToolCall } from '#src/engines/kafka-lines.ts';
import { flagsFor, logFlag } from '#src/engines/kafka-settings.ts';
import type { Job, WorkerEvent } from '#src/engines/worker.ts';
import { resolveInside } from '#src/files.ts';
import { capture, forEachLine, killTrees, start, type Child } from '#src/process.ts';

export interface ToolsOptions {
  readonly jvm: ReadyJvm;
  readonly context: StartContext;
  readonly socketPath: string;
  readonly bootstrap: string;
  /** A file with the client's settings, for a Kafka that asks for more than an address. */
  readonly commandConfig?: string | undefined;
  /** On the learner's own nothing is made but by a block. */
  readonly isTheirs: boolean;
}

/** Runs blocks of Kafka's own command-line tools, each a process of its own, one after the other. */
export class KafkaTools {
  readonly #options: ToolsOptions;
  readonly #running = new Set<Child>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #flags: readonly string[] = [];
  #archive: readonly string[] = [];
  #training: Promise<void> | undefined;
  #isClosed = false;

  private constructor(options: ToolsOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  static async listen(options: ToolsOptions): Promise<KafkaTools> {
    const tools = new KafkaTools(options);
    const { context, jvm, socketPath } = options;
    tools.#flags = [...flagsFor(majorOf(jvm.java.version)), await logFlag(context.directory, 'ERROR')];
    await new Promise<void>((resolve, reject) => tools.#server.once('error', reject).listen(socketPath, resolve));
    await chmod(socketPath, 0o600);
    return tools;
  }

  /** Whoever waits for a block is told by the end of the connection that it will not come to an end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await killTrees([...this.#running].map(({ pid }) => pid));
    await this.#training;
    await rm(this.#options.socketPath, { force: true });
  }

  #welcome(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    forEachLine(socket, (line) => {
      this.#serve(socket, JSON.parse(line) as Job).catch((error: unknown) => {
        this.#options.context.log.write(`a block of Kafka’s tools: ${String(error)}`);
        socket.destroy();
      });
    });
  }

  async #serve(socket: Socket, job: Job): Promise<void> {
    const send = (event: WorkerEvent): void => void (socket.destroyed || socket.write(`${JSON.stringify(event)}\n`));
    const silent = (event: WorkerEvent): void =>
      event.type === 'error' ? send({ ...event, line: undefined }) : undefined;
    let ok = true;
    for (const code of job.before ?? []) ok &&= await this.#runAll(code, job, { socket, send: silent });
    ok &&= await this.#runAll(job.code, job, { socket, send });
    send({ type: 'end', ok });
    socket.end();
  }

  async #runAll(code: string, job: Job, way: Way): Promise<boolean> {
    try {
      for (const call of parseLines(code, job.env)) {
        const exitCode = await this.#run(call, job, way);
        if (exitCode === 0) continue;
        way.send({ type: 'error', message: `${call.tool} ended with exit code ${exitCode}`, line: call.line });
        return false;
      }
      return true;
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      way.send({ type: 'error', message: error.message, line: error.line });
      return false;
    }
  }

  async #run(call: ToolCall, job: Job, { socket, send }: Way): Promise<number> {
    const child = await start(this.#command(call, job), {
      cwd: job.directory,
      env: { ...javaEnvironment(), ...job.env },
      marker: this.#options.context.marker,
      group: true,
    });
    const kill = (): void => void killTrees([child.pid]).catch(() => undefined);
    this.#running.add(child);
    socket.once('close', kill);
    if (socket.destroyed) kill();
    const onLine = (line: string): void => {
      // Where in Kafka's sources an error came up says nothing to who runs a tool.
      if (!/^\s+at [\w.$/]+\(|^\s+\.\.\. \d+ more$/.test(line)) send({ type: 'text', text: `${line}\n` });
    };
    forEachLine(child.stdout, onLine);
    forEachLine(child.stderr, onLine);
    await this.#feed(child, call, job);
    const { code, signal } = await child.exited;
    this.#running.delete(child);
    socket.off('close', kill);
    if (code === null) throw new Error(`${call.tool} was ended by ${signal}`);
    this.#train();
    return code;
  }

  async #feed({ stdin }: Child, { input, inputFile, line }: ToolCall, { directory }: Job): Promise<void> {
    if (inputFile === undefined) return void stdin.end(input ?? '');
    const path = await resolveInside(directory, inputFile).catch(() => undefined);
    if (path === undefined) {
      stdin.end();
      throw new LineError(`there is no file ${inputFile} in the block’s folder`, line);
    }
    createReadStream(path).pipe(stdin);
  }

  #command({ tool, args }: ToolCall, { env }: Job): [string, ...string[]] {
    const { jvm, bootstrap, commandConfig, context } = this.#options;
    const has = (name: string): boolean => args.some((arg) => arg === name || arg.startsWith(`${name}=`));
    // One is there, and whoever works with one Kafka makes an alias for it.
    const where = has('--bootstrap-server') || tool === 'kafka-dump-log' ? [] : ['--bootstrap-server', bootstrap];
    const config = commandConfig === undefined || has('--command-config') ? [] : ['--command-config', commandConfig];
    const scratch = scratchFlags(context.directory);
    // A group that this tool names itself would stay when the block's own are removed.
    const isAlone = tool === 'kafka-console-consumer' && !has('--group') && !args.join(' ').includes('group.id=');
    const group = isAlone ? ['--group', `${env['TOPIC_PREFIX'] ?? ''}console-${randomBytes(4).toString('hex')}`] : [];
    const flags = [...this.#archive, ...this.#flags, ...scratch, '-cp', jvm.jars.flat().join(':')];
    return [jvm.java.program, ...flags, TOOLS[tool] ?? tool, ...where, ...config, ...group, ...args];
  }

  /** Makes the archive of classes while nobody waits for it: the first block is over. */
  #train(): void {
    if (this.#isClosed || this.#options.isTheirs) return;
    const { jvm, context, bootstrap } = this.#options;
    const classPath = jvm.jars.flat();
    const train = async (flags: readonly string[]): Promise<void> => {
      const topic = 'trial-of-tools';
      const argv = ['--bootstrap-server', bootstrap, '--topic', topic, '--num-records', '20', '--record-size', '10'];
      const main = [TOOLS['kafka-e2e-latency'] ?? '', ...argv, '--producer-acks', '1'];
      const command = [jvm.java.program, ...flags, ...this.#flags, '-cp', classPath.join(':'), ...main];
      const env = javaEnvironment();
      const ran = await capture(command as [string, ...string[]], { env, marker: context.marker, group: true });
      if (ran.code !== 0) throw new Error(ran.stderr.slice(-500));
    };
    this.#training ??= archiveFlags(
      {
        name: 'kafka-tools',
        title: 'Kafka’s tools',
        java: jvm.java,
        classPath,
        flags: flagsFor(majorOf(jvm.java.version)),
        train,
      },
      { ...context, onProgress: () => undefined },
    ).then(
      (flags) => void (this.#archive = flags),
      (error: unknown) => context.log.write(`no archive of classes for Kafka’s tools: ${String(error)}`),
    );
  }
}

interface Way {
  readonly socket: Socket;
  readonly send: (event: WorkerEvent) => void;
}
