import type { HistoryEvent } from '#src/faults/history.ts';
import type { Schedule } from '#src/faults/schedule.ts';
import { Bug } from '#src/error.ts';
import type { Exit } from '#src/process.ts';

export interface AttackOptions {
  readonly schedule: Schedule;
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** The program's environment; addresses of engines are added. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the proxy leads; the program's DATABASE_URL leads to the proxy. */
  readonly postgres?: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
  };
  /** What the HTTP source holds and how it misbehaves. */
  readonly http?: unknown;
  /** Folders whose changed files are noted at every point. */
  readonly watch?: readonly string[];
  readonly deadlineMs: number;
  /** The exit code with which the program is done; after a fault it is started until it ends so. */
  readonly expectedExit?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Attacked {
  readonly history: readonly HistoryEvent[];
  /** One for each start. */
  readonly exits: readonly Exit[];
  /** For each fault of the schedule. */
  readonly fired: readonly boolean[];
  readonly ended: 'completed' | 'crashed' | 'deadline' | 'stopped';
  /** What the program printed last, newest last. */
  readonly lastLines: readonly string[];
  /** All that it printed, bounded. */
  readonly output: string;
  readonly http?: unknown;
}

/** Runs a program to its end under a schedule: after a fault that ends it, it is started again. */
export function attack(options: AttackOptions): Promise<Attacked> {
  return Promise.reject(new Bug(`nothing attacks ${options.argv.join(' ')} yet`));
}
