import assert from 'node:assert/strict';
import { connect as dial } from 'node:net';
import test from 'node:test';

import { until } from '#src/deadline.ts';
import type { Address } from '#src/engines/engine.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import type { Job } from '#src/engines/worker.ts';
import { signal, titled } from '#src/process.ts';
import { run } from '#src/runner/run.ts';
import { answerOf, begin, clone, runBlock, SOON, type Ran } from '#test/engines/clone.ts';
import { PROGRAMS } from '#test/engines/programs.ts';

/** One of every kind of value, and those that a careless conversion gets wrong. */
const VALUES = [
  ...['1.5::DOUBLE', '1e20::DOUBLE', '1e15::DOUBLE', '1e16::DOUBLE', '1e-5::DOUBLE', '100::DOUBLE / 3', '-0.0::DOUBLE'],
  ...["'nan'::DOUBLE", "'-inf'::DOUBLE", '0.1::FLOAT', '3.0::FLOAT', '16777216::FLOAT', '(1 / 3)::FLOAT'],
  ...['true', '5::UTINYINT', '9223372036854775807', '170141183460469231731687303715884105727::HUGEINT'],
  ...['12.30::DECIMAL(10, 2)', '-0.05::DECIMAL(10, 2)', '123456789012345678901234567890::DECIMAL(38, 0)', '0.1 + 0.2'],
  ...["DATE '2024-01-02'", "DATE '0044-03-15 (BC)'", "'infinity'::DATE", "TIME '03:04:05.5'", "'03:04:05+02'::TIMETZ"],
  ...["TIMESTAMP '2024-01-02 03:04:05'", "TIMESTAMP '2024-01-02 03:04:05.123456'", "'infinity'::TIMESTAMP"],
  ...[
    "TIMESTAMPTZ '2024-01-02 03:04:05+02'",
    "'2024-01-02 03:04:05'::TIMESTAMP_NS",
    "'2024-01-02 03:04:05.5'::TIMESTAMP_MS",
  ],
  ...['INTERVAL 1 DAY', "INTERVAL '1 year 2 months 3 days 04:05:06.7'", 'INTERVAL (-90) MINUTE'],
  ...[
    '[1, 2, NULL]',
    "['a', 'b c', NULL]",
    "['it''s', 'x,y', '']",
    '[1.0::DOUBLE]',
    '[[1], []]',
    '[1, 2]::INTEGER[2]',
    '[]',
  ],
  ...[
    "[TIMESTAMP '2024-01-02 03:04:05']",
    "{'a': 1, 'b': 'x y'}",
    "{'a b': 1, 'c''d': NULL}",
    "map {'k': 1}",
    '(1, 2)',
    "[row(1, 'a')]",
  ],
  ...[
    "'\\xAA\\x00a'::BLOB",
    "'00000000-0000-0000-0000-000000000001'::UUID",
    "'101'::BIT",
    "'small'::ENUM('small', 'big')",
  ],
  ...['union_value(n := 5)', '\'{"a": 1}\'::JSON', 'NULL', "''", "'é\n\t'"],
];

await test('DuckDB', async (t) => {
  const place = await clone(t);
  await using supervisor = await place.connect();
  for (const part of [values, results, errors, settings, extensions, leases, crash])
    await part(t, supervisor, place.paths.state);
});

async function values(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('prints every value as its own cast to text does', async () => {
    const code = VALUES.map((value) => `SELECT ${value} AS v, CAST(${value} AS VARCHAR) AS text;`).join('\n');
    const ran = await runBlock(supervisor, 'duckdb', code);
    assert.equal(ran.state, 'ok', JSON.stringify(ran.events.at(-1)));
    const rows = tables(ran).map(({ rows }) => rows[0]);
    assert.equal(rows.length, VALUES.length);
    for (const [i, row] of rows.entries()) assert.equal(row?.[0], row?.[1], VALUES[i]);
  });
  await t.test('knows which columns are numbers', async () => {
    const ran = await runBlock(
      supervisor,
      'duckdb',
      "SELECT 1 AS a, 1.5 AS b, 'x' AS c, DATE '2024-01-02' AS d, 1::UHUGEINT AS e",
    );
    assert.deepEqual(
      tables(ran)[0]?.columns.map(({ numeric }) => numeric),
      [true, true, false, false, true],
    );
  });
}

function tables({ events }: Ran) {
  return events.filter((event) => event.type === 'table');
}

