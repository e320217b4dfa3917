import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { Client } from 'pg';

import { until, within } from '#src/deadline.ts';
import type { Harm } from '#src/engines/engine.ts';
import { findFamily } from '#src/engines/python-family.ts';
import { WorldError } from '#src/error.ts';
import { attack } from '#src/faults/attack.ts';
import { startHistory } from '#src/faults/history.ts';
import { startPostgresProxy, type Hit, type Upstream } from '#src/faults/postgres-proxy.ts';
import { startProgram, type RunningProgram } from '#src/faults/program.ts';
import { parseSchedule, type Point } from '#src/faults/schedule.ts';
import { streamOf } from '#src/grading/stream.ts';
import { killTrees, start } from '#src/process.ts';
import { ownRoot } from '#src/paths.ts';
import { clone, SOON } from '#test/engines/clone.ts';
import { driversPython } from '#test/faults/drivers.ts';

const root = ownRoot(import.meta.dirname);
const programs = join(root, 'test', 'input', 'faults', 'replication');
/** The decoder that learners are given is the one that is tried here. */
const decoder = join(root, 'projects', '02-cdc-implementation', 'starter', 'python');
/** The lab's folder holds what is declared there and nothing else. */
const DECODES = { PYTHONPATH: decoder, PYTHONDONTWRITEBYTECODE: '1' };
const POINTS: readonly Point[] = ['before', 'after-durable', 'client-moved-on'];

/** How many transactions stand prepared, and how many rows are there, after so many steps. */
const DONE = [
  [0, 0],
  [1, 0],
  [0, 1],
];

await test('replication', async (t) => {
  const place = await clone(t);
  await using supervisor = await place.connect();
  await supervisor.install('python');
  const family = await findFamily(place.paths);
  assert.ok(family.state === 'ready');
  await using lease = await supervisor.lease('postgres', { data: undefined, own: true });
  assert.ok(lease.address.kind === 'postgres');
  const server = lease.address;
  await ask(server, 'CREATE TABLE done (n int PRIMARY KEY)');
  await ask(server, 'CREATE PUBLICATION pipeline FOR TABLE done');
  const clients: [string, [string, ...string[]]][] = [
    ['psycopg', [family.interpreter, join(programs, 'confirms.py')]],
    ['pg', [process.execPath, join(programs, 'confirms.ts')]],
    ['psycopg2', [await driversPython(place.paths), join(programs, 'confirms-psycopg2.py')]],
  ];
  for (const [name, argv] of clients)
    await t.test(`${name}: each confirmation has three exact points`, () => confirmationsAreExact(server, argv));
  await t.test('what is sent right after a confirmation, on another connection, is not passed on at its points', () =>
    nothingFollows(server),
  );
  await t.test('making a slot has three points, also by a function; a temporary one has none', () =>
    makesSlots(server),
  );
  await t.test('a transaction that is prepared and carried out later has three points at each step', () =>
    twoSteps(server, family.interpreter, () => lease.harm('kill')),
  );
  await t.test('a server of one’s own comes back where it was, with all that was committed, and its slot rewound', () =>
    crashes(server, (how) => lease.harm(how)),
  );
  await t.test('a stream ends by what is so after a fault, and not by what was so when it struck', () =>
    endsAfterTheFault(server, clients[0]?.[1] ?? ['python'], (how) => lease.harm(how)),
  );
  await t.test('a shared server can’t be crashed', async () => {
    await using shared = await supervisor.lease('postgres', { data: undefined });
    await assert.rejects(shared.harm('kill'), /a server of its own/);
  });
});

test('a server that takes a connection and never answers is told of in time', async () => {
  const deaf = createServer(() => undefined);
  await new Promise<void>((resolve) => void deaf.listen(0, '127.0.0.1', resolve));
  const { port } = deaf.address() as AddressInfo;
  const upstream = { host: '127.0.0.1', port, user: 'x', password: 'x', database: 'x' };
  const started = startPostgresProxy({ upstream, history: startHistory(), onPoint: async () => 'go', answerMs: 100 });
  await assert.rejects(within('the error', started, SOON), WorldError);
  deaf.close();
});

async function confirmationsAreExact(server: Upstream, argv: [string, ...string[]]): Promise<void> {
  const calm = await run(server, argv, undefined);
  const durable = calm.hits.filter(({ point }) => point === 'after-durable').map(({ role }) => role);
  assert.deepEqual(durable, ['t1', 't2', 't3', 't4']);
  for (const point of POINTS) {
    const { said, confirmed, fired } = await run(server, argv, point);
    assert.ok(fired, point);
    const [first = 0n, second = 0n, third = 0n] = said;
    assert.ok(confirmed >= first && (third === 0n || confirmed < third), point);
    assert.equal(confirmed >= second, point !== 'before', point);
  }
}

