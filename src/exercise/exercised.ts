import type { EngineName } from '#src/engines/engine.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import type { Paths } from '#src/paths.ts';

/** The code that is tried, and what it is tried on. */
export interface Exercised {
  readonly engine: EngineName;
  /** Engines beside its own: PostgreSQL for a Python exercise that writes there. */
  readonly with: readonly EngineName[];
  readonly data: string | undefined;
  /** Each place gets a PostgreSQL server of its own. */
  readonly own: boolean;
  readonly code: string;
  /** What a message calls the code, like `payment-handler.py`. */
  readonly file: string;
  /** Of Python. */
  readonly interpreter: string;
  readonly supervisor: Pick<Supervisor, 'lease'>;
  readonly paths: Paths;
  /** Exists, and is removed by who made it. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with what the latest run of a case printed. */
  readonly printed: (lines: readonly string[]) => void;
}
