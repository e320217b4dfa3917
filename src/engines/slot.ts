import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type {
  Engine,
  EngineName,
  OnProgress,
  Progress,
  Running,
  Sandbox,
  SandboxRequest,
} from '#src/engines/engine.ts';
import { engineLogPath, tail, type LogTail } from '#src/engines/log.ts';
import { memoryBytes } from '#src/engines/memory.ts';
import { restingStatus } from '#src/engines/registry.ts';
import type { EngineStatus } from '#src/engines/status.ts';
import { LearnerError, WorldError } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';

export interface SlotOptions {
  readonly paths: Paths;
  readonly marker: string;
  /** How long an engine without a sandbox stays up, in milliseconds. */
  readonly idleMs: number;
  /** Called when processes came or went, so that they can be written down for a later reaper. */
  readonly onChange: () => void;
  /** A place on another engine. */
  readonly lease: (engine: EngineName, request: SandboxRequest, onProgress: OnProgress) => Promise<Sandbox>;
}

/** One engine under the supervisor: at most one start of it, its sandboxes, its idle timer. */
export class Slot {
  readonly engine: Engine;
  readonly #options: SlotOptions;
  readonly #sandboxes = new Set<Sandbox>();
  readonly #listeners = new Set<OnProgress>();
  /** Those that ended without being told to. */
  readonly #dead = new WeakSet<Running>();
  /** Leases asked for and not handed out yet; they keep the engine as sandboxes do. */
  #pending = 0;
  #starting: Promise<Running> | undefined;
  #abortStart = new AbortController();
  #running: Running | undefined;
  #directory = '';
  #log: LogTail | undefined;
  #idle: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  /** What it was last at, while it is fetched or started. */
  #doing: Progress | undefined;

  constructor(engine: Engine, options: SlotOptions) {
    this.engine = engine;
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#running !== undefined || this.#starting !== undefined || this.#stopping !== undefined;
  }

  pids(): number[] {
    return this.#running?.pids() ?? [];
  }

