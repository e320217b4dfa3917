import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import { Client } from 'pg';

import { findFamily } from '#src/engines/python-family.ts';
import { startHistory } from '#src/faults/history.ts';
import { startPostgresProxy, type Hit, type PostgresProxy, type Upstream } from '#src/faults/postgres-proxy.ts';
import { startProgram, type RunningProgram } from '#src/faults/program.ts';
import type { Point } from '#src/faults/schedule.ts';
import { until, within } from '#src/deadline.ts';
import { ownRoot } from '#src/paths.ts';
import { clone, SOON } from '#test/engines/clone.ts';
import { driversPython } from '#test/faults/drivers.ts';
import { javaPrograms } from '#test/faults/java.ts';

const programs = join(ownRoot(import.meta.dirname), 'test', 'input', 'faults');
const [CANCEL_REQUEST, SSL_REQUEST, GSS_REQUEST] = [80877102, 80877103, 80877104];
const POINTS: readonly Point[] = ['before', 'after-durable', 'client-moved-on'];

const WAYS = {
  python: [
    'transaction',
    'autocommit',
    'simple',
    'implicit',
    'copy',
    'copy_autocommit',
    'pipeline',
    'flight',
    'prepared',
    'function',
    'caught',
  ],
  node: ['transaction', 'autocommit'],
  psycopg2: ['transaction', 'autocommit'],
  asyncpg: ['transaction', 'autocommit', 'many'],
  'postgres.js': ['transaction', 'autocommit'],
  jdbc: ['transaction', 'autocommit', 'prepared', 'batch', 'rewritten', 'copy'],
} as const;

/** What one commit of these ways writes beside its number. */
const BESIDE: Readonly<Record<string, readonly number[]>> = { batch: [10, 20, 30], rewritten: [10, 20, 30] };

await test('the PostgreSQL proxy', async (t) => {
  const place = await clone(t);
  await using supervisor = await place.connect();
  await supervisor.install('python');
  const family = await findFamily(place.paths);
  assert.ok(family.state === 'ready');
  await using lease = await supervisor.lease('postgres', { data: undefined });
  assert.ok(lease.address.kind === 'postgres');
  const upstream = lease.address;
  await ask(upstream, 'CREATE TABLE done (n int)');
  await ask(
    upstream,
    'CREATE FUNCTION add_done(n int) RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO done VALUES (n); END',
  );
  const drivers = await driversPython(place.paths);
  const java = await javaPrograms(t, place.paths);
  const commands: [string, [string, ...string[]]][] = [
    ...WAYS.python.map((way): [string, [string, ...string[]]] => [
      `psycopg, ${way}`,
      [family.interpreter, join(programs, 'commits.py'), way],
    ]),
    ...WAYS.node.map((way): [string, [string, ...string[]]] => [
      `pg, ${way}`,
      [process.execPath, join(programs, 'commits.ts'), way],
    ]),
    ...(['psycopg2', 'asyncpg'] as const).flatMap((driver) =>
      WAYS[driver].map((way): [string, [string, ...string[]]] => [
        `${driver}, ${way}`,
        [drivers, join(programs, 'drivers.py'), driver, way],
      ]),
    ),
    ...WAYS['postgres.js'].map((way): [string, [string, ...string[]]] => [
      `postgres.js, ${way}`,
      [process.execPath, join(programs, 'postgres-js.ts'), way],
    ]),
    ...WAYS.jdbc.map((way): [string, [string, ...string[]]] => [`the JDBC driver, ${way}`, java('Commits', way)]),
    ['psycopg without a farewell', [family.interpreter, join(programs, 'commits.py'), 'autocommit', 'abrupt']],
  ];
  for (const [name, argv] of commands) {
    await t.test(`${name}: each commit has three exact points`, () => pointsAreExact(upstream, argv));
  }
  await t.test('a cancel request reaches the right connection', () => cancels(upstream));
  await t.test('who asks for privacy is told that there is none, in both ways, and may go on in the open', () =>
    asksForPrivacy(upstream),
  );
  await t.test('a connection cut at a commit leaves the others alone', () => cutsOne(upstream));
});

async function pointsAreExact(upstream: Upstream, argv: [string, ...string[]]): Promise<void> {
  const calm = await run(upstream, argv, undefined);
  assert.deepEqual(calm.told, [1, 2, 3, 4]);
  assert.deepEqual(calm.rows, rowsOf([1, 2, 3, 4], argv));
  const passed = calm.hits.map(({ nth, point }) => `${nth}:${point}`);
  const durable = calm.hits.filter(({ point }) => point === 'after-durable').map(({ nth }) => nth);
  assert.equal(durable.length, 4, passed.join(' '));
  assert.equal(calm.hits.filter(({ point }) => point === 'client-moved-on').length, 4, passed.join(' '));
  for (const point of POINTS) {
    const nth = durable[1] ?? 0;
    const { rows, told, fired } = await run(upstream, argv, { boundary: 'pg.commit', nth, point });
    assert.ok(fired, point);
    assert.deepEqual(rows, rowsOf(point === 'before' ? [1] : [1, 2], argv), `rows at ${point}`);
    // In a pipeline the next message leaves before the answer has been looked at.
    const knows = point === 'client-moved-on' && !argv.some((part) => part === 'pipeline' || part === 'flight');
    if (knows || point !== 'client-moved-on') assert.deepEqual(told, knows ? [1, 2] : [1], `told at ${point}`);
  }
}

function rowsOf(numbers: readonly number[], argv: readonly string[]): number[] {
  const beside = BESIDE[argv.at(-1) ?? ''] ?? [];
  return [0, ...beside].flatMap((more) => numbers.map((n) => n + more));
}

