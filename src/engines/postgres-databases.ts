import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { dataFolder } from '#src/engines/data.ts';
import type { Sandbox, SandboxRequest, StartContext } from '#src/engines/engine.ts';
import { Admin } from '#src/engines/postgres-admin.ts';
import { LEARNER } from '#src/engines/postgres-cluster.ts';
import { connectAs, type ServerAddress } from '#src/engines/postgres-server.ts';

interface Database {
  readonly name: string;
  readonly password: string;
}

const BLANK = '';
const SPARES = 3;

/** Hands out databases copied from a template, each with a role of its own, and keeps spare ones ready. */
export class Databases {
  readonly #admin: Admin;
  /** Dropping writes all that is not on the disk yet, which may take seconds on a busy one; nobody waits behind it. */
  readonly #cleaner: Admin;
  readonly #server: ServerAddress;
  readonly #context: StartContext;
  readonly #spares = new Map<string, Promise<Database>[]>();
  readonly #templates = new Map<string, Promise<string>>();

  constructor(server: ServerAddress, context: StartContext) {
    this.#admin = new Admin(server);
    this.#cleaner = new Admin(server);
    this.#server = server;
    this.#context = context;
    this.#fill(BLANK);
  }

  async lease(request: SandboxRequest): Promise<Sandbox> {
    const kind = request.data ?? BLANK;
    const spare = this.#spares.get(kind)?.shift();
    // A spare that could not be made says nothing about a new one.
    const database =
      (await spare?.catch(() => undefined)) ?? (await this.#create(kind).catch(() => this.#create(kind)));
    this.#fill(kind);
    const { host, port } = this.#server;
    const { name, password } = database;
    return {
      address: { kind: 'postgres', host, port, user: name, password, database: name },
      close: () => this.#drop(name),
    };
  }

  close(): void {
    this.#admin.close();
    this.#cleaner.close();
  }

  #fill(kind: string): void {
    const ready = this.#spares.get(kind) ?? [];
    this.#spares.set(kind, ready);
    while (ready.length < SPARES) {
      const database = this.#create(kind);
      database.catch((error: unknown) => this.#context.log.write(`no spare database: ${String(error)}`));
      ready.push(database);
    }
  }

  async #create(kind: string): Promise<Database> {
    const template = await this.#template(kind);
    const name = `block_${randomBytes(6).toString('hex')}`;
    const password = randomBytes(18).toString('base64url');
    await this.#admin.execute([
      `CREATE ROLE ${name} LOGIN REPLICATION PASSWORD '${password}' IN ROLE ${LEARNER}`,
      `CREATE DATABASE ${name} TEMPLATE ${template} OWNER ${name} STRATEGY wal_log`,
      `REVOKE CONNECT, TEMPORARY ON DATABASE ${name} FROM PUBLIC`,
    ]);
    return { name, password };
  }

  /** The database that copies of this kind are made from. */
  #template(kind: string): Promise<string> {
    if (kind === BLANK) return Promise.resolve('template1');
    const made = this.#templates.get(kind) ?? this.#load(kind);
    this.#templates.set(kind, made);
    made.catch(() => this.#templates.delete(kind));
    return made;
  }

  async #load(kind: string): Promise<string> {
    this.#context.onProgress({ what: `Loading the data ${kind} into PostgreSQL` });
    const sql = await readFile(join(await dataFolder(kind, this.#context.paths), `${kind}.sql`), 'utf8');
    const name = `template_${kind}`;
    await this.#admin.execute([
      `DROP DATABASE IF EXISTS ${name}`,
      `CREATE DATABASE ${name}`,
      `REVOKE CONNECT, TEMPORARY ON DATABASE ${name} FROM PUBLIC`,
    ]);
    const client = await connectAs(this.#server, name);
    try {
      // The database itself stays the administrator's: whoever owned it could change what later blocks start from.
      await client.query(`GRANT CREATE ON SCHEMA public TO ${LEARNER}`);
      await client.query(`SET ROLE ${LEARNER}`);
      await client.query(sql);
      await client.query('RESET ROLE');
      await client.query(`REVOKE CREATE ON SCHEMA public FROM ${LEARNER}`);
      await client.query('VACUUM ANALYZE');
    } finally {
      await client.end();
    }
    return name;
  }

  async #drop(name: string): Promise<void> {
    // A slot that somebody reads from keeps its database; one that nobody reads from goes with it.
    const release = `DO $$ BEGIN
      FOR i IN 1..500 LOOP
        PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots
          WHERE database = '${name}' AND active_pid IS NOT NULL;
        EXIT WHEN NOT FOUND;
        PERFORM pg_sleep(0.01);
      END LOOP;
    END $$`;
    await this.#cleaner.execute([
      release,
      `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`,
      `DROP ROLE IF EXISTS ${name}`,
    ]);
  }
}
