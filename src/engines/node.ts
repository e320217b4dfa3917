import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { until } from '#src/deadline.ts';
import { Folders } from '#src/engines/data.ts';
import { diskBytes } from '#src/engines/disk.ts';
import type { Engine, Running, Sandbox, SandboxRequest, StartContext } from '#src/engines/engine.ts';
import { entry } from '#src/engines/entry.ts';
import { WorldError } from '#src/error.ts';
import { forEachLine, isRunning, killTrees, start, type Child } from '#src/process.ts';

const require = createRequire(import.meta.url);

/** TypeScript on the Node that runs us, with a client of Kafka and one of PostgreSQL; each block a process of its own. */
export const node: Engine = {
  name: 'node',
  title: 'Node.js',
  purpose: 'TypeScript with clients for Kafka and PostgreSQL, a fresh process for every block.',
  async find() {
    const client = dirname(require.resolve('@platformatic/kafka'));
    return {
      state: 'installed',
      version: process.versions.node,
      diskBytes: await diskBytes(join(client, '..')),
      start: startPool,
    };
  },
};

async function startPool(context: StartContext): Promise<Running> {
  context.onProgress({ what: 'Starting Node.js' });
  const pool = new Pool(context);
  await pool.fill();
  return {
    state: 'running',
    version: process.versions.node,
    pids: () => pool.pids(),
    // Workers are replaced one by one; the pool as a whole has nothing that could die.
    died: new Promise(() => undefined),
    sandbox: (request) => pool.sandbox(request),
    stop: () => pool.stop(),
  };
}

interface Worker {
  readonly child: Child;
  readonly socketPath: string;
}

/** One worker is kept ready; it serves one block and ends with it. */
class Pool {
  readonly #context: StartContext;
  readonly #folders: Folders;
  readonly #workers = new Set<Worker>();
  /** Those that we end; others end by themselves. */
  readonly #unwanted = new WeakSet<Worker>();
  #spare: Promise<Worker> | undefined;
  #isStopped = false;

  constructor(context: StartContext) {
    this.#context = context;
    this.#folders = new Folders(context.directory, context.paths);
  }

  pids(): number[] {
    return [...this.#workers].map(({ child }) => child.pid);
  }

  async fill(): Promise<void> {
    if (!this.#isStopped) this.#spare ??= this.#spawn();
    await this.#spare;
  }

  async sandbox({ data }: SandboxRequest): Promise<Sandbox> {
    const directory = await this.#folders.take(data);
    const worker = await this.#take();
    return {
      address: { kind: 'worker', engine: 'node', socketPath: worker.socketPath, directory },
      close: async () => {
        await this.#discard(worker);
        void this.fill().catch((error: unknown) => this.#context.log.write(`no spare worker: ${String(error)}`));
        await this.#folders.giveBack(directory, data);
      },
    };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#spare?.catch(() => undefined);
    await Promise.all([...this.#workers].map((worker) => this.#discard(worker)));
  }

  async #take(): Promise<Worker> {
    const spare = this.#spare;
    this.#spare = undefined;
    const ready = await spare?.catch(() => undefined);
    if (ready !== undefined && (await isRunning(ready.child.pid))) return ready;
    return this.#spawn();
  }

  async #spawn(): Promise<Worker> {
    const { paths, marker, log, signal } = this.#context;
    const socketPath = join(paths.sockets, `n${randomBytes(4).toString('hex')}`);
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, NODE_OPTIONS: undefined };
    const child = await start([process.execPath, ...entry('node-worker'), socketPath], { marker, group: true, env });
    const worker: Worker = { child, socketPath };
    this.#workers.add(worker);
    let isReady = false;
    let hasEnded = false;
    forEachLine(child.stdout, (line) => (line === 'ready' ? (isReady = true) : log.write(line)));
    forEachLine(child.stderr, (line) => log.write(line));
    void child.exited.then(({ code, signal: name }) => {
      hasEnded = true;
      this.#workers.delete(worker);
      if (code !== 0 && !this.#unwanted.has(worker))
        log.write(`Node.js worker ${child.pid} ended by itself (${name ?? `exit code ${code}`})`);
      void rm(socketPath, { force: true });
    });
    const probe = (): boolean => {
      if (hasEnded)
        throw new WorldError('a Node.js worker ended while it started', {
          remedy: 'Its last lines say why; ./dej doctor looks at the machine.',
          ...log.evidence(),
        });
      return isReady;
    };
    await until('start of Node.js', probe, { deadlineMs: 60_000, signal, evidence: () => log.evidence() });
    return worker;
  }

  async #discard(worker: Worker): Promise<void> {
    this.#unwanted.add(worker);
    await killTrees([worker.child.pid]);
    this.#workers.delete(worker);
  }
}
