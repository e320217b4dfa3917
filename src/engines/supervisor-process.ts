import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

import { ENGINE_NAMES, type EngineName, type OnProgress, type Sandbox } from '#src/engines/engine.ts';
import { readSupervisorFile } from '#src/engines/connect.ts';
import { lock, type Lock } from '#src/engines/lock.ts';
import { tail, type LogTail } from '#src/engines/log.ts';
import { registry } from '#src/engines/registry.ts';
import { Slot } from '#src/engines/slot.ts';
import { toReport, type Reply, type Request, type SupervisorFile } from '#src/engines/supervisor-protocol.ts';
import { Bug, WorldError } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';
import { ownRoot, pathsOf, type Paths } from '#src/paths.ts';
import { forEachLine, killTrees, list, startedAt } from '#src/process.ts';

const IDLE_MS = 5 * 60_000;
/** How long it stays when nobody is connected and nothing runs: long enough for the next command of a script. */
const LINGER_MS = 5_000;

/** The one process of a clone that owns its engines. */
class SupervisorProcess {
  readonly #paths: Paths;
  readonly #log: LogTail;
  readonly #lock: Lock;
  readonly #marker = randomUUID();
  readonly #socketPath: string;
  readonly #slots: ReadonlyMap<EngineName, Slot>;
  readonly #clients = new Set<Socket>();
  #server: Server | undefined;
  #linger: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;

  constructor(paths: Paths, log: LogTail, held: Lock) {
    this.#paths = paths;
    this.#log = log;
    this.#lock = held;
    this.#socketPath = join(paths.sockets, `s${this.#marker.slice(0, 8)}`);
    const engines = registry(paths);
    const idleMs = Number(process.env['DEJ_IDLE_MS'] ?? IDLE_MS);
    const onChange = (): void => this.#changed();
    this.#slots = new Map(ENGINE_NAMES.map((name) => [name, new Slot(engines[name], { paths, marker: this.#marker, idleMs, onChange })]));
  }

