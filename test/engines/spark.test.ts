import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as dial, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls';

import type { Supervisor } from '#src/engines/supervisor.ts';
import { registry } from '#src/engines/registry.ts';
import { readRemote, writeRemote } from '#src/engines/spark-address.ts';
import { SparkClient } from '#src/engines/spark-client.ts';
import { WorldError } from '#src/error.ts';
import { DEFAULT_LIMITS, run, type RunRequest } from '#src/runner/run.ts';
import { answerOf, clone, runBlock, type Clone, type Ran } from '#test/engines/clone.ts';
import { certificateOf } from '#test/engines/private.ts';

test('an address of Spark Connect is read as its own clients read it', () => {
  const full = { host: 'spark.example', port: 443, isEncrypted: true, token: 'a=b;c', user: 'me', session: 's' };
  assert.deepEqual(readRemote(writeRemote(full)), full);
  const bare = readRemote('sc://cluster');
  assert.deepEqual(
    [bare.host, bare.port, bare.isEncrypted, bare.token, bare.user],
    ['cluster', 15002, false, undefined, 'block'],
  );
  assert.match(
    writeRemote({ ...full, host: '127.0.0.1', isEncrypted: false }),
    /^sc:\/\/localhost:443\/;token=a%3Db%3Bc;/,
  );
  assert.throws(() => readRemote('http://cluster'), /no address of Spark Connect/);
});

/** A value of each kind, as Spark's cast to text prints it, two columns of one name among them. */
const VALUES = `SELECT 42 AS n, 'é' AS n, CAST(NULL AS INT) AS nothing, array(1, NULL) AS a, map('k', 1.5) AS m,
  named_struct('x', 1, 'y', 'z') AS s, DATE '2024-01-02' AS d, TIMESTAMP '2024-01-02 03:04:05' AS t, 1e20D AS e,
  1.10 AS fixed, true AS b`;
const PRINTED = [
  ...['42', 'é', null, '[1, null]', '{k -> 1.5}', '{1, z}', '2024-01-02', '2024-01-02 03:04:05', '1.0E20', '1.10'],
  'true',
];

const TABLES = ['customers', 'events', 'order_items', 'orders', 'payments', 'products'];

await test('Spark', async (t) => {
  const place = await clone(t);
  const found = await registry(place.paths).spark.find();
  // Not a failure of ours: the engines page names the remedy.
  if (found.state === 'missing') return t.skip(found.why);
  await using supervisor = await place.connect();
  for (const part of [values, delta, python]) await part(t, supervisor);
  await t.test('what it writes for a while goes with it, also when it is killed', async () => {
    const asked = "SELECT reflect('java.lang.System', 'getProperty', 'java.io.tmpdir')";
    const scratch = answerOf(await runBlock(supervisor, 'spark', asked)) ?? '';
    assert.ok(scratch.startsWith(join(place.paths.state, 'run', 'spark-')), scratch);
  });
  await remote(t, supervisor, await clone(t));
  await strangers(t, supervisor, await clone(t));
  await encrypted(t, supervisor, await clone(t));
});

/** With all the time that a busy machine needs for the first of its kind. */
async function play(supervisor: Supervisor, request: RunRequest): Promise<Ran> {
  const events: Ran['events'][number][] = [];
  const limits = { ...DEFAULT_LIMITS, timeMs: 300_000 };
  return { ...(await run(request, supervisor, (event) => events.push(event), { limits })), events };
}

async function values(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('prints every value as its own cast to text does', async () => {
    const { events, state } = await runBlock(supervisor, 'spark', VALUES);
    const table = events.findLast((event) => event.type === 'table');
    assert.deepEqual(table?.rows, [PRINTED], JSON.stringify(events));
    assert.deepEqual(
      table?.columns.slice(0, 4).map(({ name, numeric }) => [name, numeric]),
      [
        ['n', true],
        ['n', false],
        ['nothing', true],
        ['a', false],
      ],
    );
    assert.equal(state, 'ok');
  });
  await t.test('sends the first rows of a long result and counts the rest', async () => {
    const { events } = await runBlock(supervisor, 'spark', 'SELECT * FROM range(20000)');
    const table = events.findLast((event) => event.type === 'table');
    assert.deepEqual([table?.rows.length, table?.total], [1000, 20_000]);
  });
  await t.test('words an error as Spark does, without the plan, and knows its line', async () => {
    for (const [code, line, words] of [
      ['SELECT 1;\n\nSELEC 2', 3, /^\[PARSE_SYNTAX_ERROR\] Syntax error at or near 'SELEC'\. SQLSTATE: 42601$/],
      ['SELECT 1,\n  absent', 2, /^\[UNRESOLVED_COLUMN[.\w]*\] .*`absent`[^\n]*SQLSTATE: 42703$/],
      ['SELECT 1 / 0', 1, /^\[DIVIDE_BY_ZERO\] Division by zero[^\n]*SQLSTATE: 22012$/],
    ] as const) {
      const { events, state } = await runBlock(supervisor, 'spark', code);
      const error = events.findLast((event) => event.type === 'error');
      assert.equal(state, 'error');
      assert.match(error?.message ?? '', words);
      assert.equal(error?.line, line);
    }
  });
}

