import { readFile } from 'node:fs/promises';
import { connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';

import { pause, until } from '#src/deadline.ts';
import type { Address, EngineName, OnProgress } from '#src/engines/engine.ts';
import { entry } from '#src/engines/entry.ts';
import type { EngineStatus } from '#src/engines/status.ts';
import type { Lease, LeaseOptions, Supervisor } from '#src/engines/supervisor.ts';
import { fromReport, type Reply, type Request, type SupervisorFile } from '#src/engines/supervisor-protocol.ts';
import { WorldError } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';
import { forEachLine, start, startedAt } from '#src/process.ts';

/** Connects to the supervisor of this clone, starting it if there is none. */
export async function connect(paths: Paths): Promise<Supervisor> {
  const running = await findRunning(paths);
  if (running !== undefined) return running;
  const env = { ...process.env, DEJ_ROOT: paths.root, DEJ_STATE: paths.state, DEJ_CACHE: paths.cache };
  // Two starters may both get here; the second supervisor sees the first one's lock and ends, and both connect to one.
  const child = await start([process.execPath, ...entry('supervisor')], { env, cwd: paths.root, group: true, output: 'ignore', detach: true });
  let ended = false;
  void child.exited.then(() => (ended = true));
  const logPath = join(paths.state, 'logs', 'supervisor.log');
  return until(
    'start of the supervisor',
    async () => {
      const found = await findRunning(paths);
      if (found !== undefined || !ended) return found;
      // Ours ended: either another holds the lock and will answer in a moment, or something is wrong.
      await pause(50);
      return findRunning(paths);
    },
    { deadlineMs: 20_000, evidence: () => ({ lastLines: [], logPath }) },
  );
}

/** A connection to the running supervisor, or undefined; starts nothing. */
export async function findRunning(paths: Paths): Promise<Supervisor | undefined> {
  const file = await readSupervisorFile(paths);
  if (file === undefined) return undefined;
  const socket = await open(file.socketPath);
  return socket === undefined ? undefined : new Connection(socket, file);
}

export async function readSupervisorFile(paths: Paths): Promise<SupervisorFile | undefined> {
  try {
    return JSON.parse(await readFile(join(paths.state, 'supervisor.json'), 'utf8')) as SupervisorFile;
  } catch {
    return undefined;
  }
}

function open(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = dial(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

type RequestBody = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: OnProgress | undefined;
}

class Connection implements Supervisor {
  readonly #socket: Socket;
  readonly #file: SupervisorFile;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #closed = false;

  constructor(socket: Socket, file: SupervisorFile) {
    this.#socket = socket;
    this.#file = file;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      const gone = new WorldError('the supervisor of the engines ended', { remedy: 'Run it again: a new one is started and clears up.' });
      for (const { reject } of this.#waiting.values()) reject(gone);
      this.#waiting.clear();
    });
    forEachLine(socket, (line) => this.#receive(JSON.parse(line) as Reply));
    // An idle connection must not keep a command from ending.
    socket.unref();
  }

  async lease(engine: EngineName, request: { data: string | undefined }, options: LeaseOptions = {}): Promise<Lease> {
    const { lease, address } = (await this.#ask({ method: 'lease', engine, data: request.data }, options)) as { lease: string; address: Address };
    return {
      address,
      [Symbol.asyncDispose]: async () => {
        if (!this.#closed) await this.#ask({ method: 'release', lease });
      },
    };
  }

  async status(): Promise<EngineStatus[]> {
    return (await this.#ask({ method: 'status' })) as EngineStatus[];
  }

  async install(engine: EngineName, options: LeaseOptions = {}): Promise<void> {
    await this.#ask({ method: 'install', engine }, options);
  }

  async start(engine: EngineName, options: LeaseOptions = {}): Promise<void> {
    await this.#ask({ method: 'start', engine }, options);
  }

  async stop(engine: EngineName): Promise<void> {
    await this.#ask({ method: 'stop', engine });
  }

  async logs(engine: EngineName): Promise<readonly string[]> {
    return (await this.#ask({ method: 'logs', engine })) as string[];
  }

  async shutdown(options: { force?: boolean } = {}): Promise<void> {
    const stopped = await this.#ask({ method: 'shutdown', force: options.force ?? false });
    await this.close();
    if (stopped !== true) return;
    const { pid, startedAt: began } = this.#file;
    await until('end of the supervisor', async () => (await startedAt(pid)) !== began, { deadlineMs: 15_000 });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.ref();
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.end();
      this.#socket.destroySoon();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ask(body: RequestBody, { onProgress, signal }: LeaseOptions = {}): Promise<unknown> {
    const id = this.#nextId++;
    const request = { ...body, id } as Request;
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new WorldError('the connection to the supervisor is closed', { remedy: 'Run it again.' }));
      if (signal?.aborted === true) return reject(stopped(signal));
      const onAbort = (): void => {
        this.#send({ id: this.#nextId++, method: 'cancel', request: id });
        settle();
        reject(stopped(signal as AbortSignal));
      };
      const settle = (): void => {
        this.#waiting.delete(id);
        signal?.removeEventListener('abort', onAbort);
        if (this.#waiting.size === 0) this.#socket.unref();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(id, {
        onProgress,
        resolve: (value) => {
          settle();
          resolve(value);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      this.#socket.ref();
      this.#send(request);
    });
  }

  #send(request: Request): void {
    if (!this.#closed) this.#socket.write(`${JSON.stringify(request)}\n`);
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if ('progress' in reply) waiting.onProgress?.(reply.progress);
    else if ('error' in reply) waiting.reject(fromReport(reply.error));
    else waiting.resolve(reply.result);
  }
}

function stopped(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('stopped');
}
