import { randomUUID } from 'node:crypto';
import { chmod, rm, rmdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

import { ENGINE_NAMES, type EngineName } from '#src/engines/engine.ts';
import { edition } from '#src/engines/entry.ts';
import { prepareFolders } from '#src/engines/folders.ts';
import { lock, type Lock } from '#src/lock.ts';
import { tail, type LogTail } from '#src/engines/log.ts';
import { registry } from '#src/engines/registry.ts';
import { Slot, type SlotOptions } from '#src/engines/slot.ts';
import { lockPath, logPath, type SupervisorFile } from '#src/engines/supervisor-protocol.ts';
import { reap } from '#src/engines/supervisor-reap.ts';
import { Session, type Asked, type Asker, type Held } from '#src/engines/supervisor-session.ts';
import { within } from '#src/deadline.ts';
import { Bug, WorldError } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';
import { ownRoot, pathsOf, type Paths } from '#src/paths.ts';
import { killTrees, list, startedAt } from '#src/process.ts';

const IDLE_MS = 5 * 60_000;
/** How long it stays when nobody is connected and nothing runs: long enough for the next command of a script. */
const LINGER_MS = 5_000;
const CLEARING_MS = 10_000;

/** Read at once: the file may be replaced while we run. */
const EDITION = edition();

/** The one process of a clone that owns its engines. */
class SupervisorProcess {
  readonly #paths: Paths;
  readonly #log: LogTail;
  readonly #lock: Lock;
  readonly #marker = randomUUID();
  readonly #socketPath: string;
  readonly #lingerMs: number;
  readonly #slots: ReadonlyMap<EngineName, Slot>;
  readonly #clients = new Set<Socket>();
  /** What is being given back. */
  readonly #closing = new Set<Promise<void>>();
  #server: Server | undefined;
  #linger: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;
  /** No request is taken any more, so that nothing starts behind what has been stopped. */
  #isEnding = false;
  /** Somebody wanted everything stopped while others were connected: it is done when the last of these goes. */
  #endsWithLast = false;

  constructor(paths: Paths, log: LogTail, held: Lock) {
    this.#paths = paths;
    this.#log = log;
    this.#lock = held;
    this.#socketPath = join(paths.sockets, `s${this.#marker.slice(0, 8)}`);
    const engines = registry(paths);
    const idleMs = Number(process.env['DEJ_IDLE_MS'] ?? IDLE_MS);
    this.#lingerMs = Math.min(LINGER_MS, idleMs);
    const onChange = (): void => this.#changed();
    const lease: SlotOptions['lease'] = (name, request, onProgress) => this.#slot(name).lease(request, onProgress);
    const options = { paths, marker: this.#marker, idleMs, onChange, lease };
    this.#slots = new Map(ENGINE_NAMES.map((name) => [name, new Slot(engines[name], options)]));
  }

  async run(): Promise<void> {
    // The one before us may have removed what is empty after we first looked.
    await prepareFolders(this.#paths);
    await reap(this.#paths, this.#log);
    if (!(await this.#lock.isHeld())) process.exit(0);
    this.#server = createServer((socket) => this.#welcome(socket));
    await new Promise<void>((resolve, reject) => this.#server?.once('error', reject).listen(this.#socketPath, resolve));
    await chmod(this.#socketPath, 0o600);
    // Written before any engine starts: by the marker in it a later supervisor finds what we leave, should we be killed.
    await this.#writeFile();
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void this.#end());
    this.#log.write(`supervisor ${process.pid} ready`);
    this.#armLinger();
  }

  #welcome(socket: Socket): void {
    const session = new Session(socket, (request, asker) => this.#answer(request, asker));
    this.#clients.add(socket);
    this.#endsWithLast = false;
    clearTimeout(this.#linger);
    socket.once('close', () => {
      this.#clients.delete(socket);
      void this.#clearAway(session).then(() => {
        if (this.#endsWithLast && this.#clients.size === 0) void this.#end();
        else this.#armLinger();
      });
    });
  }

  async #answer(request: Asked, { onProgress, own, signal }: Asker): Promise<unknown> {
    if (this.#isEnding) throw new WorldError('the engines are being stopped', { remedy: 'Run it again.' });
    switch (request.method) {
      case 'hello':
        return true;
      case 'lease': {
        const sandbox = await this.#slot(request.engine).lease(request, onProgress);
        if (signal.aborted) {
          await this.#clearAway(sandbox);
          throw new WorldError('stopped', { remedy: 'Run it again.' });
        }
        const lease = randomUUID();
        own.set(lease, sandbox);
        return { lease, address: sandbox.address, note: sandbox.note };
      }
      case 'release': {
        const sandbox = own.get(request.lease);
        own.delete(request.lease);
        // The client is not kept waiting for the clearing away, only for its order.
        if (sandbox !== undefined) void this.#clearAway(sandbox);
        return true;
      }
      case 'harm': {
        const held = own.get(request.lease);
        if (held?.harm === undefined) throw new Bug('only a server of its own can be hurt');
        return void (await held.harm(request.harm));
      }
      case 'guard': {
        const lease = randomUUID();
        own.set(lease, { close: async () => void (await killTrees([], { marker: request.marker })) });
        return { lease };
      }
      case 'status':
        return Promise.all([...this.#slots.values()].map((slot) => slot.status()));
      case 'install':
        return this.#slot(request.engine).install(onProgress);
      case 'start':
        return void (await this.#slot(request.engine).start(onProgress));
      case 'stop':
        return this.#slot(request.engine).stop();
      case 'clear':
        return this.#slot(request.engine).clear();
      case 'logs':
        return this.#slot(request.engine).logs();
      case 'shutdown': {
        if (!request.force && this.#clients.size > 1) {
          this.#endsWithLast = true;
          return false;
        }
        this.#isEnding = true;
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

  /** What is being given back may lie on a server of the learner's own: it is gone before we are. */
  async #clearAway(held: Pick<Held, 'close'>): Promise<void> {
    const closing = held.close().catch((error: unknown) => this.#log.write(`clearing away: ${String(error)}`));
    this.#closing.add(closing);
    await closing;
    this.#closing.delete(closing);
  }

  async #stopEngines(): Promise<void> {
    await within('what was being cleared away', Promise.all(this.#closing), { deadlineMs: CLEARING_MS }).catch(
      (error: unknown) => this.#log.write(String(error)),
    );
    const results = await Promise.allSettled([...this.#slots.values()].map((slot) => slot.stop()));
    for (const result of results)
      if (result.status === 'rejected') this.#log.write(`stopping: ${String(result.reason)}`);
  }

  #end(): Promise<void> {
    this.#isEnding = true;
    this.#ending ??= this.#finish();
    return this.#ending;
  }

  async #finish(): Promise<void> {
    this.#server?.close();
    await this.#stopEngines();
    await this.#writing;
    await killTrees([], { marker: this.#marker }).catch(() => undefined);
    if (await this.#lock.isHeld()) await rm(join(this.#paths.state, 'supervisor.json'), { force: true });
    await rm(this.#socketPath, { force: true });
    // Nothing of ours stays in the folder that all programs share.
    await rmdir(this.#paths.sockets).catch(() => undefined);
    await this.#lock.release();
    this.#log.write(`supervisor ${process.pid} ends`);
    this.#log.close();
    process.exit(0);
  }

  #armLinger(): void {
    clearTimeout(this.#linger);
    if (this.#clients.size > 0) return;
    this.#linger = setTimeout(() => {
      const busy = [...this.#slots.values()].some((slot) => slot.isUp);
      if (this.#clients.size === 0 && !busy) void this.#end();
      else this.#armLinger();
    }, this.#lingerMs);
  }

  #changed(): void {
    this.#writing = this.#writing
      .then(() => this.#writeFile())
      .catch((error: unknown) => this.#log.write(String(error)));
    this.#armLinger();
  }

  async #writeFile(): Promise<void> {
    // Somebody deleted the folder while we ran, and another supervisor may have taken the place since.
    if (!(await this.#lock.isHeld())) return void this.#end();
    const rows = await list();
    const pids = [...this.#slots.values()].flatMap((slot) => slot.pids());
    const began = (pid: number): string => rows.find((row) => row.pid === pid)?.startedAt ?? '';
    const file: SupervisorFile = {
      pid: process.pid,
      startedAt: began(process.pid),
      socketPath: this.#socketPath,
      edition: EDITION,
      marker: this.#marker,
      engines: pids.map((pid) => ({ pid, startedAt: began(pid) })),
    };
    await writeAtomic(join(this.#paths.state, 'supervisor.json'), JSON.stringify(file), 0o600);
  }
}

/** Ends only by its own end: another supervisor holds the lock, or we were told to stop. */
async function main(): Promise<void> {
  const paths = pathsOf(process.env['DEJ_ROOT'] ?? ownRoot());
  await prepareFolders(paths);
  const log = tail(logPath(paths));
  const report = (what: string, error: unknown): void => {
    log.write(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  };
  try {
    const held = await lock(lockPath(paths), { pid: process.pid, startedAt: (await startedAt(process.pid)) ?? '' });
    if (held === undefined) process.exit(0);
    await new SupervisorProcess(paths, log, held).run();
  } catch (error) {
    report('could not start', error);
    process.exit(1);
  }
  // From here on it has engines to answer for: it goes on, and what happened stands in its log.
  process.on('uncaughtException', (error) => report('uncaught', error));
  process.on('unhandledRejection', (error) => report('unhandled', error));
}

await main();
