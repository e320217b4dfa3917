import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Client } from 'pg';

import { dataFolder } from '#src/engines/data.ts';
import type { Sandbox, SandboxRequest, StartContext } from '#src/engines/engine.ts';
import { WorldError } from '#src/error.ts';

/** Where the administrator connects. */
interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

interface Database {
  readonly name: string;
  readonly password: string;
}

/** Owns what the templates hold; every block's role is a member, so that it may change the tables it was given. */
const LEARNER = 'learner';
const BLANK = '';
const SPARES = 3;

/** Hands out databases copied from a template, each with a role of its own, and keeps spare ones ready. */
export class Databases {
  readonly #admin: Client;
  readonly #server: Server;
  readonly #context: StartContext;
  readonly #spares = new Map<string, Promise<Database>[]>();
  readonly #templates = new Map<string, Promise<string>>();
  #closed = false;

  constructor(admin: Client, server: Server, context: StartContext) {
    this.#admin = admin;
    this.#server = server;
    this.#context = context;
  }

  async prepare(): Promise<void> {
    await this.#admin.query(`CREATE ROLE ${LEARNER} NOLOGIN`);
    await this.#admin.query('REVOKE CONNECT, TEMPORARY ON DATABASE postgres FROM PUBLIC');
    this.#fill(BLANK);
  }

  async lease(request: SandboxRequest): Promise<Sandbox> {
    const kind = request.data ?? BLANK;
    const spare = this.#spares.get(kind)?.shift();
    const database = await (spare ?? this.#create(kind));
    this.#fill(kind);
    return {
      address: {
        kind: 'postgres',
        host: this.#server.host,
        port: this.#server.port,
        user: database.name,
        password: database.password,
        database: database.name,
      },
      close: () => this.#drop(database),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([...this.#spares.values()].flat());
  }

  #fill(kind: string): void {
    const ready = this.#spares.get(kind) ?? [];
    this.#spares.set(kind, ready);
    while (ready.length < SPARES && !this.#closed) {
      const database = this.#create(kind);
      ready.push(database);
      // A spare that could not be made is noticed by who needs one: it is made again then.
      database.catch(() => ready.splice(ready.indexOf(database), 1));
    }
  }

  async #create(kind: string): Promise<Database> {
    const name = `block_${randomBytes(6).toString('hex')}`;
    const password = randomBytes(18).toString('base64url');
    const template = await this.#template(kind);
    if (this.#closed) throw new WorldError('PostgreSQL is stopping', { remedy: 'Run the block again.' });
    await this.#admin.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}' IN ROLE ${LEARNER}`);
    await this.#admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} OWNER ${name} STRATEGY wal_log`);
    await this.#admin.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${name} FROM PUBLIC`);
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
    const sql = await readFile(join(await dataFolder(kind, this.#context.paths), `${kind}.sql`), 'utf8');
    const name = `template_${kind}`;
    await this.#admin.query(`DROP DATABASE IF EXISTS ${name}`);
    await this.#admin.query(`CREATE DATABASE ${name} OWNER ${LEARNER}`);
    const { default: pg } = await import('pg');
    const client = new pg.Client({ ...this.#server, database: name, ssl: false });
    await client.connect();
    try {
      await client.query(`SET ROLE ${LEARNER}`);
      await client.query(sql);
      await client.query('RESET ROLE');
      await client.query('ANALYZE');
    } finally {
      await client.end();
    }
    return name;
  }

  async #drop({ name }: Database): Promise<void> {
    if (this.#closed) return;
    await this.#admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await this.#admin.query(`DROP ROLE IF EXISTS ${name}`);
  }
}