/** Whatever keeps the machine busy, and wherever the program is struck. */
async function nothingFollows(server: Upstream): Promise<void> {
  await ask(server, 'CREATE TABLE after (n int)');
  const busy = await Promise.all(
    cpus().map(() => start([process.execPath, '-e', 'for (;;);'], { marker: `busy-${process.pid}` })),
  );
  try {
    for (const point of POINTS)
      for (const [earlier, role] of ['t1', 't2'].entries()) {
        await ask(server, 'TRUNCATE after');
        await run(server, [process.execPath, join(programs, 'races.ts')], point, role);
        const found = await ask(server, 'SELECT n FROM after');
        assert.equal(found.length, earlier, `${role} ${point}`);
      }
  } finally {
    await killTrees(
      busy.map(({ pid }) => pid),
      { marker: `busy-${process.pid}` },
    );
  }
}

/** Four transactions wait in a new slot; the program is killed at this point of the confirmation of one. */
async function run(server: Upstream, argv: [string, ...string[]], at: Point | undefined, of = 't2') {
  await ask(server, `TRUNCATE done`);
  await ask(server, `SELECT pg_create_logical_replication_slot('pipeline', 'pgoutput')`);
  for (let n = 1; n <= 4; n++) await ask(server, `INSERT INTO done VALUES (${n})`);
  const hits: Hit[] = [];
  const lines: string[] = [];
  let fired = false;
  let program: RunningProgram | undefined;
  const proxy = await startPostgresProxy({
    upstream: server,
    history: startHistory(),
    onPoint: async (hit) => {
      if (hit.boundary === 'pg.confirm' && hit.role !== 'idle') hits.push(hit);
      if (at === undefined || hit.role !== of || hit.point !== at) return 'go';
      fired = true;
      proxy.hold();
      await program?.kill();
      return 'drop';
    },
  });
  try {
    program = await startProgram({
      argv,
      cwd: programs,
      env: { ...process.env, DATABASE_URL: urlOf(server, proxy), ...DECODES },
      marker: `confirm-${process.pid}`,
      onLine: (line) => void lines.push(line),
    });
    const isDone = (): boolean =>
      at === undefined ? hits.filter(({ point }) => point === 'after-durable').length === 4 : fired;
    await until('the confirmations', isDone, { ...SOON, evidence: () => ({ lastLines: lines }) });
    proxy.hold();
    await program.kill();
    await proxy.quiet();
    const [row] = await ask(server, `SELECT confirmed_flush_lsn - '0/0' AS at FROM pg_replication_slots`);
    const said = lines.flatMap((line) => (line.startsWith('confirm ') ? [BigInt(line.slice(8))] : []));
    return { said, confirmed: BigInt(String(row?.['at'])), hits, fired };
  } finally {
    await program?.kill();
    await proxy.close();
    await ask(server, `SELECT pg_drop_replication_slot('pipeline')`);
  }
}

async function makesSlots(server: Upstream): Promise<void> {
  const points: string[] = [];
  const proxy = await startPostgresProxy({
    upstream: server,
    history: startHistory(),
    onPoint: ({ boundary, point }) => Promise.resolve(void points.push(`${boundary}:${point}`)).then(() => 'go'),
  });
  const through = { ...server, host: proxy.host, port: proxy.port };
  try {
    await ask(through, `SELECT pg_create_logical_replication_slot('by_function', 'pgoutput')`);
    await ask(through, 'SELECT pg_drop_replication_slot($$by_function$$)');
    assert.deepEqual(points.splice(0), ['pg.slot:before', 'pg.slot:after-durable', 'pg.slot:client-moved-on']);
    const settings = { ...through, ssl: false, replication: 'database' };
    const client = new Client(settings);
    await client.connect();
    await client.query('CREATE_REPLICATION_SLOT passing TEMPORARY LOGICAL pgoutput');
    assert.deepEqual(points, []);
    await client.query('CREATE_REPLICATION_SLOT staying LOGICAL pgoutput');
    await client.query('DROP_REPLICATION_SLOT staying');
    await client.end();
    assert.deepEqual(points, ['pg.slot:before', 'pg.slot:after-durable', 'pg.slot:client-moved-on']);
  } finally {
    await proxy.close();
  }
}

