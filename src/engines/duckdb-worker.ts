import { createServer, type Socket } from 'node:net';

import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

import { execute, type Send } from '#src/engines/duckdb-execute.ts';
import type { Job } from '#src/engines/worker.ts';
import { forEachLine } from '#src/process.ts';

/**
 * A process that runs DuckDB for one block at a time, so that a crash or a query that never ends takes nothing else with
 * it: `node duckdb-worker.ts SOCKET EXTENSIONS`. Its owner leases it by a line on standard input, `lease DIRECTORY`, and takes it
 * back by `free`; each is answered by a line on standard output when it is so, and `ready` says that it listens.
 */
class Worker {
  readonly #stock = new Stock();
  /** Whose jobs are taken. A job that was sent before its lease ended must not run in the next one. */
  #directory: string | undefined;
  #running: { readonly connection: DuckDBConnection; readonly ended: Promise<void> } | undefined;

  listen(socketPath: string): void {
    const first = this.#stock.fill();
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      forEachLine(socket, (line) => void this.#serve(socket, line).catch((error: unknown) => fail(socket, error)));
    });
    server.listen(socketPath, () => void first.then(() => say('ready'), fatal));
    forEachLine(process.stdin, (line) => void this.#obey(line));
    // Our owner holds our standard input; its end means that the owner is gone.
    process.stdin.on('end', () => process.exit(0));
  }

  async #obey(line: string): Promise<void> {
    if (line === 'free') {
      this.#directory = undefined;
      this.#running?.connection.interrupt();
      await this.#running?.ended;
      say('free');
      this.#stock.isResting = true;
      void this.#stock.fill().catch(fatal);
    } else {
      this.#stock.isResting = false;
      this.#directory = line.slice('lease '.length);
      say('leased');
    }
  }

  async #serve(socket: Socket, line: string): Promise<void> {
    const job = JSON.parse(line) as Job;
    if (this.#running !== undefined || job.directory !== this.#directory)
      throw new Error(`no lease for ${job.directory}`);
    const { instance, connection } = await this.#stock.take();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#running = { connection, ended };
    const isStopped = (): boolean => socket.destroyed || job.directory !== this.#directory;
    socket.once('close', () => connection.interrupt());
    try {
      process.chdir(job.directory);
      Object.assign(process.env, job.env);
      const ok = await runJob(connection, job, { send: sender(socket), isStopped });
      await sender(socket)({ type: 'end', ok });
      socket.end();
    } finally {
      process.chdir('/');
      for (const name of Object.keys(job.env)) Reflect.deleteProperty(process.env, name);
      connection.closeSync();
      instance.closeSync();
      this.#running = undefined;
      end();
    }
  }
}

async function runJob(
  connection: DuckDBConnection,
  job: Job,
  { send, isStopped }: { send: Send; isStopped: () => boolean },
): Promise<boolean> {
  const { rowLimit, directory } = job;
  for (const code of job.before ?? []) {
    // Its lines are those of another block, so none is named.
    const report: Send = (event) => (event.type === 'error' ? send({ ...event, line: undefined }) : Promise.resolve());
    if (!(await execute(connection, code, { rowLimit, directory, isStopped, send: report }))) return false;
  }
  return execute(connection, job.code, { rowLimit, directory, isStopped, send });
}

/** Waiting for the buffer keeps a result that nobody reads out of our memory. */
function sender(socket: Socket): Send {
  return (event) =>
    new Promise((resolve) => {
      if (socket.destroyed || socket.write(`${JSON.stringify(event)}\n`)) return resolve();
      socket.once('drain', resolve);
      socket.once('close', () => resolve());
    });
}

/** Enough for the blocks of a page that are run one right after the other. */
const STOCK = 4;

interface Fresh {
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
}

/** Databases made ahead: making one takes several times as long as a small query. */
class Stock {
  readonly #ready: Fresh[] = [];
  #making: Promise<void> | undefined;
  /** While a block runs, which needs the processor more, only one is made ahead. */
  isResting = true;

  async take(): Promise<Fresh> {
    if (this.#ready.length === 0) await this.fill();
    const fresh = this.#ready.pop() ?? (await create());
    void this.fill().catch(fatal);
    return fresh;
  }

  /** Resolves when there is one. */
  async fill(): Promise<void> {
    if (this.#ready.length >= (this.isResting ? STOCK : 1)) return;
    this.#making ??= this.#make().finally(() => (this.#making = undefined));
    await this.#making;
    void this.fill().catch(fatal);
  }

  async #make(): Promise<void> {
    this.#ready.push(await create());
  }
}

async function create(): Promise<Fresh> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: '1GB',
    // Extensions come from a place that must not be asked at run time; what the block loads was laid there before.
    autoinstall_known_extensions: 'false',
    extension_directory: extensions,
    // An error then tells the position that it means; as text it does so only sometimes.
    errors_as_json: 'true',
  });
  const connection = await instance.connect();
  // A recording must read the same everywhere.
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  return { instance, connection };
}

function say(what: 'ready' | 'leased' | 'free'): void {
  process.stdout.write(`${what}\n`);
}

/** The runner sees a connection that closes without an end; the reason stands in the engine's log. */
function fail(socket: Socket, error: unknown): void {
  console.error(error);
  socket.destroy();
}

function fatal(error: unknown): void {
  console.error(error);
  process.exit(1);
}

const [socketPath, extensions = ''] = process.argv.slice(2);
if (socketPath !== undefined) new Worker().listen(socketPath);
