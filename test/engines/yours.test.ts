import assert from 'node:assert/strict';
import test from 'node:test';

import pg from 'pg';

import { until } from '#src/deadline.ts';
import type { EngineName } from '#src/engines/engine.ts';
import { environmentOf } from '#src/engines/environment.ts';
import { openAccess } from '#src/engines/kafka-access.ts';
import { openAdmin } from '#src/engines/kafka-admin.ts';
import { registry } from '#src/engines/registry.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { signal } from '#src/process.ts';
import { run } from '#src/runner/run.ts';
import { answerOf, clone, listening, runBlock, SOON, statusOf, type Clone } from '#test/engines/clone.ts';
import { PROGRAMS } from '#test/engines/programs.ts';
import { leaseServers } from '#test/engines/servers.ts';

/** Engines of one clone stand for servers of the learner's own; another clone is told their addresses. */
await test('engines of the learner’s own', async (t) => {
  const theirs = await clone(t);
  const found = await registry(theirs.paths).kafka.find();
  if (found.state === 'missing') return t.skip(found.why);
  await using supervisorOfTheirs = await theirs.connect();
  await using servers = await leaseServers(supervisorOfTheirs);
  const ours = await clone(t);
  await using supervisor = await ours.connect(servers.env);
  const subject: Subject = { t, ours, supervisor, env: servers.env };
  for (const part of [onPostgres, onOwn, onKafka, onStore, throughConnect, afterKill]) await part(subject);
});

interface Subject {
  readonly t: test.TestContext;
  readonly ours: Clone;
  readonly supervisor: Supervisor;
  readonly env: Readonly<Record<string, string>>;
}

/** The same block answers there, and what it runs on is no process of ours. */
async function answers({ ours, supervisor }: Subject, engine: EngineName): Promise<void> {
  const ran = await runBlock(supervisor, engine, PROGRAMS[engine].answer);
  assert.ok(answerOf(ran)?.split('\n').includes('42'), JSON.stringify(ran));
  const { at, memoryBytes } = await statusOf(supervisor, engine);
  assert.match(at ?? '', /127\.0\.0\.1:\d+/);
  assert.equal(memoryBytes, 0);
  assert.ok((await ours.file()).pid > 0);
}

async function onPostgres(subject: Subject): Promise<void> {
  await subject.t.test('PostgreSQL: a database for each block, and no other is touched', async () => {
    const client = new pg.Client({ connectionString: subject.env['DATABASE_URL'] });
    await client.connect();
    try {
      await client.query('CREATE DATABASE theirs');
      await answers(subject, 'postgres');
      const orders = await runBlock(subject.supervisor, 'postgres', PROGRAMS.postgres.orders, 'shop');
      assert.ok(Number(answerOf(orders)) > 100, JSON.stringify(orders));
      const left = async (): Promise<string> => {
        const { rows } = await client.query<{ datname: string }>(
          "SELECT datname FROM pg_database WHERE datname LIKE 'block%' OR datname = 'theirs'",
        );
        return rows.map(({ datname }) => datname).join();
      };
      await until('the end of the blocks’ databases', async () => (await left()) === 'theirs', SOON);
    } finally {
      await client.end();
    }
  });
}

async function onOwn({ t, ours, supervisor }: Subject): Promise<void> {
  await t.test('a block that has a whole server for itself has one of ours, and says so', async () => {
    const events: unknown[] = [];
    const code = 'ALTER SYSTEM SET work_mem = 65; SHOW port';
    const request = { engine: 'postgres', with: [], data: undefined, own: true, before: [], code } as const;
    const { state, note } = await run(request, supervisor, (event) => events.push(event));
    assert.equal(state, 'ok', JSON.stringify(events));
    assert.match(note ?? '', /not on yours \(DATABASE_URL\)/);
    // It ends with the engine, though nobody gave it back.
    const lease = await supervisor.lease('postgres', { data: undefined, own: true });
    assert.ok(lease.address.kind === 'postgres');
    const { host, port } = lease.address;
    const { pid } = await ours.file();
    assert.ok((await listening([pid])).includes(`${host}:${port}`));
    await supervisor.stop('postgres');
    assert.ok(!(await listening([pid])).includes(`${host}:${port}`));
  });
}

