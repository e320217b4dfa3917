import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { sparkViews, type Folders } from '#src/engines/data.ts';
import type { Sandbox, StartContext } from '#src/engines/engine.ts';
import { Made } from '#src/engines/made.ts';
import { writeRemote } from '#src/engines/spark-address.ts';
import { SparkClient } from '#src/engines/spark-client.ts';
import type { SparkServer } from '#src/engines/spark-server.ts';

interface Place {
  readonly remote: string;
  readonly database: string;
  /** A folder of ours; undefined on a Spark that may not see our files. */
  readonly directory: string | undefined;
  /** Where its tables lie, as Spark writes it. */
  readonly warehouse: string;
  readonly client: SparkClient;
}

interface Options {
  /** Private folders, where Spark runs on this machine. */
  readonly folders: Folders | undefined;
  readonly context: StartContext;
}

/**
 * Hands out sessions of Spark, each with a database of its own, whose tables lie in a folder of its own, and the data set as
 * views: of its files, or of the rows themselves where Spark does not see them. One of a kind that was asked for is kept
 * ready, since making one takes longer than a small query.
 */
export class SparkPlaces {
  readonly #server: SparkServer;
  readonly #options: Options;
  readonly #made: Made | undefined;
  readonly #ready = new Map<string, Promise<Place>>();
  readonly #admin: SparkClient;
  #isOver = false;

  constructor(server: SparkServer, options: Options) {
    this.#server = server;
    this.#options = options;
    this.#admin = new SparkClient({ ...server, session: randomUUID() });
    const where = { kind: 'spark', where: `${server.host}:${server.port}` };
    const isYours = options.folders === undefined;
    this.#made = isYours ? new Made(options.context, where, (name) => this.#drop(name)) : undefined;
  }

  /** Makes the first one, by which all that is slow the first time is done. */
  async prepare(): Promise<void> {
    await this.#made?.removeLeft();
    this.#keep(undefined);
    await this.#ready.get('');
  }

  async lease(data: string | undefined): Promise<Sandbox> {
    const ready = this.#ready.get(data ?? '');
    this.#ready.delete(data ?? '');
    // One that could not be made ahead says nothing about a new one.
    const made = await ready?.catch(() => undefined);
    const isThere = made !== undefined && (await this.#isThere(made));
    const place = isThere ? made : await this.#make(data);
    const { remote, database, warehouse } = place;
    const env = { SPARK_REMOTE: remote, SPARK_DATABASE: database, SPARK_WAREHOUSE: warehouse };
    return {
      address: { kind: 'service', engine: 'spark', env },
      close: async () => {
        await this.#clear(place, data);
        this.#keep(data);
      },
    };
  }

  /** A server that is not ours may have been started anew meanwhile, and nobody told us. */
  async #isThere({ client, database, directory }: Place): Promise<boolean> {
    if (directory !== undefined) return true;
    const current = await client.sql('SELECT current_database()', 1).catch(() => undefined);
    return current?.rows[0]?.[0] === database;
  }

  /** Nothing is cleared up any more where the server is thrown away as a whole. */
  async close(isWhole: boolean): Promise<void> {
    this.#isOver = true;
    const places = await Promise.allSettled(this.#ready.values());
    for (const place of places) {
      if (place.status === 'rejected') continue;
      if (!isWhole) await this.#clear(place.value, undefined);
      place.value.client.close();
    }
    if (!isWhole) await this.#admin.release().catch(() => undefined);
    this.#admin.close();
  }

  #keep(data: string | undefined): void {
    if (this.#isOver || this.#ready.has(data ?? '')) return;
    const place = this.#make(data);
    place.catch((error: unknown) => this.#options.context.log.write(`no session ahead: ${String(error)}`));
    this.#ready.set(data ?? '', place);
  }

  async #make(data: string | undefined): Promise<Place> {
    const directory = await this.#options.folders?.take(data);
    const views = data === undefined ? [] : await (directory === undefined ? sparkViews(data) : viewsOf(directory));
    const address = { ...this.#server, session: randomUUID() };
    const client = new SparkClient(address);
    const database = `block_${randomBytes(6).toString('hex')}`;
    await this.#made?.note(database);
    try {
      const warehouse = await makeDatabase(client, database, directory);
      for (const view of views) await client.sql(view, 0);
      return { remote: writeRemote(address), database, directory, warehouse, client };
    } catch (error) {
      client.close();
      throw error;
    }
  }

  async #clear({ client, database, directory }: Place, data: string | undefined): Promise<void> {
    const log = (error: unknown): void => this.#options.context.log.write(`clearing up ${database}: ${String(error)}`);
    // A block may have ended its session itself.
    await client.release().catch(log);
    client.close();
    await (this.#made?.remove(database) ?? this.#drop(database)).catch(log);
    if (directory !== undefined) await this.#options.folders?.giveBack(directory, data);
  }

  async #drop(database: string): Promise<void> {
    await this.#admin.sql(`DROP DATABASE IF EXISTS ${database} CASCADE`, 0);
  }
}

/** Makes it the session's own and tells where its tables lie: in our folder, or where Spark keeps them. */
async function makeDatabase(client: SparkClient, name: string, directory: string | undefined): Promise<string> {
  const own = directory === undefined ? undefined : join(directory, 'warehouse');
  if (own !== undefined) await mkdir(own);
  await client.sql(`CREATE DATABASE ${name}${own === undefined ? '' : ` LOCATION '${own}'`}`, 0);
  await client.sql(`USE ${name}`, 0);
  if (own !== undefined) return own;
  const { rows } = await client.sql(`DESCRIBE DATABASE ${name}`, 20);
  return rows.find(([what]) => what === 'Location')?.[1] ?? '';
}

async function viewsOf(directory: string): Promise<string[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.parquet')).sort();
  return files.map((file) => {
    const path = join(directory, file).replaceAll('\\', '\\\\').replaceAll("'", "\\'");
    return `CREATE TEMPORARY VIEW ${basename(file, '.parquet')} USING parquet OPTIONS (path '${path}')`;
  });
}
