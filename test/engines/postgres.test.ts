import assert from 'node:assert/strict';
import test from 'node:test';

import pg from 'pg';

import { until } from '#src/deadline.ts';
import type { Address } from '#src/engines/engine.ts';
import { registry } from '#src/engines/registry.ts';
import type { Lease, Supervisor } from '#src/engines/supervisor.ts';
import { isAlive, signal, titled } from '#src/process.ts';
import { answerOf, begin, clone, runBlock, SOON, type Clone } from '#test/engines/clone.ts';
import { PROGRAMS } from '#test/engines/programs.ts';

type PostgresAddress = Extract<Address, { kind: 'postgres' }>;

await test('PostgreSQL', async (t) => {
  const place = await clone(t);
  const found = await registry(place.paths).postgres.find();
  if (found.state === 'missing') return t.skip(found.why);
  await using supervisor = await place.connect();
  for (const part of [rights, doors, data, slots, results, settings, own, crash]) await part(t, supervisor, place);
});

function addressOf({ address }: Lease): PostgresAddress {
  assert.ok(address.kind === 'postgres');
  return address;
}

/** What one connection answers to one statement, or its error. */
async function ask({ host, port, user, password, database }: PostgresAddress, sql: string): Promise<unknown> {
  const client = new pg.Client({ host, port, user, password, database, ssl: false });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function rights(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  for (const [what, code] of [
    ['run programs', "COPY (SELECT 1) TO PROGRAM 'cat'"],
    ['read files of the server', "SELECT pg_read_file('PG_VERSION')"],
    ['make roles', 'CREATE ROLE other'],
    ['make databases', 'CREATE DATABASE other'],
    ['see passwords', 'SELECT rolpassword FROM pg_authid'],
  ] as const) {
    await t.test(`a block can't ${what}`, async () => {
      const { state, events } = await runBlock(supervisor, 'postgres', code);
      assert.equal(state, 'error');
      assert.match(JSON.stringify(events), /permission denied/);
    });
  }
}

async function doors(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('a block reaches no database but its own, and only with its password', async () => {
    await using mine = await supervisor.lease('postgres', { data: 'shop' });
    await using other = await supervisor.lease('postgres', { data: undefined });
    const address = addressOf(mine);
    assert.deepEqual(await ask(address, 'SELECT 1 AS n'), [{ n: 1 }]);
    for (const database of ['postgres', 'template1', 'template_shop', addressOf(other).database]) {
      await assert.rejects(ask({ ...address, database }, 'SELECT 1'), /permission denied for database/, database);
    }
    await assert.rejects(ask({ ...address, password: 'guess' }, 'SELECT 1'), /password authentication failed/);
    await assert.rejects(ask({ ...address, user: 'postgres' }, 'SELECT 1'), /password authentication failed/);
  });
  await t.test('a block can not change what later ones start from', async () => {
    for (const code of [
      'DROP DATABASE template_shop',
      'ALTER DATABASE template_shop RENAME TO mine',
      'ALTER ROLE learner SET search_path TO x',
    ]) {
      assert.equal((await runBlock(supervisor, 'postgres', code, 'shop')).state, 'error', code);
    }
  });
  await t.test('many at once get one each, and a closed one is gone', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => supervisor.lease('postgres', { data: undefined })));
    assert.equal(new Set(all.map((lease) => addressOf(lease).database)).size, 6);
    await Promise.all(all.map((lease) => ask(addressOf(lease), 'SELECT 1')));
    await Promise.all(all.map((lease) => lease[Symbol.asyncDispose]()));
    const [first = assert.fail()] = all;
    const refused = (): Promise<boolean> =>
      ask(addressOf(first), 'SELECT 1').then(
        () => false,
        () => true,
      );
    await until('the database dropped', refused, SOON);
  });
}

async function data(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('the tables of the data set are the block’s own to change', async () => {
    const count = 'SELECT count(*) FROM orders';
    const before = answerOf(await runBlock(supervisor, 'postgres', count, 'shop'));
    const code =
      'DROP TABLE payments; ALTER TABLE orders ADD COLUMN note text; TRUNCATE orders CASCADE; CREATE TABLE mine (n int)';
    const { state, events } = await runBlock(supervisor, 'postgres', code, 'shop');
    assert.equal(state, 'ok', JSON.stringify(events));
    assert.equal(answerOf(await runBlock(supervisor, 'postgres', count, 'shop')), before);
  });
}