async function onKafka(subject: Subject): Promise<void> {
  await subject.t.test('Kafka: names with a prefix, and no other is touched', async () => {
    const admin = await openAdmin(openAccess(subject.env['KAFKA_BOOTSTRAP'] ?? ''));
    try {
      await admin.createTopics({ topics: ['theirs'], partitions: 1, replicas: 1 });
      // A group that has read to somewhere, as theirs would have.
      const group = (name: string): string =>
        `kafka-console-consumer --topic ${name} --group ${name} --from-beginning
        --max-messages 1 --timeout-ms 20000`.replaceAll(/\s+/g, ' ');
      const made = await runBlock(
        subject.supervisor,
        'kafka',
        ['theirs', '${TOPIC_PREFIX}ours']
          .flatMap((name) => [`kafka-console-producer --topic ${name} <<< 1`, group(name)])
          .join('\n'),
      );
      assert.equal(made.state, 'ok', JSON.stringify(made.events));
      await answers(subject, 'kafka');
      const left = async (): Promise<string> =>
        [...(await admin.listTopics()), ...(await admin.listGroups()).keys()].join();
      await until('the end of the blocks’ topics and groups', async () => (await left()) === 'theirs,theirs', SOON);
    } finally {
      await admin.close();
    }
  });
}

async function onStore(subject: Subject): Promise<void> {
  await subject.t.test('S3: names with a prefix in the bucket, and no other is touched', async () => {
    const { S3_ENDPOINT, S3_BUCKET } = subject.env;
    const bucket = `${S3_ENDPOINT}/${S3_BUCKET}`;
    assert.ok((await fetch(`${bucket}/theirs`, { method: 'PUT', body: '1' })).ok);
    await answers(subject, 's3');
    const keys = async (): Promise<string> => {
      const text = await (await fetch(`${bucket}?list-type=2`)).text();
      return [...text.matchAll(/<Key>([^<]*)/g)].map(([, key]) => key).join();
    };
    await until('the end of the blocks’ objects', async () => (await keys()) === 'theirs', SOON);
  });
}

async function throughConnect({ t, supervisor }: Subject): Promise<void> {
  await t.test('Kafka Connect of ours carries from the one to the other', async () => {
    const ran = await runBlock(supervisor, 'connect', PROGRAMS.connect.answer);
    assert.equal(answerOf(ran), '42', JSON.stringify(ran));
  });
}

async function afterKill({ t, ours, supervisor, env }: Subject): Promise<void> {
  await t.test('what a supervisor that was killed left there is removed by the next one', async () => {
    const engines = ['postgres', 'kafka', 's3'] as const;
    const leases = await Promise.all(engines.map((engine) => supervisor.lease(engine, { data: undefined })));
    const given = leases.reduce((all, { address }) => ({ ...all, ...environmentOf(address) }), {} as typeof env);
    const client = new pg.Client({ connectionString: env['DATABASE_URL'] });
    const admin = await openAdmin(openAccess(env['KAFKA_BOOTSTRAP'] ?? ''));
    const bucket = `${env['S3_ENDPOINT']}/${env['S3_BUCKET']}`;
    const left = async (): Promise<string[]> => {
      const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
      const keys = (await (await fetch(`${bucket}?list-type=2`)).text()).match(/(?<=<Key>)[^<]*/g) ?? [];
      return [...rows.map(({ datname }) => datname), ...(await admin.listTopics()), ...keys].filter((name) =>
        name.startsWith('block'),
      );
    };
    try {
      await client.connect();
      await admin.createTopics({ topics: [`${given['TOPIC_PREFIX']}orders`], partitions: 1, replicas: 1 });
      assert.ok((await fetch(`${bucket}/${given['S3_PREFIX']}object`, { method: 'PUT', body: '1' })).ok);
      // Earlier blocks' own things are still being removed.
      await until('what is held, and no more', async () => (await left()).length === engines.length, SOON);
      signal((await ours.file()).pid, 'SIGKILL');
      await until('the end of the supervisor', () => !supervisor.isOpen, SOON);
      assert.equal((await left()).length, engines.length);
      await using next = await ours.connect(env);
      for (const engine of engines) await next.start(engine);
      await until('the end of what was left', async () => (await left()).length === 0, SOON);
    } finally {
      await client.end();
      await admin.close();
    }
  });
}