async function results(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  const counts: [code: string, results: number][] = [
    ['', 0],
    ['-- only words', 0],
    ['SELECT 1; SELECT 2', 2],
    ['SELECT \'a;b\' AS "c;d"; -- ; \nSELECT $$;$$', 2],
    [
      'CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2); UPDATE t SET n = 3; DELETE FROM t; CHECKPOINT; DROP TABLE t',
      0,
    ],
    [
      'CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1) RETURNING n; FROM t WHERE n > 5; SHOW TABLES; DESCRIBE t',
      4,
    ],
    ["COPY (SELECT 1 AS n) TO 'x.csv'; FROM 'x.csv'", 1],
    ['BEGIN; CREATE TABLE t AS SELECT 1.5::DOUBLE AS n; FROM t; ROLLBACK; SELECT 1', 2],
    ["PIVOT (SELECT 'a' AS k, 1 AS v) ON k USING sum(v); SELECT 1", 2],
  ];
  for (const [code, count] of counts) {
    await t.test(`gives ${count} results for: ${code.slice(0, 60).replaceAll('\n', ' ')}`, async () => {
      const ran = await runBlock(supervisor, 'duckdb', code);
      assert.equal(ran.state, 'ok', JSON.stringify(ran.events));
      assert.equal(tables(ran).length, count);
    });
  }
  await t.test('sends the first rows of a long result and counts the rest', async () => {
    const [table] = tables(await runBlock(supervisor, 'duckdb', 'SELECT n FROM range(123456) AS t(n)'));
    assert.deepEqual([table?.rows.length, table?.total], [1000, 123_456]);
    assert.deepEqual([table?.rows[0], table?.rows[999]], [['0'], ['999']]);
  });
  await t.test('drops rows that are too large to send, and says how many there were', async () => {
    const [table] = tables(await runBlock(supervisor, 'duckdb', "SELECT repeat('x', 3000000) FROM range(5)"));
    assert.equal(table?.total, 5);
    assert.ok((table?.rows.length ?? 5) < 2);
  });
}

async function errors(t: test.TestContext, supervisor: Supervisor, state: string): Promise<void> {
  const cases: [code: string, message: RegExp, line: number][] = [
    ['SELECT 1;\n\nSELEC 2', /^Parser Error: syntax error at or near "SELEC"$/, 3],
    ['SELECT 1;\nSELECT\n  nope(3)', /^Catalog Error: Scalar Function with name nope does not exist/, 3],
    ["SELECT 'é', 'ü';\nSELECT 1,\n  b", /^Binder Error: Referenced column "b"/, 3],
    ["-- a comment\nSELECT\n  'a'::INTEGER", /^Conversion Error: Could not convert string 'a' to INT32$/, 3],
    [
      'CREATE TABLE t (n INTEGER PRIMARY KEY);\nINSERT INTO t VALUES (1);\n\nINSERT INTO t\nVALUES (1)',
      /^Constraint Error: Duplicate key/,
      4,
    ],
    ["PIVOT (SELECT 'a' AS k, 1 AS v) ON k USING sum(v);\nSELECT error('no')", /^Invalid Input Error: no$/, 2],
    ["FROM 'absent.csv'", /^IO Error: No files found that match the pattern "absent.csv"$/, 1],
    ["SELECT 1;\nCOPY (SELECT 1) TO 'no/such/x.csv'", /^IO Error: Cannot open file "no\/such\/x\.csv"/, 2],
  ];
  for (const [code, words, line] of cases) {
    await t.test(`words and places: ${words.source.slice(1, 60)}`, async () => {
      const { events, state: end } = await runBlock(supervisor, 'duckdb', code);
      const error = events.findLast((event) => event.type === 'error');
      assert.equal(end, 'error');
      assert.match(error?.message ?? '', words);
      assert.equal(error?.line, line);
      assert.ok(!JSON.stringify(events).includes(state), 'no path of ours');
    });
  }
}

async function settings(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('bounds memory and threads, lives in UTC and fetches nothing', async () => {
    const names = ['TimeZone', 'autoinstall_known_extensions', 'memory_limit', 'threads'];
    const list = names.map((name) => `'${name}'`).join(', ');
    const ran = await runBlock(
      supervisor,
      'duckdb',
      `SELECT value FROM duckdb_settings() WHERE name IN (${list}) ORDER BY name`,
    );
    assert.deepEqual(tables(ran)[0]?.rows.flat(), ['UTC', 'false', '953.6 MiB', '2']);
  });
}

