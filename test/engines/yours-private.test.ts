import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join, dirname } from 'node:path';
import test from 'node:test';

import pg from 'pg';

import { until } from '#src/deadline.ts';
import type { Address, EngineName } from '#src/engines/engine.ts';
import { findJvm, type ReadyJvm } from '#src/engines/jvm.ts';
import { accessFrom, type KafkaAccess } from '#src/engines/kafka-access.ts';
import { answers } from '#src/engines/kafka-admin.ts';
import { serverFrom, sslFor } from '#src/engines/postgres-address.ts';
import { findFamily } from '#src/engines/python-family.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { startHistory } from '#src/faults/history.ts';
import { openKafkaUpstream } from '#src/faults/kafka-upstream.ts';
import { startPostgresProxy } from '#src/faults/postgres-proxy.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { freePort } from '#src/ports.ts';
import { run } from '#src/runner/run.ts';
import { answerOf, clone, runBlock, SOON } from '#test/engines/clone.ts';
import { certificateOf, type Certificate } from '#test/engines/private.ts';
import { PROGRAMS } from '#test/engines/programs.ts';
import { PLAIN_LOGIN, startForeign } from '#test/engines/second-kafka.ts';
import { isExact, NTH, streamPrograms } from '#test/faults/kafka-killed.ts';

type Database = Extract<Address, { kind: 'postgres' }>;

/** 42 where the connection is private, and else 0. */
const IS_PRIVATE = 'SELECT 42 * ssl::int AS answer FROM pg_stat_ssl WHERE pid = pg_backend_pid()';

/** The same asked by clients that blocks use. */
const PYTHON = `import os, psycopg\nprint(psycopg.connect(os.environ['DATABASE_URL']).execute("${IS_PRIVATE}").fetchone()[0])`;
const NODE = `import pg from 'pg';
const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
console.log((await client.query(${JSON.stringify(IS_PRIVATE)})).rows[0].answer);
await client.end();`;
const DUCKDB = `ATTACH '' AS there (TYPE postgres); FROM postgres_query('there', '${IS_PRIVATE}');`;

test('a PostgreSQL that takes private connections only', async (t) => {
  const certificate = await certificateOf(t);
  const theirs = await clone(t);
  await using servers = await theirs.connect();
  await using lease = await servers.lease('postgres', { data: undefined, own: true });
  const address = lease.address as Database;
  await makePrivate(address, certificate);
  const url = (host: string, query: string): string =>
    `postgresql://${address.user}:${address.password}@${host}:${address.port}/postgres?${query}`;
  const rooted = `sslrootcert=${encodeURIComponent(certificate.ca)}`;

  await t.test('each mode asks for what PostgreSQL’s own client asks for', async (t) => {
    const stranger = await certificateOf(t);
    for (const [host, query, words] of [
      ['localhost', 'sslmode=disable', /no encryption/],
      ['localhost', 'sslmode=require', undefined],
      ['127.0.0.1', `sslmode=verify-ca&${rooted}`, undefined],
      ['127.0.0.1', `sslmode=verify-full&${rooted}`, /does not match certificate/],
      ['localhost', `sslmode=verify-full&${rooted}`, undefined],
      ['localhost', `sslmode=verify-ca&sslrootcert=${encodeURIComponent(stranger.ca)}`, /unable to verify/],
    ] as const) {
      const asked = answerAt(url(host, query));
      if (words === undefined) assert.equal(await asked, 42, query);
      else await assert.rejects(asked, words, query);
    }
    for (const [query, words] of [
      ['sslmode=prefer', /sslmode=prefer in DATABASE_URL/],
      ['sslmode=verify-full&sslrootcert=/no/such.pem', /there is no file \/no\/such\.pem/],
    ] as const)
      assert.throws(() => serverFrom({ DATABASE_URL: url('localhost', query) }), words);
  });

  const ours = await clone(t);
  const DATABASE_URL = url('localhost', `sslmode=verify-full&${rooted}`);
  await using supervisor = await ours.connect({ DATABASE_URL });
  await t.test('blocks of every language connect privately', async () => {
    assert.equal(answerOf(await runBlock(supervisor, 'postgres', IS_PRIVATE)), '42');
    for (const [engine, code] of [
      ['python', PYTHON],
      ['node', NODE],
      ['duckdb', DUCKDB],
    ] as const)
      assert.equal(await answered(supervisor, engine, 'postgres', code), '42', engine);
  });

  await t.test('a program that is graded goes through the proxy without TLS, and the proxy with it', async (t) => {
    const upstream = serverFrom({ DATABASE_URL }) ?? assert.fail();
    const points: string[] = [];
    const proxy = await startPostgresProxy({
      upstream,
      history: startHistory(),
      onPoint: ({ boundary, point }) => {
        points.push(`${boundary} ${point}`);
        return Promise.resolve('go');
      },
    });
    t.after(() => proxy.close());
    const { user, password, database } = upstream;
    const client = new pg.Client({ host: proxy.host, port: proxy.port, user, password, database, ssl: false });
    await client.connect();
    await client.query('CREATE TABLE done (n int)');
    assert.equal((await client.query<{ answer: number }>(IS_PRIVATE)).rows[0]?.answer, 42);
    // More than fits into one packet, both ways.
    const { rows } = await client.query<{ n: number }>('SELECT length($1) AS n, $1 AS back', ['x'.repeat(1_000_000)]);
    assert.equal(rows[0]?.n, 1_000_000);
    await client.end();
    await proxy.quiet();
    assert.deepEqual(points, ['pg.commit before', 'pg.commit after-durable', 'pg.commit client-moved-on']);
  });
});

