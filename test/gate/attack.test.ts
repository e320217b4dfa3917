import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { capture } from '#src/process.ts';
import { dej } from '#test/cli/dej.ts';
import { example, place, programs, verdictIn } from '#test/commands/attack-place.ts';

/** The examples of docs/attack.md but the first. They fetch the packages that test/input/attack pins, and take minutes. */
const LONG = { timeout: 3_000_000 };

test('an incremental model of dbt without a key is doubled, and nothing else of the build', LONG, async (t) => {
  const attacked = await example(t, 'dbt.txt');
  const dbt = ['--folder', join(programs, 'dbt'), '--', 'dbt', '--no-use-colors', 'build'];
  const { code, verdict, text } = await attacked('--compare', 'mart.*', ...dbt);
  assert.equal(code, 1, text);
  assert.deepEqual(
    verdict.findings.map(({ anomaly, found }) => [anomaly, found]),
    [['duplicate', '42 rows of mart.big_orders, 21 of them twice']],
  );
  const others = await attacked('--compare', 'mart.daily,mart.customers,mart.raw_orders', ...dbt);
  assert.equal(others.code, 0, others.text);
});

test('dlt meets what it had loaded, or appends it again; what it merges by a key is never doubled', LONG, async (t) => {
  const attacked = await example(t, 'dlt.txt');
  const given = [
    ...['--compare', 'mart.orders', '--ignore', 'mart.orders._dlt_id,mart.orders._dlt_load_id'],
    ...['--input', join(programs, 'data'), '--folder', join(programs, 'dlt')],
    ...['--env', 'DESTINATION__POSTGRES__CREDENTIALS={DATABASE_URL}', '--env', 'DLT_DATA_DIR={TMPDIR}/dlt'],
    ...['--env', 'RUNTIME__DLTHUB_TELEMETRY=false', '--level', 'full', '--', 'python', 'load.py'],
  ];
  const { code, verdict, text } = await attacked(...given, 'append');
  assert.equal(code, 1, text);
  // Its jobs commit side by side, so either of its two failures may be told first.
  assert.match(verdict.findings[0]?.anomaly ?? '', /^(crashed|duplicate)$/);
  assert.equal(verdict.points.possible, 15);
  const merged = await attacked(...given, 'merge');
  // What it keeps for itself is appended also then, so it may still meet that; the rows are right at every point.
  assert.deepEqual(new Set(merged.verdict.findings.map(({ anomaly }) => anomaly)), new Set(['crashed']), merged.text);
  assert.deepEqual([merged.verdict.points.survived, merged.verdict.points.possible], [24, 27]);
});

test('csvsql that meets its own rows, or its own table, fails at each further start', LONG, async (t) => {
  const attacked = await example(t, 'csvkit.txt');
  const given = ['--compare', 'orders', '--input', join(programs, 'data'), '--folder', join(programs, 'nothing')];
  const csvsql = ['--', 'csvsql', '--db', '{DATABASE_URL}', '--insert', '--tables', 'orders'];
  const table = ['--setup', join(programs, 'schema.sql')];
  for (const [setup, flags, last] of [
    [table, ['--no-create'], /duplicate key value violates unique constraint "orders_pkey"/],
    [[], [], /relation "orders" already exists/],
  ] as const) {
    const { code, verdict, text } = await attacked(...given, ...setup, ...csvsql, ...flags, '{INPUT_DIR}/orders.csv');
    assert.equal(code, 1, text);
    assert.equal(verdict.findings[0]?.anomaly, 'crashed', text);
    assert.match(text, last);
  }
});

test('a batch from PostgreSQL to Kafka is killed at the steps of both', LONG, async (t) => {
  const { env } = await place(t);
  const given = ['--folder', programs, '--setup', join(programs, 'outbox.sql'), '--compare', 'topic:orders,sent'];
  const { code, stdout, stderr } = await dej(
    ['attack', '--json', ...given, '--level', 'full', '--', 'python', 'streams.py', 'mirror'],
    env,
  );
  const { verdict, text } = verdictIn(stdout, stderr);
  assert.equal(code, 1, text);
  assert.equal(verdict.findings[0]?.anomaly, 'duplicate', text);
  assert.match(text, /Compared +sent \(20 rows\), topic orders \(20 records\)/);
});

test('the JDBC sink of Debezium inserts twice what it reads again, and by a key it does not', LONG, async (t) => {
  const connect = join(programs, 'connect');
  const { env, journal } = await place(t);
  const jars = join(journal, 'jars');
  const fetched = await capture(
    ['mvn', '-q', '-B', '-f', connect, 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`],
    {
      timeoutMs: 600_000,
    },
  );
  assert.equal(fetched.code, 0, fetched.stdout);
  const attacked = async (table: string, sink: string) => {
    const given = ['--folder', connect, '--topic', `orders=${join(connect, 'orders.tsv')}`, '--stream'];
    const setup = ['--setup', join(connect, table), '--compare', 'orders', '--level', 'full'];
    const main = ['org.apache.kafka.connect.cli.ConnectStandalone', 'worker.properties', sink];
    const argv = ['attack', '--json', ...given, ...setup, '--', 'java', '-cp', join(jars, '*'), ...main];
    const { code, stdout, stderr } = await dej(argv, env);
    return { code, ...verdictIn(stdout, stderr) };
  };
  const plain = await attacked('orders.sql', 'sink.properties');
  assert.equal(plain.code, 1, plain.text);
  assert.equal(plain.verdict.findings[0]?.found, '24 rows of orders, 12 of them twice');
  assert.match(plain.verdict.likely[0] ?? '', /^You commit an offset after .* \(commit 1 came first, then offset 12/);
  const keyed = await attacked('orders-key.sql', 'upsert.properties');
  assert.equal(keyed.code, 0, keyed.text);
});