async function slots(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('a replication slot that a block left, even one that is read from, goes with its database', async () => {
    const lease = await supervisor.lease('postgres', { data: undefined });
    const { host, port, user, password, database } = addressOf(lease);
    await ask(addressOf(lease), "SELECT pg_create_logical_replication_slot('left_idle', 'test_decoding')");
    await ask(addressOf(lease), "SELECT pg_create_logical_replication_slot('left_busy', 'test_decoding')");
    const reader = new pg.Client({
      host,
      port,
      user,
      password,
      database,
      ssl: false,
      replication: 'database',
    } as pg.ClientConfig);
    const ended = new Promise((resolve) => reader.once('end', resolve));
    reader.on('error', () => undefined);
    await reader.connect();
    reader.query('START_REPLICATION SLOT left_busy LOGICAL 0/0').catch(() => undefined);
    const left = "SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE 'left%'";
    const isRead = async (): Promise<boolean> =>
      JSON.stringify(await ask(addressOf(lease), `${left} AND active`)).includes('left_busy');
    await until('the slot is read from', isRead, SOON);
    await using other = await supervisor.lease('postgres', { data: undefined });
    await lease[Symbol.asyncDispose]();
    await until('no slot left', async () => ((await ask(addressOf(other), left)) as unknown[]).length === 0, SOON);
    await ended;
  });
}

async function results(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('gives the first rows of a long result and counts the rest', async () => {
    const { events } = await runBlock(supervisor, 'postgres', 'SELECT n FROM generate_series(1, 200000) AS n');
    const table = events.find((event) => event.type === 'table');
    assert.deepEqual([table?.rows.length, table?.total, table?.rows[999]], [1000, 200_000, ['1000']]);
  });
  await t.test('gives values as PostgreSQL prints them, and no table where nothing is returned', async () => {
    const code = `CREATE TABLE t AS SELECT 1 AS n;
      SELECT 1.10::numeric, 9007199254740993, NULL, '2024-01-02 03:04:05.123456+02'::timestamptz, '{"b": 1}'::json, true`;
    const { events } = await runBlock(supervisor, 'postgres', code);
    const tables = events.filter((event) => event.type === 'table');
    const row = ['1.10', '9007199254740993', null, '2024-01-02 01:04:05.123456+00', '{"b": 1}', 't'];
    assert.deepEqual(
      tables.map(({ rows }) => rows),
      [[row]],
    );
  });
}

async function settings(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('keeps its promises to a crash, and lives in UTC', async () => {
    const wanted = {
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      wal_level: 'logical',
      TimeZone: 'UTC',
      password_encryption: 'scram-sha-256',
    };
    for (const [name, value] of Object.entries(wanted)) {
      assert.equal(answerOf(await runBlock(supervisor, 'postgres', `SHOW ${name}`)), value, name);
    }
  });
}

async function own(t: test.TestContext, supervisor: Supervisor): Promise<void> {
  await t.test('a server of its own has its own slots and settings, and is gone with its lease', async () => {
    await using shared = await supervisor.lease('postgres', { data: undefined });
    const lease = await supervisor.lease('postgres', { data: 'shop', own: true });
    const mine = addressOf(lease);
    assert.notEqual(mine.port, addressOf(shared).port);
    await ask(mine, "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')");
    await ask(mine, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
    assert.deepEqual(await ask(mine, 'SELECT count(*)::int AS n FROM orders'), [{ n: 1000 }]);
    assert.deepEqual(await ask(addressOf(shared), 'SELECT count(*)::int AS n FROM pg_replication_slots'), [{ n: 0 }]);
    const [{ title }] = (await ask(mine, "SELECT current_setting('cluster_name') AS title")) as [{ title: string }];
    assert.ok((await titled(`postgres: ${title}`)).length > 0);
    await lease[Symbol.asyncDispose]();
    const isGone = async (): Promise<boolean> => (await titled(`postgres: ${title}`)).length === 0;
    await until('end of its processes', isGone, SOON);
    assert.deepEqual(await ask(addressOf(shared), 'SELECT 1 AS n'), [{ n: 1 }]);
  });
}

async function crash(t: test.TestContext, supervisor: Supervisor, place: Clone): Promise<void> {
  await t.test('recovers from a killed session, and what waited goes on', async () => {
    const [server = assert.fail()] = (await place.file()).engines.map(({ pid }) => pid);
    const block = begin(supervisor, 'postgres', PROGRAMS.postgres.forever);
    await block.begun;
    const [session = assert.fail()] = await titled(`postgres: ${(await place.file()).marker}: block_`);
    signal(session, 'SIGKILL');
    const { state, events } = await block.ended;
    assert.equal(state, 'unknown', JSON.stringify(events));
    // Who connects before the server has noticed is killed with all the others; from then on one waits.
    const noticed = async (): Promise<boolean> =>
      (await supervisor.logs('postgres')).some((line) => line.includes('terminating any other active server'));
    await until('the server noticing', noticed, SOON);
    const next = await Promise.all(
      [1, 2, 3, 4, 5].map(() => runBlock(supervisor, 'postgres', PROGRAMS.postgres.answer)),
    );
    assert.deepEqual(next.map(answerOf), ['42', '42', '42', '42', '42'], JSON.stringify(next.map((ran) => ran.events)));
    assert.ok(await isAlive(server), 'the server itself went on');
  });
}

test('PostgreSQL runs for root also where user namespaces are refused', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root needs it');
  const place = await clone(t);
  await using supervisor = await place.connect({ DEJ_NO_USERNS: '1' });
  assert.equal(answerOf(await runBlock(supervisor, 'postgres', PROGRAMS.postgres.answer)), '42');
});
