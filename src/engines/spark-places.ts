import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { Folders } from '#src/engines/data.ts';
import type { Sandbox, StartContext } from '#src/engines/engine.ts';
import { Made } from '#src/engines/made.ts';
import { writeRemote } from '#src/engines/spark-address.ts';
import { SparkClient } from '#src/engines/spark-client.ts';
import type { SparkServer } from '#src/engines/spark-server.ts';
import { WorldError } from '#src/error.ts';

interface Place {
  readonly remote: string;
  readonly database: string;
  /** Where its tables lie; undefined on a Spark that does not see our files. */
  readonly directory: string | undefined;
  readonly client: SparkClient;
}

interface Options {
  /** Private folders, where Spark runs on this machine. */
  readonly folders: Folders | undefined;
  readonly context: StartContext;
}

/**
 * Hands out sessions of Spark, each with a database of its own, whose tables lie in a folder of its own, and the data set as
 * views; one of a kind that was asked for is kept ready, since making one takes longer than a small query.
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
    const place = (await ready?.catch(() => undefined)) ?? (await this.#make(data));
    const { remote, database, directory } = place;
    const folder = directory === undefined ? {} : { SPARK_WAREHOUSE: join(directory, 'warehouse') };
    return {
      address: { kind: 'service', engine: 'spark', env: { SPARK_REMOTE: remote, SPARK_DATABASE: database, ...folder } },
      close: async () => {
        await this.#clear(place, data);
        this.#keep(data);
      },
    };
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
    if (data !== undefined && this.#options.folders === undefined)
      throw new WorldError(`the data ${data} lies on this machine, and your Spark (SPARK_REMOTE) may not see it`, {
        remedy: 'Unset SPARK_REMOTE for this block: then it runs on a Spark that is started here.',
      });
    const directory = await this.#options.folders?.take(data);
    const address = { ...this.#server, session: randomUUID() };
    const client = new SparkClient(address);
    const database = `block_${randomBytes(6).toString('hex')}`;
    await this.#made?.note(database);
    try {
      if (directory !== undefined) await mkdir(join(directory, 'warehouse'));
      const location = directory === undefined ? '' : ` LOCATION '${join(directory, 'warehouse')}'`;
      await client.sql(`CREATE DATABASE ${database}${location}`, 0);
      await client.sql(`USE ${database}`, 0);
      for (const view of directory === undefined || data === undefined ? [] : await viewsOf(directory))
        await client.sql(view, 0);
    } catch (error) {
      client.close();
      throw error;
    }
    return { remote: writeRemote(address), database, directory, client };
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

async function viewsOf(directory: string): Promise<string[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.parquet')).sort();
  return files.map((file) => {
    const path = join(directory, file).replaceAll('\\', '\\\\').replaceAll("'", "\\'");
    return `CREATE TEMPORARY VIEW ${basename(file, '.parquet')} USING parquet OPTIONS (path '${path}')`;
  });
}
