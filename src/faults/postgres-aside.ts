import { Client } from 'pg';

import { until } from '#src/deadline.ts';
import { sslFor } from '#src/engines/postgres-address.ts';
import { WorldError } from '#src/error.ts';
import { lsnText } from '#src/faults/postgres-replication.ts';
import type { Upstream } from '#src/faults/postgres-upstream.ts';

/** A server that takes a connection and says nothing is not waited for longer. */
const ANSWER_MS = 10_000;

/** Names, in lower case, of the functions outside the system's own that PostgreSQL calls volatile. */
export async function functionsThatMayWrite(upstream: Upstream, answerMs = ANSWER_MS): Promise<Set<string>> {
  const client = await connected(upstream, answerMs);
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT DISTINCT lower(proname) AS name FROM pg_proc WHERE provolatile = 'v'
       AND pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`,
    );
    return new Set(rows.map(({ name }) => name));
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Resolves when none of these processes of the server is left. */
export async function ended(upstream: Upstream, backends: ReadonlySet<number>): Promise<void> {
  const client = await connected(upstream);
  const sql = `SELECT count(*) AS left FROM pg_stat_activity
    WHERE pid = ANY($1) AND backend_type IN ('client backend', 'walsender')`;
  try {
    await until(
      'end of the program’s connections to PostgreSQL',
      async () => Number((await client.query<{ left: string }>(sql, [[...backends]])).rows[0]?.left) === 0,
      { deadlineMs: 30_000, everyMs: 2 },
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Asks where slots stand, over one connection that is made anew where it broke. */
export class SlotWatch {
  readonly #upstream: Upstream;
  #client: Promise<Client> | undefined;

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  /** Up to where the slot is confirmed; undefined where there is no such slot, or no server to ask. */
  async flushOf(slot: string): Promise<bigint | undefined> {
    const rows = await this.#ask(
      "SELECT confirmed_flush_lsn - '0/0' AS at FROM pg_replication_slots WHERE slot_name = $1",
      [slot],
    );
    const at = rows?.[0]?.['at'];
    return typeof at === 'string' ? BigInt(at) : undefined;
  }

  /** Waits until the slot shows the confirmation; false where it never does. */
  async shows(slot: string, flush: bigint): Promise<boolean> {
    const sql = 'SELECT confirmed_flush_lsn >= $2::pg_lsn AS done FROM pg_replication_slots WHERE slot_name = $1';
    const look = async (): Promise<boolean> => (await this.#ask(sql, [slot, lsnText(flush)]))?.[0]?.['done'] === true;
    return until('slot', look, { deadlineMs: ANSWER_MS, everyMs: 1, mostMs: 10 }).catch(() => false);
  }

  async close(): Promise<void> {
    await (await this.#client?.catch(() => undefined))?.end().catch(() => undefined);
    this.#client = undefined;
  }

  async #ask(sql: string, values: readonly unknown[]): Promise<readonly Record<string, unknown>[] | undefined> {
    try {
      this.#client ??= connected(this.#upstream);
      return (await (await this.#client).query<Record<string, unknown>>(sql, [...values])).rows;
    } catch {
      await this.close();
      return undefined;
    }
  }
}

/** A server that can't be asked is the world's fault, and what the program did meanwhile tells nothing. */
async function connected(upstream: Upstream, answerMs = ANSWER_MS): Promise<Client> {
  const { host, port, user, password, database } = upstream;
  const limits = { connectionTimeoutMillis: answerMs, query_timeout: answerMs };
  const client = new Client({ host, port, user, password, database, ssl: sslFor(upstream), ...limits });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw new WorldError(`PostgreSQL can't be reached (${(error as Error).message})`, {
      remedy: 'Run it again: a new server is started.',
      cause: error,
    });
  }
}
