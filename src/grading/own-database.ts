import { randomBytes } from 'node:crypto';

import { Client } from 'pg';

import type { Address } from '#src/engines/engine.ts';

type Database = Extract<Address, { kind: 'postgres' }>;

/** In a server of its own a program is still not the administrator: it owns one database, and may replicate. */
export async function ownDatabase(server: Database): Promise<Database> {
  const { host, port, user, password, database } = server;
  const admin = new Client({ host, port, user, password, database, ssl: false });
  admin.on('error', () => undefined);
  await admin.connect();
  const name = 'pipeline';
  const secret = randomBytes(18).toString('base64url');
  try {
    await admin.query(`CREATE ROLE ${name} LOGIN REPLICATION PASSWORD '${secret}' IN ROLE pg_read_all_stats`);
    await admin.query(`CREATE DATABASE ${name} OWNER ${name} STRATEGY wal_log`);
    // What the set-up left in memory would else decide when the first checkpoint is due.
    await admin.query('CHECKPOINT');
  } finally {
    await admin.end().catch(() => undefined);
  }
  return { ...server, user: name, password: secret, database: name };
}