async function extensions(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('loads what came with the wheels, and INSTALL asks nobody', async () => {
    const names = ['avro', 'delta', 'ducklake', 'httpfs', 'iceberg', 'postgres_scanner', 'sqlite_scanner'];
    const code = `${names.map((name) => `INSTALL ${name}; LOAD ${name};`).join('\n')}
      SELECT string_agg(extension_name, ' ' ORDER BY 1) FROM duckdb_extensions()
      WHERE loaded AND install_path LIKE '%/duckdb/extensions/%'`;
    const ran = await runBlock(supervisor, 'duckdb', code);
    assert.equal(answerOf(ran), names.join(' '), JSON.stringify(ran));
  });
  await t.test('keeps a lake: files, and what they are in SQLite', async () => {
    const ran = await runBlock(
      supervisor,
      'duckdb',
      `LOAD ducklake; LOAD sqlite;
       ATTACH 'ducklake:sqlite:catalog.sqlite' AS lake (DATA_PATH 'files');
       CREATE TABLE lake.t AS SELECT 1 AS n; INSERT INTO lake.t VALUES (41);
       SELECT sum(n)::INT + (SELECT count(*) FROM lake.t AT (VERSION => 1))::INT - 1 FROM lake.t`,
    );
    assert.equal(answerOf(ran), '42', JSON.stringify(ran));
  });
  await t.test('reads and writes the PostgreSQL that the block has beside it', async () => {
    const code = `LOAD postgres; ATTACH '' AS pg (TYPE postgres);
      CREATE TABLE pg.public.mine AS SELECT 2 AS n;
      SELECT (SELECT count(*) FROM pg.public.orders) > 100 AND (SELECT n FROM pg.public.mine) = 2`;
    const request = { engine: 'duckdb', with: ['postgres'], data: 'shop', before: [], code } as const;
    const events: Ran['events'][number][] = [];
    const outcome = await run(request, supervisor, (event) => events.push(event));
    assert.equal(answerOf({ ...outcome, events }), 'true', JSON.stringify(events));
    // The next block on the same worker knows nothing of that database.
    const next = await runBlock(supervisor, 'duckdb', "LOAD postgres; ATTACH '' AS pg (TYPE postgres)");
    assert.equal(next.state, 'error', JSON.stringify(next));
  });
  await t.test('says as DuckDB does which extension is not there', async () => {
    const { state, events } = await runBlock(supervisor, 'duckdb', 'LOAD spatial');
    assert.equal(state, 'error');
    assert.match(
      events.findLast((event) => event.type === 'error')?.message ?? '',
      /spatial\.duckdb_extension" not found/,
    );
  });
}

async function leases(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('refuses a job whose lease has ended, even on a worker that serves another', async () => {
    const old = await supervisor.lease('duckdb', { data: undefined });
    const { address } = old;
    assert.ok(address.kind === 'worker');
    await old[Symbol.asyncDispose]();
    await using next = await supervisor.lease('duckdb', { data: undefined });
    assert.ok(next.address.kind === 'worker');
    // The worker is the same, which is what makes this a danger.
    assert.equal(next.address.socketPath, address.socketPath);
    assert.equal(await send(address, 'SELECT 1'), '');
    assert.match(await send(next.address, 'SELECT 1'), /"type":"end","ok":true/);
  });
  await t.test('runs one job after the other in one lease, each from nothing', async () => {
    await using lease = await supervisor.lease('duckdb', { data: undefined });
    assert.ok(lease.address.kind === 'worker');
    assert.match(await send(lease.address, 'CREATE TABLE t AS SELECT 1'), /"ok":true/);
    assert.match(await send(lease.address, 'FROM t'), /Table with name t does not exist/);
  });
}

/** All that a worker says to one job. */
function send({ socketPath, directory }: Extract<Address, { kind: 'worker' }>, code: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = dial(socketPath);
    const job: Job = { code, directory, env: {}, rowLimit: 10 };
    let said = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => (said += chunk.toString()));
    socket.on('close', () => resolve(said));
    socket.write(`${JSON.stringify(job)}\n`);
  });
}

async function crash(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('takes nothing along when a worker crashes', async () => {
    const blocks = [1, 2].map(() => begin(supervisor, 'duckdb', PROGRAMS.duckdb.forever));
    for (const block of blocks) await block.begun;
    await using lease = await supervisor.lease('duckdb', { data: undefined });
    assert.ok(lease.address.kind === 'worker');
    const [victim = assert.fail()] = await titled(lease.address.socketPath);
    signal(victim, 'SIGSEGV');
    await until(
      'the news',
      async () => (await supervisor.logs('duckdb')).some((line) => line.includes('SIGSEGV')),
      SOON,
    );
    assert.equal(answerOf(await runBlock(supervisor, 'duckdb', PROGRAMS.duckdb.answer)), '42');
    for (const block of blocks) {
      block.stop();
      assert.equal((await block.ended).state, 'stopped');
    }
  });
}