async function delta(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('keeps a Delta table: merged, and read as it was before', async () => {
    const code = `CREATE TABLE t USING delta AS SELECT * FROM VALUES (1, 'a'), (2, 'b') AS v (id, name);
      MERGE INTO t USING (SELECT 2 AS id, 'c' AS name) AS s ON t.id = s.id
        WHEN MATCHED THEN UPDATE SET name = s.name;
      SELECT string_agg(name, '') WITHIN GROUP (ORDER BY id) || (SELECT max(name) FROM t VERSION AS OF 0) FROM t`;
    const request: RunRequest = { engine: 'spark', with: [], data: undefined, before: [], code };
    const ran = await play(supervisor, request);
    assert.equal(ran.events.findLast((event) => event.type === 'table')?.rows[0]?.[0], 'acb', JSON.stringify(ran));
  });
}

async function remote(t: test.TestContext, managed: Supervisor, other: Clone): Promise<void> {
  await t.test('runs blocks on a Spark that is somebody else’s, and leaves there what was there', async () => {
    await using lease = await managed.lease('spark', { data: undefined });
    assert.ok(lease.address.kind === 'service');
    const address = lease.address.env['SPARK_REMOTE'] ?? '';
    const client = new SparkClient(readRemote(address));
    try {
      await client.sql('CREATE TABLE theirs AS SELECT 1 AS n', 0);
      await using supervisor = await other.connect({ SPARK_REMOTE: address });
      const ran = await runBlock(supervisor, 'spark', 'CREATE TABLE t AS SELECT 42 AS n; SELECT * FROM t');
      assert.equal(answerOf(ran), '42', JSON.stringify(ran));
      const [here, there] = await Promise.all([managed, supervisor].map(dataSet));
      assert.ok((here?.length ?? 0) >= 12);
      assert.deepEqual(there, here);
      await supervisor.stop('spark');
      const { rows } = await client.sql("SHOW DATABASES LIKE 'block_*'", 100);
      assert.ok(
        rows.some(([name]) => lease.address.kind === 'service' && name === lease.address.env['SPARK_DATABASE']),
      );
      assert.equal((await client.sql('SELECT * FROM theirs', 1)).total, 1);
    } finally {
      client.close();
    }
  });
}

/** Types and rows of the data set's tables; a Spark that does not see our files is sent the rows. */
async function dataSet(supervisor: Supervisor): Promise<unknown[]> {
  const code = TABLES.map((table) => `DESCRIBE ${table}; SELECT count(*), sum(hash(*)) FROM ${table}`).join(';');
  const ran = await runBlock(supervisor, 'spark', code, 'shop');
  assert.equal(ran.state, 'ok', JSON.stringify(ran));
  return ran.events.flatMap((event) => (event.type === 'table' ? [event.rows] : []));
}

async function strangers(t: test.TestContext, managed: Supervisor, other: Clone): Promise<void> {
  await t.test('an address that does not let us in is told with its variable, and no password', async () => {
    await using lease = await managed.lease('spark', { data: undefined });
    assert.ok(lease.address.kind === 'service');
    const right = readRemote(lease.address.env['SPARK_REMOTE'] ?? '');
    for (const [address, words] of [
      [{ ...right, token: 'no-secret' }, /does not know who asks/],
      [{ ...right, token: undefined }, /does not know who asks/],
      [{ ...right, isEncrypted: true }, /gives no answer of Spark Connect.*TLS/],
    ] as const) {
      const supervisor = await other.connect({ SPARK_REMOTE: writeRemote(address) });
      await assert.rejects(supervisor.lease('spark', { data: undefined }), (error: Error) => {
        assert.ok(error instanceof WorldError);
        const said = [error.message, error.remedy, ...error.lastLines].join(' ');
        assert.match(said, words);
        assert.ok(said.includes(`127.0.0.1:${right.port} (SPARK_REMOTE)`), said);
        assert.ok(!said.includes('no-secret') && !said.includes(right.token ?? '?'), said);
        return true;
      });
      await supervisor.shutdown({ force: true });
    }
  });
}