/** What was prepared is durable and not yet there; a server allows it where it was told to when it started. */
async function twoSteps(server: Upstream, python: string, again: () => Promise<void>): Promise<void> {
  await ask(server, 'ALTER SYSTEM SET max_prepared_transactions = 4');
  await again();
  await ask(server, 'CREATE TABLE later (n int)');
  for (const nth of [1, 2])
    for (const point of POINTS) {
      await ask(server, 'TRUNCATE later');
      const passed: string[] = [];
      let program: RunningProgram | undefined;
      const proxy = await startPostgresProxy({
        upstream: server,
        history: startHistory(),
        onPoint: async (hit) => {
          passed.push(`${hit.nth}:${hit.point}`);
          if (hit.nth !== nth || hit.point !== point) return 'go';
          proxy.hold();
          await program?.kill();
          return 'drop';
        },
      });
      try {
        program = await startProgram({
          argv: [python, join(programs, 'prepares.py')],
          cwd: programs,
          env: { ...process.env, DATABASE_URL: urlOf(server, proxy) },
          marker: `prepares-${process.pid}`,
          onLine: () => undefined,
        });
        await within('its end', program.ended, SOON);
        await program.kill();
        await proxy.quiet();
        const what = `${nth} ${point}: ${passed.join(' ')}`;
        assert.equal(passed.at(-1), `${nth}:${point}`, what);
        const done = point === 'before' ? nth - 1 : nth;
        const prepared = await ask(server, 'SELECT gid FROM pg_prepared_xacts');
        assert.deepEqual([prepared.length, (await ask(server, 'SELECT n FROM later')).length], DONE[done], what);
      } finally {
        await program?.kill();
        await proxy.close();
        for (const { gid } of await ask(server, 'SELECT gid FROM pg_prepared_xacts'))
          await ask(server, `ROLLBACK PREPARED '${String(gid)}'`);
      }
    }
}

async function crashes(server: Upstream, crash: (how: Harm) => Promise<void>): Promise<void> {
  await ask(server, 'TRUNCATE done');
  await ask(server, `SELECT pg_create_logical_replication_slot('back', 'pgoutput')`);
  const where = async (): Promise<bigint> => {
    const [row] = await ask(server, `SELECT confirmed_flush_lsn - '0/0' AS at FROM pg_replication_slots`);
    return BigInt(String(row?.['at']));
  };
  const first = await where();
  await crash('mark');
  for (const [n, how] of (['kill', 'rewind'] as const).entries()) {
    await ask(server, `INSERT INTO done VALUES (${n + 1})`);
    await ask(server, `SELECT pg_replication_slot_advance('back', pg_current_wal_flush_lsn())`);
    assert.ok((await where()) > first, how);
    // PostgreSQL writes down where a slot is, here and whenever it likes.
    if (how === 'rewind') await ask(server, 'CHECKPOINT');
    await crash(how);
    assert.equal((await ask(server, 'SELECT n FROM done')).length, n + 1, how);
    assert.equal(await where(), first, `${how}: the slot is back`);
  }
}

/** Whoever drives the stream has asked, and got its answer. */
async function askedSince(server: Upstream): Promise<void> {
  const [now] = await ask(server, 'SELECT clock_timestamp()::text AS at');
  const isAsked = `SELECT FROM pg_stat_activity
    WHERE application_name = 'drive' AND state = 'idle' AND query_start > '${String(now?.['at'])}'`;
  await until('a question', async () => (await ask(server, isAsked)).length > 0, SOON);
}

async function ask(to: Upstream, sql: string): Promise<Record<string, unknown>[]> {
  const { host, port, user, password, database } = to;
  const client = new Client({ host, port, user, password, database, ssl: false });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

function urlOf({ user, password, database }: Upstream, { host, port }: { host: string; port: number }): string {
  return `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}?sslmode=disable`;
}

/** The last confirmation is what the drive waits for; PostgreSQL forgets it in the moment in which it can be seen. */
async function endsAfterTheFault(
  server: Upstream,
  argv: [string, ...string[]],
  onCrash: (how: Harm) => Promise<void>,
): Promise<void> {
  await ask(server, 'TRUNCATE done');
  await ask(server, `SELECT pg_create_logical_replication_slot('pipeline', 'pgoutput')`);
  for (let n = 1; n <= 3; n++) await ask(server, `INSERT INTO done VALUES (${n})`);
  const [row] = await ask(server, 'SELECT pg_current_wal_insert_lsn()::text AS at');
  await ask(server, 'INSERT INTO done VALUES (4)');
  const isConfirmed = `SELECT confirmed_flush_lsn > '${String(row?.['at'])}' FROM pg_replication_slots WHERE slot_name = 'pipeline'`;
  const stream = streamOf(
    { drive: async (driver) => void (await driver.until('the last confirmation', isConfirmed, SOON.deadlineMs)) },
    async () => {
      const client = new Client({ ...server, ssl: false, application_name: 'drive' });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
  );
  const attacked = await attack({
    schedule: parseSchedule('v1 lab=any stage=1 seed=1 size=4 rewind@1/pg.confirm[t4]#1:after-durable'),
    argv,
    cwd: programs,
    env: DECODES,
    postgres: server,
    stream: stream.options,
    // It has been seen before the fault strikes, however the two take turns.
    onHit: ({ role, point }) => (role === 't4' && point === 'after-durable' ? askedSince(server) : Promise.resolve()),
    onCrash,
    deadlineMs: 2 * SOON.deadlineMs,
  }).finally(() => stream.close());
  assert.deepEqual([attacked.fired, attacked.ended], [[true], 'completed']);
  const again = attacked.history.filter(
    ({ incarnation, role, point }) => incarnation === 2 && role === 't4' && point === 'after-durable',
  );
  assert.equal(again.length, 1);
  await ask(server, `SELECT pg_drop_replication_slot('pipeline')`);
}
