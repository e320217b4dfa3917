import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Client } from 'pg';

import { dataFolder } from '#src/engines/data.ts';
import type { Running, Sandbox, SandboxRequest, StartContext } from '#src/engines/engine.ts';
import { Made } from '#src/engines/made.ts';
import type { OwnServers } from '#src/engines/postgres-own.ts';
import { sslFor, type YourServer } from '#src/engines/postgres-address.ts';
import { WorldError } from '#src/error.ts';

const REMEDY =
  'Check DATABASE_URL: its user must be allowed to make databases (CREATEDB). Without DATABASE_URL a server is started here.';

/** A server that is there answers at once; only the way to it may be long. */
const CONNECT_MS = 15_000;

/** The learner's own PostgreSQL: each block has a database of its own there, and nothing else is touched. */
export async function useServer(server: YourServer, context: StartContext, own: OwnServers): Promise<Running> {
  const at = `${server.host}:${server.port}`;
  context.onProgress({ what: `Connecting to PostgreSQL at ${at}` });
  const version = await asAdmin(server, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version.replace(/ .*/, '') ?? '';
  });
  const made = new Made(context, { kind: 'postgres', where: at }, (name) => dropDatabase(server, name));
  await made.removeLeft();
  return {
    state: 'running',
    version,
    at,
    pids: () => [],
    died: new Promise(() => undefined),
    // What is done to a server of a block's own is never done to yours.
    sandbox: (request) => (request.own === true ? own.take(request) : take({ server, made, context }, request)),
    stop: () => own.close(),
  };
}

interface Yours {
  readonly server: YourServer;
  readonly made: Made;
  readonly context: StartContext;
}

async function take({ server, made, context }: Yours, request: SandboxRequest): Promise<Sandbox> {
  const sql = request.data === undefined ? undefined : await dataSql(request.data, context);
  const name = `block_${randomBytes(6).toString('hex')}`;
  const close = (): Promise<void> => made.remove(name);
  await made.note(name);
  try {
    await asAdmin(server, (client) => client.query(`CREATE DATABASE ${name}`));
    if (sql !== undefined) await connected({ ...server, database: name }, (client) => client.query(sql));
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  const { host, port, user, password, sslmode, sslrootcert } = server;
  return { address: { kind: 'postgres', host, port, user, password, database: name, sslmode, sslrootcert }, close };
}

async function dropDatabase(server: YourServer, name: string): Promise<void> {
  await asAdmin(server, async (client) => {
    // What reads from a slot keeps its database.
    await client.query(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = '${name}' AND active`,
    );
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  });
}

async function dataSql(data: string, { paths }: StartContext): Promise<string> {
  return readFile(join(await dataFolder(data, paths), `${data}.sql`), 'utf8');
}

async function asAdmin<T>(server: YourServer, work: (client: Client) => Promise<T>): Promise<T> {
  try {
    return await connected(server, work);
  } catch (cause) {
    const where = `${server.host}:${server.port}`;
    throw new WorldError(`PostgreSQL at ${where} (DATABASE_URL): ${(cause as Error).message}`, {
      remedy: REMEDY,
      cause,
    });
  }
}

async function connected<T>(server: YourServer, work: (client: Client) => Promise<T>): Promise<T> {
  const { default: pg } = await import('pg');
  const { host, port, user, password, database } = server;
  const ssl = sslFor(server);
  const to = { host, port, user, password, database, ssl };
  const client = new pg.Client({ ...to, application_name: 'journal', connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
