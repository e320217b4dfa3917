import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { toCsv, toJsonLines, toSql } from '#src/data/formats.ts';
import { DEFAULT_SHOP, shop, SHOP_VERSION, type ColumnKind, type ShopOptions, type Table } from '#src/data/shop.ts';
import { WorldError } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';

/** The folder with the shop's files: `orders.csv`, `orders.jsonl`, `orders.parquet` … and `shop.sql`. Made once. */
export async function prepareShop(paths: Pick<Paths, 'cache'>, options: ShopOptions = DEFAULT_SHOP): Promise<string> {
  const folder = join(paths.cache, 'data', `shop-${SHOP_VERSION}-seed${options.seed}-size${options.size}`);
  if (existsSync(join(folder, 'manifest.json'))) return folder;
  const partial = `${folder}.${process.pid}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const tables = shop(options);
  for (const table of tables) {
    await writeFile(join(partial, `${table.name}.csv`), toCsv(table));
    await writeFile(join(partial, `${table.name}.jsonl`), toJsonLines(table));
  }
  await writeFile(join(partial, 'shop.sql'), toSql(tables));
  await writeParquet(partial, tables);
  await writeFile(join(partial, 'manifest.json'), JSON.stringify(await manifest(partial, tables), undefined, 2));
  // Half a folder is never used: it gets its name last. Who comes second takes the first one's.
  await rename(partial, folder).catch(async (cause: unknown) => {
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(join(folder, 'manifest.json'))) {
      throw new WorldError(`the data set could not be put into ${folder}`, { remedy: 'Check that the disk has room and the folder may be written.', cause });
    }
  });
  return folder;
}

const DUCKDB_TYPES: Record<ColumnKind, string> = { text: 'VARCHAR', integer: 'INTEGER', money: 'DECIMAL(10,2)', time: 'TIMESTAMP' };

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
      await connection.run(`COPY (SELECT * FROM read_csv(${from}, header = true, columns = {${types}})) TO ${quote(join(folder, `${name}.parquet`))} (FORMAT parquet)`);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function quote(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}

async function manifest(folder: string, tables: readonly Table[]) {
  const files: Record<string, { rows: number; sha256: string }> = {};
  for (const { name, rows } of tables) {
    for (const suffix of ['csv', 'jsonl', 'parquet']) {
      const file = `${name}.${suffix}`;
      const sha256 = createHash('sha256').update(await readFile(join(folder, file))).digest('hex');
      files[file] = { rows: rows.length, sha256 };
    }
  }
  return { version: SHOP_VERSION, files };
}
