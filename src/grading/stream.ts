import type { Client } from 'pg';

import { until } from '#src/deadline.ts';
import type { Hit } from '#src/faults/postgres-proxy.ts';
import type { StreamOptions } from '#src/faults/stream.ts';

/** For a program that runs until it is told to stop (SIGTERM, then `graceMs`). */
export interface StreamPlan {
  /** How long it may take to end; five seconds where it isn't given. */
  readonly graceMs?: number;
  /**
   * Feeds the program, beside all its starts, and resolves when all that went in has come out: then it is told to stop
   * and what it left is judged. It waits for conditions alone; a deadline ends it from outside.
   */
  drive(driver: StreamDriver): Promise<void>;
  /** What is done between a fault `lose`, which has killed the program, and its next start. */
  lose?(driver: StreamDriver): Promise<void>;
  /** Called at every point of every boundary of the program, while what passes there is held. */
  at?(hit: Hit, driver: StreamDriver): Promise<void>;
}

/** What a stage may do beside the running program. */
export interface StreamDriver {
  /** One transaction on PostgreSQL, carried out once even where the server dies meanwhile. */
  write(...statements: readonly string[]): Promise<void>;
  /** Begins a transaction and leaves it open; what comes back commits it. */
  hold(...statements: readonly string[]): Promise<() => Promise<void>>;
  /**
   * Waits until the first column of the answer is true, or no longer than this; says whether it is. A server that is away
   * is waited for, too. A fault that strikes meanwhile begins the wait anew: what was true before may not be true any more.
   */
  until(what: string, sql: string, atMostMs: number): Promise<boolean>;
  /** What a query gives now; none where the server or a table is away. */
  ask(sql: string): Promise<readonly Record<string, unknown>[]>;
}

/** Longer than any run may take: the run's own deadline ends the wait. */
const FOR_EVER_MS = 3_600_000;

/** Writes what was fed, so that a transaction whose answer a crash swallowed is not repeated. */
export const FED_TABLE = ['CREATE SCHEMA grader', 'CREATE TABLE grader.fed (n int PRIMARY KEY)'];

const GRACE_MS = 5000;
const LOCK_MS = 200;

/** The plan's stream as an attack takes it. */
export function streamOf(
  plan: StreamPlan,
  connect: () => Promise<Client>,
): {
  readonly options: StreamOptions;
  readonly onHit: ((hit: Hit) => Promise<void>) | undefined;
  onLose(): Promise<void>;
  close(): Promise<void>;
} {
  let over: AbortSignal | undefined;
  let strikes: Struck = () => 0;
  const driver = openDriver(
    connect,
    () => over,
    () => strikes(),
  );
  return {
    options: {
      graceMs: plan.graceMs ?? GRACE_MS,
      drive: (signal, isCalm, struck) => {
        over = signal;
        strikes = () => (isCalm() ? struck() : undefined);
        return plan.drive(driver);
      },
    },
    onHit: plan.at === undefined ? undefined : async (hit) => plan.at?.(hit, driver),
    onLose: async () => plan.lose?.(driver),
    close: () => driver.close(),
  };
}

/** How many faults have struck; undefined while what is there may be about to change. */
type Struck = () => number | undefined;

/** Asks until the answer is yes and holds, or long enough after the last fault. */
function steadily(seen: () => Promise<boolean>, struck: Struck, atMostMs: number) {
  let [before, sinceMs] = [struck(), performance.now()];
  return async (): Promise<'yes' | 'no' | undefined> => {
    const isTrue = await seen();
    const now = struck();
    if (now === undefined) return undefined;
    if (now === before) return isTrue ? 'yes' : performance.now() - sinceMs > atMostMs ? 'no' : undefined;
    [before, sinceMs] = [now, performance.now()];
    return undefined;
  };
}

export interface OpenDriver extends StreamDriver {
  close(): Promise<void>;
}

/** Over connections of its own, made anew where one broke. */
export function openDriver(
  connect: () => Promise<Client>,
  signal: () => AbortSignal | undefined,
  struck: Struck,
): OpenDriver {
  const { ask, close } = openAsker(connect);
  const held = new Set<Client>();
  let fed = 0;
  const wait = async <T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> =>
    until(what, probe, { deadlineMs: FOR_EVER_MS, everyMs: 5, mostMs: 40, signal: signal() });
  return {
    ask: async (sql) => (await ask(sql)) ?? [],
    until: async (what, sql, atMostMs) => {
      const seen = async (): Promise<boolean> => Object.values((await ask(sql))?.[0] ?? {})[0] === true;
      return (await wait(what, steadily(seen, struck, atMostMs))) === 'yes';
    },
    write: async (...statements) => {
      const n = ++fed;
      const mark = `INSERT INTO grader.fed VALUES (${n})`;
      await wait('PostgreSQL taking what is fed', async () => {
        if (((await ask(`SELECT 1 FROM grader.fed WHERE n = ${n}`)) ?? []).length > 0) return true;
        return (await ask(['BEGIN', ...statements, mark, 'COMMIT'].join(';\n'))) !== undefined;
      });
    },
    hold: async (...statements) => {
      const client = await connect();
      held.add(client);
      await client.query(['BEGIN', ...statements].join(';\n'));
      return async () => {
        await client.query('COMMIT');
        held.delete(client);
        await client.end();
      };
    },
    close: async () => {
      for (const client of held) await client.end().catch(() => undefined);
      await close();
    },
  };
}

/** Asks one question after the other over one connection, whoever asks; what comes back is undefined where the server is away. */
function openAsker(connect: () => Promise<Client>) {
  let known: Promise<Client> | undefined;
  let asking: Promise<unknown> = Promise.resolve();
  let isClosed = false;
  // The program may hold a lock until a commit that is held while something is written here.
  const opened = async (): Promise<Client> => {
    const client = await connect();
    await client.query(`SET lock_timeout = '${LOCK_MS}ms'`);
    return client;
  };
  const end = async (): Promise<void> => {
    await (await known?.catch(() => undefined))?.end().catch(() => undefined);
    known = undefined;
  };
  const askNow = async (sql: string): Promise<Record<string, unknown>[] | undefined> => {
    // A question that nobody waits for any longer would open a connection that nobody closes.
    if (isClosed) return undefined;
    try {
      known ??= opened();
      return (await (await known).query<Record<string, unknown>>(sql)).rows;
    } catch (error) {
      // A mistake in the statement itself is the author's; only a server that is away is waited for.
      const code = (error as { code?: string }).code ?? '';
      if (/^(22|23|25|28|42|3F)/.test(code)) {
        if (!/^(42P01|42703|3F000)$/.test(code)) throw error;
        return undefined;
      }
      await end();
      return undefined;
    }
  };
  return {
    ask: (sql: string): Promise<Record<string, unknown>[] | undefined> => {
      const answer = asking.then(() => askNow(sql));
      asking = answer.catch(() => undefined);
      return answer;
    },
    close: async (): Promise<void> => {
      isClosed = true;
      await asking;
      await end();
    },
  };
}
