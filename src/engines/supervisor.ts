import type { Address, Harm, EngineName, OnProgress, SandboxRequest } from '#src/engines/engine.ts';
import type { EngineStatus } from '#src/engines/status.ts';

/**
 * A connection to the one process per clone that owns all managed engines. While it is open, engines stay up; when the
 * last one closes, the idle timer starts.
 */
export interface Supervisor extends AsyncDisposable {
  /** False once the connection has ended, also by the supervisor's end; then connect anew. */
  readonly isOpen: boolean;
  /** Starts the engine if need be (installing it first) and hands out a clean place to run one block in. */
  lease(engine: EngineName, request: SandboxRequest, options?: LeaseOptions): Promise<Lease>;
  /**
   * Whatever carries this marker, or one below it, is ended when the guard is disposed, or when this connection ends in
   * whatever way: also when our own process is killed.
   */
  guard(marker: string): Promise<AsyncDisposable>;
  status(): Promise<EngineStatus[]>;
  install(engine: EngineName, options?: LeaseOptions): Promise<void>;
  start(engine: EngineName, options?: LeaseOptions): Promise<void>;
  stop(engine: EngineName): Promise<void>;
  /** Stops it and removes what was fetched for it, from the cache that clones share. */
  clear(engine: EngineName): Promise<void>;
  /** The last lines of the engine's own log. */
  logs(engine: EngineName): Promise<readonly string[]>;
  /**
   * Stops everything, when nobody else is connected or `force` is set, and resolves when no process is left. While
   * others are connected it resolves at once, and everything is stopped when the last of them goes, unless somebody new
   * has come by then.
   */
  shutdown(options?: { force?: boolean }): Promise<void>;
  close(): Promise<void>;
}

export interface LeaseOptions {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/** Disposing it throws the sandbox away and ends what still runs there. */
export interface Lease extends AsyncDisposable {
  readonly address: Address;
  /** Where it is, when that is not where whoever asked would look for it: a sentence. */
  readonly note?: string | undefined;
  /** Does this to the leased server (see `Harm`), only where it is leased as one's own. */
  harm(harm: Harm): Promise<void>;
}