interface Ran {
  readonly rows: readonly number[];
  readonly told: readonly number[];
  readonly hits: readonly Hit[];
  readonly fired: boolean;
}

/** Runs it once, and kills it at this point. */
async function run(upstream: Upstream, argv: [string, ...string[]], fault: Hit | undefined): Promise<Ran> {
  await ask(upstream, 'TRUNCATE done');
  const hits: Hit[] = [];
  const told: number[] = [];
  let fired = false;
  let program: RunningProgram | undefined;
  const proxy: PostgresProxy = await startPostgresProxy({
    upstream,
    history: startHistory(),
    onPoint: async (hit) => {
      hits.push(hit);
      if (hit.nth !== fault?.nth || hit.point !== fault.point) return 'go';
      fired = true;
      proxy.hold();
      await program?.kill();
      return 'drop';
    },
  });
  try {
    const lines: string[] = [];
    program = await startProgram({
      argv,
      cwd: programs,
      env: { ...process.env, DATABASE_URL: urlOf(upstream, proxy) },
      marker: `proxy-${process.pid}`,
      onLine: (line) => void lines.push(line),
    });
    const exit = await within('end of the program', program.ended, SOON);
    if (fault === undefined) assert.equal(exit.code, 0, lines.join('\n'));
    await proxy.quiet();
    told.push(...lines.map((line) => Number(line.replace('told ', ''))));
    const rows = await ask(upstream, 'SELECT n FROM done ORDER BY n');
    return { rows: rows.map(({ n }) => n as number), told, hits, fired };
  } finally {
    await program?.kill();
    await proxy.close();
  }
}

async function cancels(upstream: Upstream): Promise<void> {
  const proxy = await startPostgresProxy({ upstream, history: startHistory(), onPoint: () => Promise.resolve('go') });
  const through = { ...upstream, host: proxy.host, port: proxy.port };
  const [slow, other] = [await opened(through), await opened(through)];
  try {
    const { rows } = await slow.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const ended = assert.rejects(slow.query('SELECT pg_sleep(60)'), /canceling statement/);
    await until(
      'the statement runs',
      async () => {
        const sql = `SELECT 1 FROM pg_stat_activity WHERE pid = ${rows[0]?.pid ?? 0} AND query LIKE '%pg_sleep(60)%' AND state = 'active'`;
        return (await ask(upstream, sql)).length === 1;
      },
      SOON,
    );
    const { processID, secretKey } = slow as unknown as { processID: number; secretKey: number };
    const request = Buffer.alloc(16);
    [16, CANCEL_REQUEST, processID, secretKey].forEach((word, index) => request.writeInt32BE(word, 4 * index));
    // It hangs up at once, as clients do.
    connect({ host: proxy.host, port: proxy.port }).end(request);
    await within('the cancelled statement', ended, SOON);
    assert.deepEqual((await other.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
  } finally {
    await slow.end();
    await other.end();
    await proxy.close();
  }
}

/** The proxy must read what passes; a client that insists says so itself, instead of waiting. */
async function asksForPrivacy(upstream: Upstream): Promise<void> {
  const proxy = await startPostgresProxy({ upstream, history: startHistory(), onPoint: () => Promise.resolve('go') });
  const { host, port } = proxy;
  const socket = connect({ host, port });
  try {
    for (const code of [GSS_REQUEST, SSL_REQUEST]) {
      const request = Buffer.alloc(8);
      [8, code].forEach((word, index) => request.writeInt32BE(word, 4 * index));
      const answer = new Promise<Buffer>((resolve) => void socket.once('data', resolve));
      socket.write(request);
      assert.equal(String(await within('the answer', answer, SOON)), 'N');
    }
    const { user, password, database } = upstream;
    const insists = new Client({ host, port, user, password, database, ssl: { rejectUnauthorized: false } });
    insists.on('error', () => undefined);
    await assert.rejects(within('the refusal', insists.connect(), SOON), /does not support SSL/);
    const open = await opened({ ...upstream, host, port });
    assert.deepEqual((await open.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
    await open.end();
  } finally {
    socket.destroy();
    await proxy.close();
  }
}

async function cutsOne(upstream: Upstream): Promise<void> {
  await ask(upstream, 'TRUNCATE done');
  let cut = false;
  const proxy = await startPostgresProxy({
    upstream,
    history: startHistory(),
    onPoint: ({ nth, point }) => {
      if (nth !== 1 || point !== 'after-durable') return Promise.resolve('go');
      cut = true;
      return Promise.resolve('drop');
    },
  });
  const through = { ...upstream, host: proxy.host, port: proxy.port };
  const [first, second] = [await opened(through), await opened(through)];
  try {
    assert.equal(proxy.connections(), 2);
    await assert.rejects(first.query('INSERT INTO done VALUES (1)'), /terminated|ECONNRESET/);
    assert.ok(cut);
    await second.query('INSERT INTO done VALUES (2)');
    assert.deepEqual(await ask(upstream, 'SELECT n FROM done ORDER BY n'), [{ n: 1 }, { n: 2 }]);
    assert.equal(proxy.inFlight(), 0);
  } finally {
    await first.end().catch(() => undefined);
    await second.end();
    await proxy.close();
  }
}

function urlOf({ user, password, database }: Upstream, { host, port }: PostgresProxy): string {
  // TLS is asked for and refused, as by a client that was told nothing.
  return `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

async function opened({ host, port, user, password, database }: Upstream): Promise<Client> {
  const client = new Client({ host, port, user, password, database, ssl: false });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function ask(upstream: Upstream, sql: string): Promise<Record<string, unknown>[]> {
  const client = await opened(upstream);
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
