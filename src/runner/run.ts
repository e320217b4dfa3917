import { extensionsIn } from '#src/engines/duckdb-extensions.ts';
import { type Address, type EngineName, type Progress } from '#src/engines/engine.ts';
import { environmentOf, type Environment } from '#src/engines/environment.ts';
import type { Lease, Supervisor } from '#src/engines/supervisor.ts';
import { Bug, reportOf } from '#src/error.ts';
import type { ExitState, RunEvent } from '#src/runner/event.ts';
import { bounded } from '#src/runner/bounded.ts';
import { runOnPostgres } from '#src/runner/postgres.ts';
import { playScene, type Harms } from '#src/runner/scene.ts';
import { runOnSpark } from '#src/runner/spark.ts';
import { runOnWorker } from '#src/runner/worker.ts';

/** One piece of code and all that it needs; nothing of an earlier run is seen by it. */
export interface RunRequest {
  readonly engine: EngineName;
  /** Engines it uses beside its own, each clean too; PostgreSQL's address comes as DATABASE_URL. */
  readonly with: readonly EngineName[];
  readonly data: string | undefined;
  /** PostgreSQL comes as a whole server of the block's own, and in a scene Kafka too. */
  readonly own?: boolean;
  /** Earlier blocks of the same session, run first and silently. */
  readonly before: readonly string[];
  readonly code: string;
  /** The code is a scene's, which several actors play. */
  readonly scene?: boolean;
}

export interface Limits {
  /** From the moment the code starts, engine start not counted. */
  readonly timeMs: number;
  /** Text and cells together. */
  readonly outputBytes: number;
  /** Rows shown of one result. */
  readonly rows: number;
}

export const DEFAULT_LIMITS: Limits = { timeMs: 60_000, outputBytes: 256 * 1024, rows: 1000 };

export type Emit = (event: Exclude<RunEvent, { type: 'exit' }>) => void;

export interface Outcome {
  readonly state: ExitState;
  readonly elapsedMs: number;
  /** Where it ran, when that is not where one would look for it. */
  readonly note?: string | undefined;
}

/** Runs code in a clean place on its engine. Never throws: trouble is an event and the state `unknown`. */
export async function run(
  request: RunRequest,
  supervisor: Pick<Supervisor, 'lease'>,
  emit: Emit,
  options: { limits?: Limits; signal?: AbortSignal | undefined } = {},
): Promise<Outcome> {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const leases: Lease[] = [];
  const harms: Harms = new Map();
  const onProgress = (progress: Progress): void => emit({ type: 'progress', ...progress });
  let startedMs: number | undefined;
  const elapsed = (): number => (startedMs === undefined ? 0 : performance.now() - startedMs);
  const stopper = new AbortController();
  const onStop = (): void => stopper.abort('stopped');
  options.signal?.addEventListener('abort', onStop, { once: true });
  if (options.signal?.aborted === true) stopper.abort('stopped');
  let timer: AbortSignal | undefined;
  try {
    const lease = async (engine: EngineName, data: string | undefined): Promise<Address> => {
      const extensions = engine === 'duckdb' ? extensionsIn([...request.before, request.code].join(';\n')) : [];
      const own = request.own === true && (engine === 'postgres' || (engine === 'kafka' && request.scene === true));
      const documents = [...request.before, request.code].some((code) => code.includes('MONGODB_DATABASE'));
      const asked = { data, extensions, own, documents };
      const taken = await supervisor.lease(engine, asked, { onProgress, signal: stopper.signal });
      leases.push(taken);
      harms.set(engine, (harm) => taken.harm(harm));
      return taken.address;
    };
    const [engine, ...others] = enginesOf(request);
    const address = await lease(engine, request.data);
    const addresses = new Map([[engine, address]]);
    for (const other of others) addresses.set(other, await lease(other, request.data));
    const env = Object.assign({}, ...others.map((other) => environmentOf(addresses.get(other)))) as Environment;
    timer = AbortSignal.timeout(limits.timeMs);
    const signal = AbortSignal.any([stopper.signal, timer]);
    startedMs = performance.now();
    const { emit: emitBounded, flush } = bounded(emit, limits.outputBytes);
    const execution = { ...request, env, limits, signal, emit: emitBounded };
    const ok = await (request.scene === true ? playScene(addresses, harms, execution) : runAt(address, execution));
    flush();
    if (stopper.signal.aborted) return { state: 'stopped', elapsedMs: elapsed() };
    return { state: ok ? 'ok' : 'error', elapsedMs: elapsed(), note: noteOf(leases) };
  } catch (error) {
    if (stopper.signal.aborted) return { state: 'stopped', elapsedMs: elapsed() };
    if (timer?.aborted === true) return { state: 'timeout', elapsedMs: elapsed() };
    const { message, remedy, lastLines } = reportOf(error);
    emit({ type: 'trouble', message, remedy, lastLines });
    return { state: 'unknown', elapsedMs: elapsed() };
  } finally {
    options.signal?.removeEventListener('abort', onStop);
    // What was written counts even when the sandbox can't be thrown away in order; the supervisor does it at the latest
    // when our connection closes.
    await Promise.allSettled(leases.map((lease) => lease[Symbol.asyncDispose]()));
  }
}

function noteOf(leases: readonly Lease[]): string | undefined {
  return leases.map(({ note }) => note).find((note) => note !== undefined);
}

export interface Execution {
  readonly code: string;
  readonly before: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  /** The servers are the block's own. */
  readonly own?: boolean;
  readonly emit: Emit;
}

/** Where the code runs, and what it has beside it. Python that uses Spark runs where Spark's client is installed. */
function enginesOf({ engine, with: others, scene }: RunRequest): readonly [EngineName, ...EngineName[]] {
  // The clients of Kafka in a scene are processes of Python.
  if (scene === true)
    return [engine, ...others, ...([engine, ...others].includes('kafka') ? (['python'] as const) : [])];
  const isPyspark = engine === 'pyspark' || (engine === 'python' && others.includes('spark'));
  return isPyspark ? ['pyspark', ...new Set([...others, 'spark' as const])] : [engine, ...others];
}

function runAt(address: Address, execution: Execution): Promise<boolean> {
  switch (address.kind) {
    case 'worker':
      return runOnWorker(address, { ...execution, env: { ...address.env, ...execution.env } });
    case 'postgres':
      return runOnPostgres(address, execution);
    case 'service': {
      const { engine, env, worker } = address;
      if (engine === 'spark') return runOnSpark(env['SPARK_REMOTE'] ?? '', execution);
      if (worker === undefined) throw new Bug(`${engine} runs no blocks of its own`);
      return runOnWorker({ kind: 'worker', engine, ...worker }, { ...execution, env: { ...env, ...execution.env } });
    }
  }
}
