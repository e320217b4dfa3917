import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { until } from '#src/deadline.ts';
import { layData } from '#src/engines/data.ts';
import { diskBytes } from '#src/engines/disk.ts';
import type { Engine, EngineDeath, Installed, Running, Sandbox, SandboxRequest, StartContext } from '#src/engines/engine.ts';
import { entry } from '#src/engines/entry.ts';
import { WorldError } from '#src/error.ts';
import { forEachLine, killTrees, start, type Child } from '#src/process.ts';

const require = createRequire(import.meta.url);

/** DuckDB in workers of our own: one block, one worker, one fresh database in memory. */
export const duckdb: Engine = {
  name: 'duckdb',
  title: 'DuckDB',
  purpose: 'Analytical SQL on files and in memory, in one process.',
  find: async () => {
    try {
      const path = require.resolve('@duckdb/node-bindings/package.json');
      const { version } = require(path) as { version: string };
      return installed(version.replace(/-.*/, ''), await diskBytes(join(path, '..', '..')));
    } catch {
      return {
        state: 'missing',
        why: `DuckDB has no package for ${process.platform} ${process.arch}`,
        remedy: 'Run npm ci again; if it stays missing, this platform is not supported.',
      };
    }
  },
};

interface Worker {
  readonly child: Child;
  readonly socketPath: string;
  state: 'starting' | 'idle' | 'busy' | 'gone';
}

function installed(version: string, bytes: number): Installed {
  return { state: 'installed', version, diskBytes: bytes, start: (context) => startPool(version, context) };
}

async function startPool(version: string, context: StartContext): Promise<Running> {
  const pool = new Pool(context);
  await pool.spare();
  return {
    state: 'running',
    version,
    pids: () => pool.pids(),
    died: pool.died,
    sandbox: (request) => pool.sandbox(request),
    stop: () => pool.stop(),
  };
}

/** Keeps one worker ready. A worker that finished its block is clean (its database is gone) and serves again. */
class Pool {
  readonly died: Promise<EngineDeath>;
  readonly #context: StartContext;
  readonly #workers = new Set<Worker>();
  readonly #returning = new Set<Promise<void>>();
  #idle: Worker[] = [];
  #stopped = false;

  constructor(context: StartContext) {
    this.#context = context;
    // Workers are replaced one by one; the pool as a whole has nothing that could die.
    this.died = new Promise(() => undefined);
  }

  pids(): number[] {
    return [...this.#workers].map(({ child }) => child.pid);
  }

  async spare(): Promise<void> {
    if (this.#idle.length > 0 || this.#stopped) return;
    const worker = await this.#spawn();
    if (this.#stopped) await this.#discard(worker);
    else this.#idle.push(worker);
  }

  async sandbox(request: SandboxRequest): Promise<Sandbox> {
    const directory = join(this.#context.directory, randomBytes(6).toString('hex'));
    const [worker] = await Promise.all([this.#take(), mkdir(directory, { recursive: true })]);
    await layData(request.data, directory, this.#context.paths);
    worker.state = 'idle';
    return {
      address: { kind: 'worker', engine: 'duckdb', socketPath: worker.socketPath, directory },
      close: async () => {
        const returned = this.#giveBack(worker);
        this.#returning.add(returned);
        await returned.finally(() => this.#returning.delete(returned));
        await rm(directory, { recursive: true, force: true });
      },
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#workers].map((worker) => this.#discard(worker)));
  }

  async #take(): Promise<Worker> {
    for (;;) {
      const worker = this.#idle.pop();
      if (worker !== undefined && worker.state !== 'gone') return worker;
      if (worker !== undefined) continue;
      if (this.#returning.size === 0) return this.#spawn();
      // One that has just finished comes back sooner than a new one starts.
      await Promise.race(this.#returning);
    }
  }

  async #giveBack(worker: Worker): Promise<void> {
    // A worker says `idle` a moment after the block's last line; one that goes on is running what nobody wants.
    await until('worker idle', () => worker.state !== 'busy', { deadlineMs: 1000, everyMs: 1 }).catch(() => undefined);
    if (worker.state === 'idle' && this.#idle.length === 0 && !this.#stopped) this.#idle.push(worker);
    else await this.#discard(worker);
    void this.spare().catch(() => undefined);
  }

  async #spawn(): Promise<Worker> {
    const socketPath = join(this.#context.paths.sockets, `d${randomBytes(4).toString('hex')}`);
    const child = await start([process.execPath, ...entry('duckdb-worker'), socketPath], { marker: this.#context.marker, group: true });
    const worker: Worker = { child, socketPath, state: 'starting' };
    this.#workers.add(worker);
    forEachLine(child.stderr, (line) => this.#context.log.write(line));
    forEachLine(child.stdout, (line) => {
      if (worker.state === 'gone') return;
      worker.state = line === 'busy' ? 'busy' : 'idle';
    });
    void child.exited.then(({ code, signal }) => {
      if (worker.state !== 'gone') this.#context.log.write(`worker ${child.pid} ended: ${signal ?? code}`);
      worker.state = 'gone';
      this.#workers.delete(worker);
      void rm(socketPath, { force: true });
    });
    await until('start of a DuckDB worker', () => worker.state !== 'starting', { deadlineMs: 20_000, signal: this.#context.signal, evidence: () => this.#context.log.evidence() });
    if ((worker.state as string) === 'gone') {
      throw new WorldError('a DuckDB worker ended while it started', { remedy: 'See its last lines; ./dej doctor looks at the machine.', ...this.#context.log.evidence() });
    }
    return worker;
  }

  async #discard(worker: Worker): Promise<void> {
    worker.state = 'gone';
    await killTrees([worker.child.pid]);
  }
}