/** Spark's server speaks TLS only behind something that does: here that is a few lines of Node. */
async function encrypted(t: test.TestContext, managed: Supervisor, other: Clone): Promise<void> {
  await t.test(
    'with use_ssl=true, SQL and Python reach it by TLS alone, where its certificate is trusted',
    async (t) => {
      await using lease = await managed.lease('spark', { data: undefined });
      assert.ok(lease.address.kind === 'service');
      const right = readRemote(lease.address.env['SPARK_REMOTE'] ?? '');
      const { ca, certificate, key } = await certificateOf(t);
      const [cert, secret] = await Promise.all([readFile(certificate), readFile(key)]);
      const server = createServer({ cert, key: secret, ALPNProtocols: ['h2'] }, (socket) => {
        const inner = dial(right.port, right.host);
        socket.pipe(inner).pipe(socket);
        for (const end of [socket, inner])
          end.on('error', () => void socket.destroy(inner.destroy().errored ?? undefined));
      }).listen(0, 'localhost');
      await once(server, 'listening');
      t.after(() => server.close());
      const SPARK_REMOTE = writeRemote({
        ...right,
        host: 'localhost',
        port: (server.address() as AddressInfo).port,
        isEncrypted: true,
      });
      const stranger = await other.connect({ SPARK_REMOTE });
      await assert.rejects(stranger.lease('spark', { data: undefined }), /certificate|self-signed/);
      await stranger.shutdown({ force: true });
      const trust = { NODE_EXTRA_CA_CERTS: ca, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: ca };
      await using supervisor = await other.connect({ SPARK_REMOTE, ...trust });
      // Blocks of SQL are sent from here.
      const known = getCACertificates('default');
      setDefaultCACertificates([...known, await readFile(ca, 'utf8')]);
      t.after(() => setDefaultCACertificates(known));
      const sql = await runBlock(supervisor, 'spark', 'SELECT 42');
      assert.equal(answerOf(sql), '42', JSON.stringify(sql.events));
      const code = `import os
from pyspark.sql import SparkSession
print(SparkSession.builder.getOrCreate().range(43).count() - 1, 'use_ssl=true' in os.environ['SPARK_REMOTE'])`;
      const ran = await play(supervisor, { engine: 'python', with: ['spark'], data: undefined, before: [], code });
      assert.equal(answerOf(ran), '42 True', JSON.stringify(ran.events));
    },
  );
}

async function python(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('runs functions in Python where PySpark is installed', async () => {
    const code = `import sys
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
double = F.udf(lambda n: n * 2, 'long')
where = F.udf(lambda: __import__('sys').prefix, 'string')
print(spark.range(21, 22).select(double('id')).first()[0], spark.range(1).select(where()).first()[0] == sys.prefix)`;
    const ran = await play(supervisor, { engine: 'python', with: ['spark'], data: undefined, before: [], code });
    assert.equal(answerOf(ran), '42 True', JSON.stringify(ran.events));
  });
  await t.test('is beside Python, which sees the tables’ files and the data set', async () => {
    const code = `import os
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
spark.table('orders').groupBy('status').count().agg(F.sum('count').alias('n')).write.format('delta').saveAsTable('t')
spark.table('t').show()
print('_delta_log' in os.listdir(os.environ['SPARK_WAREHOUSE'] + '/t'))
print(spark.catalog.currentDatabase() == os.environ['SPARK_DATABASE'])`;
    const request: RunRequest = { engine: 'python', with: ['spark'], data: 'shop', before: [], code };
    const ran = await play(supervisor, request);
    const printed = ran.events.filter(({ type }) => type !== 'progress');
    assert.equal(answerOf(ran), '+----+\n|   n|\n+----+\n|1000|\n+----+\n\nTrue\nTrue', JSON.stringify(printed));
  });
}