/** From now on it has a certificate, and refuses whoever speaks in the open. */
async function makePrivate(address: Database, { certificate, key }: Certificate): Promise<void> {
  const client = new pg.Client({ ...plain(address), ssl: false });
  await client.connect();
  const write = async (name: string, text: string): Promise<void> => {
    const lines = `SELECT unnest(string_to_array(${client.escapeLiteral(text.trim())}, E'\\n'))`;
    await client.query(`COPY (${lines}) TO PROGRAM 'umask 077; cat > ${name}'`);
  };
  await write('server.crt', await readFile(certificate, 'utf8'));
  await write('server.key', await readFile(key, 'utf8'));
  await write('pg_hba.conf', 'hostssl all all all scram-sha-256');
  await client.query('ALTER SYSTEM SET ssl = on');
  await client.query('SELECT pg_reload_conf()');
  await client.end();
  const isRefused = async (): Promise<boolean> => {
    const open = new pg.Client({ ...plain(address), ssl: false });
    return open.connect().then(
      () => open.end().then(() => false),
      () => true,
    );
  };
  await until('the end of open connections', isRefused, SOON);
}

function plain({ host, port, user, password, database }: Database): pg.ClientConfig {
  return { host, port, user, password, database };
}

async function answerAt(url: string): Promise<number | undefined> {
  const server = serverFrom({ DATABASE_URL: url }) ?? assert.fail();
  const { host, port, user, password, database } = server;
  const client = new pg.Client({ host, port, user, password, database, ssl: sslFor(server) });
  try {
    await client.connect();
    return (await client.query<{ answer: number }>(IS_PRIVATE)).rows[0]?.answer;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What a block prints that has another engine beside its own. */
async function answered(
  supervisor: Supervisor,
  engine: EngineName,
  beside: EngineName,
  code: string,
): Promise<string | null | undefined> {
  const events: Parameters<Parameters<typeof run>[2]>[0][] = [];
  const request = { engine, with: [beside], data: undefined, before: [], code } as const;
  const outcome = await run(request, supervisor, (event) => events.push(event));
  assert.equal(outcome.state, 'ok', JSON.stringify(events));
  return answerOf({ ...outcome, events });
}

const SECRET = 'a "quoted" secret';
const SCRAM_LOGIN = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';

// With a password alone, blocks of all kinds run in test/gate/kafka-cluster.test.ts.
test('a Kafka that asks for a password, for TLS, and for both', async (t) => {
  const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
  if (found.state === 'missing') return t.skip(found.why);
  const jvm = found.state === 'ready' ? found : await found.install(() => undefined);
  const certificate = await certificateOf(t);
  const { ports, said } = await startPrivate(t, jvm, certificate);
  const user = { KAFKA_SASL_USERNAME: 'me', KAFKA_SASL_PASSWORD: SECRET };
  const trust = { KAFKA_SSL_CA_LOCATION: certificate.ca };
  const at = (which: number): string => `localhost:${ports[which]}`;
  const both = { KAFKA_BOOTSTRAP: at(2), ...user, ...trust, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512' };
  const code = `import json, os
from confluent_kafka import Consumer, Producer
config, topic = json.loads(os.environ['KAFKA_CONFIG']), os.environ['TOPIC_PREFIX'] + 'orders'
producer = Producer(config)
producer.produce(topic, b'42')
producer.flush()
consumer = Consumer(config | {'group.id': topic, 'auto.offset.reset': 'earliest'})
consumer.subscribe([topic])
print(consumer.poll(30).value().decode())`;
  const access = accessFrom(both) ?? assert.fail();
  const evidence = () => ({
    lastLines: said.filter((line) => !line.startsWith('\tat')).slice(-20),
    logPath: undefined,
  });
  await until('the broker', () => answers(access), { deadlineMs: 60_000, evidence });
  await t.test('its tools, and a client in Python', async (t) => {
    const place = await clone(t);
    await using supervisor = await place.connect(both);
    assert.match(answerOf(await runBlock(supervisor, 'kafka', PROGRAMS.kafka.answer)) ?? '', /^42$/m);
    assert.equal(await answered(supervisor, 'python', 'kafka', code), '42');
  });

  const others = {
    'TLS alone': { KAFKA_BOOTSTRAP: at(0), KAFKA_SECURITY_PROTOCOL: 'SSL', ...trust },
    'a password alone': { KAFKA_BOOTSTRAP: at(1), KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', ...user },
    'TLS and a shorter proof of the password': { ...both, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256' },
  };
  await t.test('TLS alone, a password alone, and another proof of it', async () => {
    for (const [name, env] of Object.entries(others))
      assert.equal(await answers(accessFrom(env) ?? assert.fail()), true, name);
  });

  const accesses = [access, ...Object.values(others).map((env) => accessFrom(env) ?? assert.fail())];
  await t.test('a program behind the grader’s proxy needs none of it, and each boundary has three exact points', () =>
    exactAtEach(accesses),
  );

  await t.test('who is not whom he says he is gets no answer', async () => {
    const stranger = await certificateOf(t);
    for (const other of [{ KAFKA_SASL_PASSWORD: 'wrong' }, { KAFKA_SSL_CA_LOCATION: stranger.ca }])
      assert.equal(await answers(accessFrom({ ...both, ...other }) ?? assert.fail()), false, JSON.stringify(other));
    for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512', 'PLAIN'])
      await assert.rejects(
        openKafkaUpstream(
          accessFrom({ ...both, KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_PASSWORD: 'wrong' }) ?? assert.fail(),
          at(2),
        ),
        /Kafka refused to sign the user in/,
        mechanism,
      );
    const trusting = accessFrom({ ...both, KAFKA_SSL_CA_LOCATION: stranger.ca }) ?? assert.fail();
    await assert.rejects(openKafkaUpstream(trusting, at(2)), /unable to verify|self-signed/);
    // The certificate is for a name, and a number is another one.
    const byNumber = at(2).replace('localhost', '127.0.0.1');
    await assert.rejects(openKafkaUpstream(access, byNumber), /does not match certificate/);
    assert.throws(() => accessFrom({ ...both, KAFKA_SSL_CA_LOCATION: '/no/such.pem' }), /KAFKA_SSL_CA_LOCATION/);
  });
});

/** Every point at the first, and one at the others: the ways in differ, and what goes over them does not. */
async function exactAtEach([first, ...others]: readonly KafkaAccess[]): Promise<void> {
  // It was made for the block above.
  const family = await findFamily(pathsOf(ownRoot()));
  assert.ok(family.state === 'ready' && first !== undefined);
  const argv = streamPrograms(family.interpreter)['confluent-kafka'];
  for (const [way, boundary] of [
    ['late', 'kafka.produce'],
    ['late', 'kafka.offset'],
    ['transaction', 'kafka.endtxn'],
  ] as const)
    for (const point of ['before', 'after-durable', 'client-moved-on'] as const)
      await isExact({ access: first, prefix: 'killed-' }, [...argv, way], { boundary, point, nth: NTH });
  const fault = { boundary: 'kafka.offset', point: 'after-durable', nth: NTH } as const;
  for (const access of others) await isExact({ access, prefix: 'killed-' }, [...argv, 'late'], fault);
}

async function startPrivate(
  t: test.TestContext,
  jvm: ReadyJvm,
  { certificate, key }: Certificate,
): Promise<{ readonly ports: readonly number[]; readonly said: readonly string[] }> {
  const store = join(dirname(key), 'store.pem');
  await writeFile(store, (await readFile(key, 'utf8')) + (await readFile(certificate, 'utf8')));
  const ports = await Promise.all([1, 2, 3, 4].map(() => freePort()));
  const [tls, word, both, controller] = ports;
  const password = SECRET.replaceAll('"', '\\"');
  const listeners = `TLS://localhost:${tls},WORD://localhost:${word},BOTH://localhost:${both}`;
  const said = await startForeign(t, jvm, {
    format: ['SCRAM-SHA-512', 'SCRAM-SHA-256'].flatMap((name) => [
      '--add-scram',
      `${name}=[name=me,password=${SECRET}]`,
    ]),
    settings: {
      'process.roles': 'broker,controller',
      'node.id': 1,
      'controller.quorum.voters': `1@localhost:${controller}`,
      'inter.broker.listener.name': 'TLS',
      listeners: `${listeners},CONTROLLER://localhost:${controller}`,
      'advertised.listeners': listeners,
      'listener.security.protocol.map': 'TLS:SSL,WORD:SASL_PLAINTEXT,BOTH:SASL_SSL,CONTROLLER:PLAINTEXT',
      'listener.name.word.sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.both.sasl.enabled.mechanisms': 'SCRAM-SHA-512,SCRAM-SHA-256',
      'listener.name.word.plain.sasl.jaas.config': `${PLAIN_LOGIN} user_me="${password}";`,
      'listener.name.both.scram-sha-512.sasl.jaas.config': SCRAM_LOGIN,
      'listener.name.both.scram-sha-256.sasl.jaas.config': SCRAM_LOGIN,
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': store,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': join(dirname(certificate), 'ca.pem'),
      'offsets.topic.replication.factor': 1,
      'offsets.topic.num.partitions': 1,
      'group.initial.rebalance.delay.ms': 0,
      'default.replication.factor': 1,
      'transaction.state.log.replication.factor': 1,
      'transaction.state.log.min.isr': 1,
      'transaction.state.log.num.partitions': 1,
    },
  });
  return { ports, said };
}
