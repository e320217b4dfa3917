import { randomBytes } from 'node:crypto';

import { Client } from 'pg';

import type { Address } from '#src/engines/engine.ts';

type Database = Extract<Address, { kind: 'postgres' }>;

/**
 * In a server of its own a program is still not the administrator: it owns the one database that is there already, for to make
 * another takes longer than all the rest, and may replicate. A kill is no loss of power, and nothing here can tell whether
 * the server asks the disk to keep what the system has: so it doesn't, and a run takes half the time.
 */
export async function ownDatabase(server: Database): Promise<Database> {
  const { host, port, user, password, database } = server;
  const admin = new Client({ host, port, user, password, database, ssl: false });
  admin.on('error', () => undefined);
  await admin.connect();
  const name = 'pipeline';
  const secret = randomBytes(18).toString('base64url');
  try {
    await admin.query(`ALTER SYSTEM SET fsync = off`);
    await admin.query('SELECT pg_reload_conf()');
    await admin.query(`CREATE ROLE ${name} LOGIN REPLICATION PASSWORD '${secret}' IN ROLE pg_read_all_stats`);
    await admin.query(`ALTER DATABASE ${database} OWNER TO ${name}`);
  } finally {
    await admin.end().catch(() => undefined);
  }
  return { ...server, user: name, password: secret };
}