  /** Installs what is not on the machine yet; nothing is asked. */
  async install(onProgress: OnProgress): Promise<void> {
    const found = await this.engine.find();
    if (found.state === 'missing') throw new WorldError(found.why, { remedy: found.remedy });
    if (found.state !== 'available') return;
    const tell: OnProgress = (progress) => onProgress((this.#doing = progress));
    await found.install(tell).finally(() => (this.#doing = undefined));
  }

  /** The running engine, started if need be; who comes while it starts shares the start and its progress. */
  async start(onProgress: OnProgress): Promise<Running> {
    await this.#stopping;
    if (this.#running !== undefined) return this.#running;
    this.#listeners.add(onProgress);
    try {
      this.#starting ??= this.#begin().finally(() => (this.#starting = this.#doing = undefined));
      return await this.#starting;
    } finally {
      this.#listeners.delete(onProgress);
    }
  }

  async lease(request: SandboxRequest, onProgress: OnProgress): Promise<Sandbox> {
    this.#pending++;
    try {
      const sandbox = await this.#sandbox(request, onProgress);
      const tracked: Sandbox = {
        address: sandbox.address,
        note: sandbox.note,
        harm: sandbox.harm,
        close: async () => {
          if (!this.#sandboxes.delete(tracked)) return;
          this.#armIdle();
          await sandbox.close().catch((error: unknown) => this.#log?.write(`closing a sandbox: ${String(error)}`));
        },
      };
      this.#sandboxes.add(tracked);
      return tracked;
    } finally {
      this.#pending--;
      this.#armIdle();
    }
  }

  /** Ends the engine and everything in it. */
  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    this.#abortStart.abort(
      new WorldError(`${this.engine.title} was stopped while it started`, { remedy: 'Run it again.' }),
    );
    await this.#starting?.catch(() => undefined);
    const running = this.#running;
    if (running !== undefined) this.#end(running, this.#directory);
    await this.#stopping;
  }

  async clear(): Promise<void> {
    const { title, clear } = this.engine;
    if (clear === undefined)
      throw new LearnerError(`${title} came with the app's own packages`, 'There is nothing of it to clear.');
    await this.stop();
    await clear();
  }

  logs(): readonly string[] {
    return this.#log?.lines() ?? [];
  }

  async status(): Promise<EngineStatus> {
    const { name, title, purpose } = this.engine;
    const logPath = this.#log?.path;
    // It may stop while we look.
    const running = this.#running;
    if (running !== undefined) {
      const found = await this.engine.find();
      return {
        name,
        title,
        purpose,
        state: 'running',
        version: running.version,
        at: running.at,
        diskBytes: found.state === 'installed' ? found.diskBytes : undefined,
        memoryBytes: await memoryBytes(running.pids()),
        sandboxes: this.#sandboxes.size,
        clearable: this.engine.clear !== undefined,
        logPath,
      };
    }
    const resting = await restingStatus(this.engine);
    const state = this.#starting === undefined ? resting.state : 'starting';
    return { ...resting, state, doing: this.#doing, logPath };
  }

  async #sandbox(request: SandboxRequest, onProgress: OnProgress): Promise<Sandbox> {
    for (let attempt = 1; ; attempt++) {
      const running = await this.start(onProgress);
      const died = running.died.then((death): never => {
        throw new WorldError(death.message, {
          remedy: 'Run it again: the engine is started anew.',
          lastLines: death.lastLines,
          logPath: death.logPath,
        });
      });
      try {
        return await Promise.race([running.sandbox(request, onProgress), died]);
      } catch (error) {
        // Nothing has run yet, so an engine that died unnoticed is started once more without a loss.
        if (attempt === 2 || !this.#dead.has(running)) throw error;
      }
    }
  }

  async #begin(): Promise<Running> {
    const { paths, marker } = this.#options;
    const onProgress: OnProgress = (progress) => {
      this.#doing = progress;
      for (const listener of this.#listeners) listener(progress);
    };
    const found = await this.engine.find();
    if (found.state === 'missing') throw new WorldError(found.why, { remedy: found.remedy });
    this.#abortStart = new AbortController();
    const { signal } = this.#abortStart;
    const installed = found.state === 'available' ? await found.install(onProgress, signal) : found;
    signal.throwIfAborted();
    const directory = join(paths.state, 'run', `${this.engine.name}-${randomUUID().slice(0, 8)}`);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    this.#log ??= tail(engineLogPath(paths, this.engine.name));
    try {
      const lease = (engine: EngineName, request: SandboxRequest): Promise<Sandbox> =>
        this.#options.lease(engine, request, onProgress);
      const running = await installed.start({ paths, directory, log: this.#log, marker, onProgress, signal, lease });
      this.#running = running;
      this.#directory = directory;
      this.#options.onChange();
      void running.died.then((death) => {
        this.#log?.write(death.message);
        this.#bury(running, directory);
      });
      this.#armIdle();
      return running;
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  #end(running: Running, directory: string): void {
    if (this.#running === running) this.#running = undefined;
    const ending = this.#clear(running, directory).finally(() => {
      if (this.#stopping === ending) this.#stopping = undefined;
    });
    this.#stopping = ending;
  }

  async #clear(running: Running, directory: string): Promise<void> {
    try {
      await running.stop();
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
      this.#options.onChange();
    }
  }

  /** What is left of a dead engine is cleared away, so that the next lease starts a new one. */
  #bury(running: Running, directory: string): void {
    this.#dead.add(running);
    this.#sandboxes.clear();
    this.#end(running, directory);
    this.#stopping?.catch((error: unknown) => this.#log?.write(`after its death: ${String(error)}`));
  }

  #armIdle(): void {
    clearTimeout(this.#idle);
    if (this.#sandboxes.size > 0 || this.#pending > 0 || this.#running === undefined) return;
    this.#idle = setTimeout(() => {
      this.stop().catch((error: unknown) => this.#log?.write(`stopping: ${String(error)}`));
    }, this.#options.idleMs);
    this.#idle.unref();
  }
}