  async run(): Promise<void> {
    await this.#reap();
    this.#server = createServer((socket) => this.#welcome(socket));
    await new Promise<void>((resolve, reject) => this.#server?.once('error', reject).listen(this.#socketPath, resolve));
    await chmod(this.#socketPath, 0o600);
    await this.#writeFile();
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void this.#end());
    this.#log.write(`supervisor ${process.pid} ready`);
    this.#armLinger();
  }

  /** Ends what a supervisor that was killed left running, and removes its folders. */
  async #reap(): Promise<void> {
    const old = await readSupervisorFile(this.#paths);
    if (old !== undefined) {
      const alive = await list();
      const roots = old.engines.filter(({ pid, startedAt: began }) => alive.some((row) => row.pid === pid && row.startedAt === began));
      const killed = await killTrees(
        roots.map(({ pid }) => pid),
        { marker: old.marker },
      );
      if (killed.length > 0) this.#log.write(`reaped ${killed.length} processes of supervisor ${old.pid}`);
      await rm(old.socketPath, { force: true });
    }
    await rm(join(this.#paths.state, 'run'), { recursive: true, force: true });
  }

  #welcome(socket: Socket): void {
    const client = new Client(socket, (request, onProgress, own, signal) => this.#answer(request, onProgress, own, signal));
    this.#clients.add(socket);
    clearTimeout(this.#linger);
    socket.once('close', () => {
      this.#clients.delete(socket);
      void client.close().then(() => this.#armLinger());
    });
  }

  async #answer(request: Exclude<Request, { method: 'cancel' }>, onProgress: OnProgress, own: Map<string, Sandbox>, signal: AbortSignal): Promise<unknown> {
    switch (request.method) {
      case 'lease': {
        const sandbox = await this.#slot(request.engine).lease({ data: request.data }, onProgress);
        if (signal.aborted) {
          await sandbox.close();
          throw new WorldError('stopped', { remedy: 'Run it again.' });
        }
        const lease = randomUUID();
        own.set(lease, sandbox);
        return { lease, address: sandbox.address };
      }
      case 'release': {
        const sandbox = own.get(request.lease);
        own.delete(request.lease);
        // The client is not kept waiting for the clearing away, only for its order.
        void sandbox?.close();
        return true;
      }
      case 'status':
        return Promise.all([...this.#slots.values()].map((slot) => slot.status()));
      case 'install':
        return this.#slot(request.engine).install(onProgress);
      case 'start':
        return void (await this.#slot(request.engine).start(onProgress));
      case 'stop':
        return this.#slot(request.engine).stop();
      case 'logs':
        return this.#slot(request.engine).logs();
      case 'shutdown': {
        if (!request.force && this.#clients.size > 1) return false;
        await this.#stopEngines();
        // The answer is written before the process ends.
        setImmediate(() => void this.#end());
        return true;
      }
    }
  }

  #slot(name: EngineName): Slot {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new Bug(`no engine ${name}`);
    return slot;
  }

  async #stopEngines(): Promise<void> {
    const results = await Promise.allSettled([...this.#slots.values()].map((slot) => slot.stop()));
    for (const result of results) if (result.status === 'rejected') this.#log.write(`stopping: ${String(result.reason)}`);
  }

  #end(): Promise<void> {
    this.#ending ??= this.#finish();
    return this.#ending;
  }

  async #finish(): Promise<void> {
    this.#server?.close();
    await this.#stopEngines();
    await this.#writing;
    await killTrees([], { marker: this.#marker }).catch(() => undefined);
    await rm(join(this.#paths.state, 'supervisor.json'), { force: true });
    await rm(this.#socketPath, { force: true });
    await this.#lock.release();
    this.#log.write(`supervisor ${process.pid} ends`);
    await this.#log.close();
    process.exit(0);
  }

  #armLinger(): void {
    clearTimeout(this.#linger);
    if (this.#clients.size > 0) return;
    this.#linger = setTimeout(() => {
      const busy = [...this.#slots.values()].some((slot) => slot.isUp);
      if (this.#clients.size === 0 && !busy) void this.#end();
      else this.#armLinger();
    }, LINGER_MS);
  }

  #changed(): void {
    this.#writing = this.#writing.then(() => this.#writeFile()).catch((error: unknown) => this.#log.write(String(error)));
    this.#armLinger();
  }

  async #writeFile(): Promise<void> {
    const rows = await list();
    const pids = [...this.#slots.values()].flatMap((slot) => slot.pids());
    const began = (pid: number): string => rows.find((row) => row.pid === pid)?.startedAt ?? '';
    const file: SupervisorFile = {
      pid: process.pid,
      startedAt: began(process.pid),
      socketPath: this.#socketPath,
      marker: this.#marker,
      engines: pids.map((pid) => ({ pid, startedAt: began(pid) })),
    };
    await writeAtomic(join(this.#paths.state, 'supervisor.json'), JSON.stringify(file), 0o600);
  }
}

type Answer = (request: Exclude<Request, { method: 'cancel' }>, onProgress: OnProgress, own: Map<string, Sandbox>, signal: AbortSignal) => Promise<unknown>;

/** One connection: its requests under way and its sandboxes, which end with it. */
class Client {
  readonly #socket: Socket;
  readonly #answer: Answer;
  readonly #own = new Map<string, Sandbox>();
  readonly #underWay = new Map<number, AbortController>();

  constructor(socket: Socket, answer: Answer) {
    this.#socket = socket;
    this.#answer = answer;
    socket.on('error', () => undefined);
    forEachLine(socket, (line) => void this.#take(JSON.parse(line) as Request));
  }

  async close(): Promise<void> {
    for (const stop of this.#underWay.values()) stop.abort();
    await Promise.allSettled([...this.#own.values()].map((sandbox) => sandbox.close()));
  }

  async #take(request: Request): Promise<void> {
    if (request.method === 'cancel') return this.#underWay.get(request.request)?.abort();
    const stop = new AbortController();
    this.#underWay.set(request.id, stop);
    try {
      const onProgress: OnProgress = (progress) => this.#send({ id: request.id, progress });
      this.#send({ id: request.id, result: (await this.#answer(request, onProgress, this.#own, stop.signal)) ?? null });
    } catch (error) {
      this.#send({ id: request.id, error: toReport(error) });
    } finally {
      this.#underWay.delete(request.id);
    }
  }

  #send(reply: Reply): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(reply)}\n`);
  }
}

async function prepareFolders(paths: Paths): Promise<void> {
  await mkdir(join(paths.state, 'logs'), { recursive: true, mode: 0o700 });
  await mkdir(paths.sockets, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(paths.sockets);
  // The folder lies where anybody may make one; one that is not ours could hold somebody else's sockets.
  if (uid !== process.getuid?.()) throw new WorldError(`${paths.sockets} belongs to another user`, { remedy: 'Remove it, or set TMPDIR to a folder of your own.' });
  if ((mode & 0o077) !== 0) await chmod(paths.sockets, 0o700);
}

const paths = pathsOf(process.env['DEJ_ROOT'] ?? ownRoot());
await prepareFolders(paths);
const log = await tail(join(paths.state, 'logs', 'supervisor.log'));
process.on('uncaughtException', (error) => log.write(`uncaught: ${error.stack ?? error.message}`));
process.on('unhandledRejection', (error) => log.write(`unhandled: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`));
const held = await lock(join(paths.state, 'supervisor.lock'), { pid: process.pid, startedAt: (await startedAt(process.pid)) ?? '' });
// Another supervisor of this clone is up, or about to be; whoever started us connects to that one.
if (held === undefined) process.exit(0);
await new SupervisorProcess(paths, log, held).run();
