import type { Socket } from 'node:net';

import { until, within } from '#src/deadline.ts';
import type { Address, Harm, EngineName, OnProgress, SandboxRequest } from '#src/engines/engine.ts';
import type { EngineStatus } from '#src/engines/status.ts';
import type { Lease, LeaseOptions, Supervisor } from '#src/engines/supervisor.ts';
import { fromReport, type Reply, type Request, type SupervisorFile } from '#src/engines/supervisor-protocol.ts';
import { WorldError } from '#src/error.ts';
import { forEachLine, startedAt } from '#src/process.ts';

type RequestBody = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

interface Leased {
  readonly lease: string;
  readonly address: Address;
  readonly note?: string;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: OnProgress | undefined;
}

/** The client's side of one connection to the supervisor. */
export class Connection implements Supervisor {
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
      const gone = new WorldError('the supervisor of the engines ended', {
        remedy: 'Run it again: a new one is started and clears up.',
      });
      for (const { reject } of this.#waiting.values()) reject(gone);
      this.#waiting.clear();
    });
    forEachLine(socket, (line) => this.#receive(JSON.parse(line) as Reply));
    // An idle connection must not keep a command from ending.
    socket.unref();
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  /** Whether the other side takes requests at all. */
  async answers(deadlineMs: number): Promise<boolean> {
    return within('an answer of the supervisor', this.#ask({ method: 'hello' }), { deadlineMs }).then(
      () => true,
      () => false,
    );
  }

  async lease(engine: EngineName, request: SandboxRequest, options: LeaseOptions = {}): Promise<Lease> {
    const { lease, address, note } = (await this.#ask({ method: 'lease', engine, ...request }, options)) as Leased;
    const harm = async (how: Harm): Promise<void> => void (await this.#ask({ method: 'harm', lease, harm: how }));
    return { address, note, harm, ...this.#release(lease) };
  }

  async guard(marker: string): Promise<AsyncDisposable> {
    const { lease } = (await this.#ask({ method: 'guard', marker })) as Pick<Leased, 'lease'>;
    return this.#release(lease);
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

  async clear(engine: EngineName): Promise<void> {
    await this.#ask({ method: 'clear', engine });
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
      this.#socket.destroySoon();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #release(lease: string): AsyncDisposable {
    return {
      [Symbol.asyncDispose]: async () => {
        // Where the connection has ended, the supervisor has closed what it held, or is gone with it.
        if (!this.#closed) await this.#ask({ method: 'release', lease }).catch(() => undefined);
      },
    };
  }

  #ask(body: RequestBody, { onProgress, signal }: LeaseOptions = {}): Promise<unknown> {
    const id = this.#nextId++;
    const request = { ...body, id } as Request;
    return new Promise((resolve, reject) => {
      if (this.#closed)
        return reject(new WorldError('the connection to the supervisor is closed', { remedy: 'Run it again.' }));
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
    if (waiting === undefined) return this.#refuse(reply);
    if ('progress' in reply) waiting.onProgress?.(reply.progress);
    else if ('error' in reply) waiting.reject(fromReport(reply.error));
    else waiting.resolve(reply.result);
  }

  /** A sandbox that was on its way when its asker gave up is nobody's. */
  #refuse(reply: Reply): void {
    if ('result' in reply && isLeased(reply.result))
      this.#send({ id: this.#nextId++, method: 'release', lease: reply.result.lease });
  }
}

function isLeased(result: unknown): result is Leased {
  return typeof result === 'object' && result !== null && 'lease' in result;
}

function stopped(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('stopped');
}
