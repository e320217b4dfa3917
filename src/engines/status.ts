import type { EngineName, Progress } from '#src/engines/engine.ts';

/** What the CLI and the engines page show of one engine. Bytes are bytes; what isn't known is undefined. */
export interface EngineStatus {
  readonly name: EngineName;
  readonly title: string;
  readonly purpose: string;
  readonly state: 'missing' | 'available' | 'installed' | 'starting' | 'running';
  readonly version?: string | undefined;
  readonly downloadBytes?: number | undefined;
  readonly diskBytes?: number | undefined;
  /** What it is at, while it is fetched or started. */
  readonly doing?: Progress | undefined;
  /** Resident memory of all its processes. */
  readonly memoryBytes?: number | undefined;
  /** Blocks that hold it now. */
  readonly sandboxes: number;
  /** Missing: why, and what to do. */
  readonly why?: string | undefined;
  readonly remedy?: string | undefined;
  readonly logPath?: string | undefined;
  /** Whether what was fetched for it can be removed. */
  readonly clearable: boolean;
  /** Where the learner's own one is, if that is used. */
  readonly at?: string | undefined;
}
