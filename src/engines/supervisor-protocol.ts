import { join } from 'node:path';

import type { Harm, EngineName, Progress, SandboxRequest } from '#src/engines/engine.ts';
import { Bug, LearnerError, reportOf, WorldError, type ErrorReport } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';

/** One JSON value a line over the supervisor's socket. A request is answered by progress, then a result or an error. */
export type Request =
  | ({ readonly id: number; readonly method: 'lease'; readonly engine: EngineName } & SandboxRequest)
  | { readonly id: number; readonly method: 'release'; readonly lease: string }
  | { readonly id: number; readonly method: 'harm'; readonly lease: string; readonly harm: Harm }
  | { readonly id: number; readonly method: 'guard'; readonly marker: string }
  | {
      readonly id: number;
      readonly method: 'install' | 'start' | 'stop' | 'clear' | 'logs';
      readonly engine: EngineName;
    }
  | { readonly id: number; readonly method: 'hello' | 'status' }
  | { readonly id: number; readonly method: 'shutdown'; readonly force: boolean }
  /** Gives up waiting for an earlier request. */
  | { readonly id: number; readonly method: 'cancel'; readonly request: number };

export type Reply =
  | { readonly id: number; readonly progress: Progress }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorReport };

/** What is needed to find a supervisor, kept in `.dej/supervisor.json`, readable by the owner only. */
export interface SupervisorFile {
  readonly pid: number;
  /** Tells the process from a later one with the same id. */
  readonly startedAt: string;
  readonly socketPath: string;
  /** Which build of the program it runs (see entry.ts). */
  readonly edition: string;
  /** Marks every process that it starts. */
  readonly marker: string;
  /** The engines' top processes, for those that rewrite their environment and so lose the marker. */
  readonly engines: readonly { readonly pid: number; readonly startedAt: string }[];
}

export function logPath(paths: Paths): string {
  return join(paths.state, 'logs', 'supervisor.log');
}

export function lockPath(paths: Paths): string {
  return join(paths.state, 'supervisor.lock');
}

export function toReport(error: unknown): ErrorReport {
  return reportOf(error);
}

/** The error on our side of the socket as it was on the other. */
export function fromReport({ kind, message, remedy, lastLines, logPath }: ErrorReport): Error {
  switch (kind) {
    case 'learner':
      return new LearnerError(message, remedy);
    case 'world':
      return new WorldError(message, { remedy, lastLines, logPath });
    case 'bug':
      return new Bug(message.replace(/^This is our mistake: /, ''));
  }
}
