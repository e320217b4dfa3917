import { createRequire } from 'node:module';
import { join } from 'node:path';

import { Folders } from '#src/engines/data.ts';
import { diskBytes } from '#src/engines/disk.ts';
import { DuckdbWorker } from '#src/engines/duckdb-child.ts';
import { provideExtensions } from '#src/engines/duckdb-extensions.ts';
import type {
  Engine,
  Installed,
  OnProgress,
  Running,
  Sandbox,
  SandboxRequest,
  StartContext,
} from '#src/engines/engine.ts';
import { WorldError } from '#src/error.ts';

const require = createRequire(import.meta.url);
const REMEDY = 'Its last lines say why; ./dej doctor looks at the machine.';

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

function installed(version: string, bytes: number): Installed {
  return { state: 'installed', version, diskBytes: bytes, start: (context) => startPool(version, context) };
}

async function startPool(version: string, context: StartContext): Promise<Running> {
  context.onProgress({ what: 'Starting DuckDB' });
  const pool = new Pool(context);
  await pool.spare();
  return {
    state: 'running',
    version,
    pids: () => pool.pids(),
    // Workers are replaced one by one; the pool as a whole has nothing that could die.
    died: new Promise(() => undefined),
    sandbox: (request, onProgress) => pool.sandbox(request, onProgress),
    stop: () => pool.stop(),
  };
}

/** One worker is kept ready; after a burst of blocks at once two stay. */
const MOST_IDLE = 2;
/** A worker that has not ended a block's query by then is killed. */
const GRACE_MS = 1000;

/** Workers that are lent one block at a time. One that gave its block up is clean (its database is gone) and serves again. */
class Pool {
  readonly #context: StartContext;
  readonly #folders: Folders;
  readonly #workers = new Set<DuckdbWorker>();
  readonly #returning = new Set<Promise<void>>();
  readonly #idle: DuckdbWorker[] = [];
  #stopped = false;

  constructor(context: StartContext) {
    this.#context = context;
    this.#folders = new Folders(context.directory, context.paths);
  }

  pids(): number[] {
    return [...this.#workers].map(({ pid }) => pid);
  }

  async spare(): Promise<void> {
    if (this.#idle.length > 0 || this.#stopped) return;
    const worker = await this.#spawn();
    if (this.#stopped) await this.#discard(worker);
    else this.#idle.push(worker);
  }

  async sandbox(request: SandboxRequest, onProgress: OnProgress): Promise<Sandbox> {
    await provideExtensions(request.extensions ?? [], this.#context.paths, onProgress);
    const directory = await this.#folders.take(request.data);
    const worker = await this.#take(directory);
    return {
      address: { kind: 'worker', engine: 'duckdb', socketPath: worker.socketPath, directory },
      close: async () => {
        const returned = this.#giveBack(worker);
        this.#returning.add(returned);
        await returned.finally(() => this.#returning.delete(returned));
        await this.#folders.giveBack(directory, request.data);
      },
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#workers].map((worker) => this.#discard(worker)));
  }

  /** A worker that has agreed to serve this folder's block, which one that was killed meanwhile does not. */
  async #take(directory: string): Promise<DuckdbWorker> {
    for (;;) {
      const idle = this.#idle.pop();
      // One that has just finished comes back sooner than a new one starts.
      if (idle === undefined && this.#returning.size > 0) {
        await Promise.race(this.#returning);
        continue;
      }
      const worker = idle ?? (await this.#spawn());
      if (await worker.tell(`lease ${directory}`, 'leased', GRACE_MS)) return worker;
      await this.#discard(worker);
      if (idle === undefined)
        throw new WorldError('a DuckDB worker ended as soon as it had started', {
          remedy: REMEDY,
          ...this.#context.log.evidence(),
        });
    }
  }

  async #giveBack(worker: DuckdbWorker): Promise<void> {
    const isFree = await worker.tell('free', 'free', GRACE_MS);
    if (isFree && this.#idle.length < MOST_IDLE && !this.#stopped) this.#idle.push(worker);
    else await this.#discard(worker);
    void this.spare().catch((error: unknown) => this.#context.log.write(`no spare worker: ${String(error)}`));
  }

  async #spawn(): Promise<DuckdbWorker> {
    const worker = await DuckdbWorker.start(this.#context);
    this.#workers.add(worker);
    void worker.exited.then(() => this.#workers.delete(worker));
    if (await worker.ready()) return worker;
    await this.#discard(worker);
    throw new WorldError('a DuckDB worker did not start', { remedy: REMEDY, ...this.#context.log.evidence() });
  }

  async #discard(worker: DuckdbWorker): Promise<void> {
    await worker.kill();
    this.#workers.delete(worker);
  }
}
