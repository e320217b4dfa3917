import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { toCsv, toJsonLines, toSql } from '#src/data/formats.ts';
import { DEFAULT_SHOP, shop, SHOP_VERSION, type ColumnKind, type ShopOptions, type Table } from '#src/data/shop.ts';
import { WorldError } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';

const prepared = new Map<string, Promise<string>>();

/**
 * The folder with the shop's files: `orders.csv`, `orders.jsonl`, `orders.parquet` … and `shop.sql`. Made once and
 * checked against its manifest at the first use in each process; a damaged folder is made anew.
 */
export function prepareShop(paths: Pick<Paths, 'cache'>, options: ShopOptions = DEFAULT_SHOP): Promise<string> {
  const folder = join(paths.cache, 'data', `shop-${SHOP_VERSION}-seed${options.seed}-size${options.size}`);
  const known = prepared.get(folder);
  if (known !== undefined) return known;
  const making = prepare(folder, options);
  prepared.set(folder, making);
  // A failure must not be remembered: the disk may have room by the next time.
  making.catch(() => prepared.delete(folder));
  return making;
}

async function prepare(folder: string, options: ShopOptions): Promise<string> {
  if (await isWhole(folder)) return folder;
  const suffix = randomBytes(4).toString('hex');
  const partial = `${folder}.${suffix}.partial`;
  try {
    await write(partial, shop(options));
    // Half a folder is never used: it gets its name last, and a damaged one is moved away before.
    if (!(await isWhole(folder))) await rename(folder, `${partial}.damaged`).catch(ignoreAbsent);
    await rename(partial, folder).catch(async (cause: unknown) => {
      // Who comes second takes the first one's.
      if (!(await isWhole(folder))) throw cause;
    });
    return folder;
  } catch (cause) {
    throw new WorldError(`the data set could not be put into ${folder}`, {
      remedy: 'Check that the disk has room and that the folder may be written.',
      cause,
    });
  } finally {
    // What can't be removed is in nobody's way, and must not hide why the work failed.
    for (const left of [partial, `${partial}.damaged`])
      await rm(left, { recursive: true, force: true }).catch(() => undefined);
  }
}

function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

async function write(folder: string, tables: readonly Table[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const table of tables) {
    await writeFile(join(folder, `${table.name}.csv`), toCsv(table));
    await writeFile(join(folder, `${table.name}.jsonl`), toJsonLines(table));
  }
  await writeFile(join(folder, 'shop.sql'), toSql(tables));
  await writeParquet(folder, tables);
  const names = ['shop.sql', ...tables.flatMap(({ name }) => [`${name}.csv`, `${name}.jsonl`, `${name}.parquet`])];
  const files = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await digest(join(folder, name))] as const)),
  );
  const rows = Object.fromEntries(tables.map((table) => [table.name, table.rows.length]));
  await writeFile(
    join(folder, 'manifest.json'),
    `${JSON.stringify({ version: SHOP_VERSION, rows, files }, undefined, 2)}\n`,
  );
}

const DUCKDB_TYPES: Record<ColumnKind, string> = {
  text: 'VARCHAR',
  integer: 'INTEGER',
  money: 'DECIMAL(10,2)',
  time: 'TIMESTAMP',
};

/** Through DuckDB, from the CSV files just written, so that all formats hold the same rows by construction. */
async function writeParquet(folder: string, tables: readonly Table[]): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  // One thread writes row groups in one order, which keeps the files the same from run to run.
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    for (const { name, columns } of tables) {
      const types = columns.map((column) => `'${column.name}': '${DUCKDB_TYPES[column.kind]}'`).join(', ');
      const from = quote(join(folder, `${name}.csv`));
      await connection.run(
        `COPY (SELECT * FROM read_csv(${from}, header = true, columns = {${types}})) TO ${quote(join(folder, `${name}.parquet`))} (FORMAT parquet)`,
      );
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function quote(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}

/** Whether every file is there as it was written. */
async function isWhole(folder: string): Promise<boolean> {
  try {
    const { files } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
      files: Record<string, string>;
    };
    const found = await Promise.all(
      Object.entries(files).map(async ([name, wanted]) => (await digest(join(folder, name))) === wanted),
    );
    return found.every((same) => same);
  } catch {
    return false;
  }
}

async function digest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
