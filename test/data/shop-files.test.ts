import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

import { prepareShop } from '#src/data/shop-files.ts';
import { shop } from '#src/data/shop.ts';
import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';

const SMALL = { seed: 7, size: 50 };
const TABLES = shop(SMALL).map(({ name }) => name);

async function cacheFolder(t: test.TestContext): Promise<string> {
  const cache = await mkdtemp(join(tmpdir(), 'dej-shop-'));
  t.after(() => rm(cache, { recursive: true, force: true }));
  return cache;
}

async function database(t: test.TestContext): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  t.after(() => {
    connection.closeSync();
    instance.closeSync();
  });
  return connection;
}

/** Another process, because one process remembers what it has prepared. */
async function prepareElsewhere(cache: string): Promise<string> {
  const script = `
    import { prepareShop } from '#src/data/shop-files.ts';
    console.log(await prepareShop({ cache: ${JSON.stringify(cache)} }, ${JSON.stringify(SMALL)}));
  `;
  const { stdout, stderr } = await capture([process.execPath, '--input-type=module-typescript', '-e', script], {
    cwd: ownRoot(),
  });
  assert.notEqual(stdout, '', stderr);
  return stdout.trim();
}

test('the same rows stand in Parquet, CSV, JSON lines and SQL', async (t) => {
  const cache = await cacheFolder(t);
  const folder = await prepareShop({ cache }, SMALL);
  const connection = await database(t);
  await connection.run(await readFile(join(folder, 'shop.sql'), 'utf8'));
  for (const table of shop(SMALL)) {
    const order = table.primaryKey.join(', ');
    const types = await connection.runAndReadAll(
      `SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '${table.name}'`,
    );
    const schema = types
      .getRows()
      .map(([name, type]) => `'${String(name)}': '${String(type)}'`)
      .join(', ');
    const read = async (source: string): Promise<string[][]> => {
      const result = await connection.runAndReadAll(`SELECT * FROM ${source} ORDER BY ${order}`);
      return result.getRows().map((row) => row.map(String));
    };
    const file = (suffix: string): string => `'${join(folder, `${table.name}.${suffix}`)}'`;
    const fromSql = await read(table.name);
    assert.equal(fromSql.length, table.rows.length, table.name);
    assert.deepEqual(await read(`read_parquet(${file('parquet')})`), fromSql, `${table.name}.parquet`);
    assert.deepEqual(await read(`read_csv(${file('csv')}, columns = {${schema}})`), fromSql, `${table.name}.csv`);
    assert.deepEqual(await read(`read_json(${file('jsonl')}, columns = {${schema}})`), fromSql, `${table.name}.jsonl`);
  }
});

test('sums over money agree to the cent with the rows they were made from', async (t) => {
  const folder = await prepareShop({ cache: await cacheFolder(t) }, SMALL);
  const connection = await database(t);
  const amounts =
    shop(SMALL)
      .find(({ name }) => name === 'orders')
      ?.rows.map((row) => Number(row.at(-1))) ?? [];
  const total = amounts.reduce((sum, amount) => sum + amount, 0);
  for (const suffix of ['parquet', 'csv', 'jsonl']) {
    const result = await connection.runAndReadAll(
      `SELECT CAST(sum(CAST(amount AS DECIMAL(10,2))) * 100 AS BIGINT) FROM '${join(folder, `orders.${suffix}`)}'`,
    );
    assert.equal(Number(result.getRows()[0]?.[0]), total, suffix);
  }
});

test('what a reader guesses from the Parquet files is what the SQL declares', async (t) => {
  const folder = await prepareShop({ cache: await cacheFolder(t) }, SMALL);
  const connection = await database(t);
  const result = await connection.runAndReadAll(`DESCRIBE SELECT * FROM '${join(folder, 'orders.parquet')}'`);
  assert.deepEqual(
    result.getRows().map(([name, type]) => `${String(name)} ${String(type)}`),
    [
      'order_id VARCHAR',
      'customer_id VARCHAR',
      'ordered_at TIMESTAMP',
      'status VARCHAR',
      'coupon VARCHAR',
      'amount DECIMAL(10,2)',
    ],
  );
});

test('processes that prepare at once share one whole folder, and nothing half-made stays', async (t) => {
  const cache = await cacheFolder(t);
  const folders = await Promise.all([
    prepareElsewhere(cache),
    prepareElsewhere(cache),
    prepareShop({ cache }, SMALL),
    prepareShop({ cache }, SMALL),
  ]);
  assert.equal(new Set(folders).size, 1);
  assert.deepEqual(await readdir(join(cache, 'data')), ['shop-2-seed7-size50']);
  const files = [
    'manifest.json',
    'shop.sql',
    ...TABLES.flatMap((name) => [`${name}.csv`, `${name}.jsonl`, `${name}.parquet`]),
  ];
  assert.deepEqual((await readdir(folders[0])).toSorted(), files.toSorted());
});

test('a damaged or unfinished folder is made anew', async (t) => {
  const cache = await cacheFolder(t);
  const folder = await prepareElsewhere(cache);
  const whole = await readFile(join(folder, 'orders.csv'), 'utf8');
  await writeFile(join(folder, 'orders.csv'), whole.slice(0, 100));
  await prepareElsewhere(cache);
  assert.equal(await readFile(join(folder, 'orders.csv'), 'utf8'), whole);
  await rm(join(folder, 'manifest.json'));
  await rm(join(folder, 'events.parquet'));
  await prepareElsewhere(cache);
  assert.ok((await readdir(folder)).includes('events.parquet'));
  assert.deepEqual(await readdir(join(cache, 'data')), ['shop-2-seed7-size50']);
});

test('the files are the same bytes wherever they are made', async (t) => {
  const manifests = await Promise.all(
    [await cacheFolder(t), await cacheFolder(t)].map(async (cache) =>
      readFile(join(await prepareShop({ cache }, SMALL), 'manifest.json'), 'utf8'),
    ),
  );
  assert.equal(manifests[0], manifests[1]);
});

test('a cache that can’t be written is the world’s fault, with the folder named', async (t) => {
  const cache = await cacheFolder(t);
  await writeFile(join(cache, 'data'), 'in the way');
  await assert.rejects(prepareShop({ cache }, SMALL), /the data set could not be put into .*shop-2-seed7-size50/);
  // And it is not remembered.
  await rm(join(cache, 'data'));
  await prepareShop({ cache }, SMALL);
});
