import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import test from 'node:test';

import { createContext, type Context } from '#src/commands/context.ts';
import { verifyContent } from '#src/commands/verify.ts';
import { until, within } from '#src/deadline.ts';
import { findJvm } from '#src/engines/jvm.ts';
import { openAccess } from '#src/engines/kafka-access.ts';
import { openAdmin } from '#src/engines/kafka-admin.ts';
import { readRemote } from '#src/engines/spark-address.ts';
import { SparkClient } from '#src/engines/spark-client.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { WorldError } from '#src/error.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { clone, SOON } from '#test/engines/clone.ts';
import { documentServer } from '#test/engines/document-server.ts';
import { startSparkCluster } from '#test/engines/second-spark.ts';
import { leaseServers } from '#test/engines/servers.ts';

const GUIDES = ['01-batch-vs-streaming', '02-cdc', '03-idempotency', '04-oltp-vs-olap'];

/**
 * PostgreSQL, Kafka and the object store of one clone stand for servers of the learner's own, Spark is a standalone cluster,
 * and documents lie on what speaks MongoDB's protocol; another clone is told all of their addresses and runs every block
 * of the four guides there.
 */
test('the four guides at addresses print what was recorded', async (t) => {
  const found = await findJvm(pathsOf(ownRoot()), ['spark']);
  if (found.state === 'missing') return t.skip(found.why);
  const jvm = found.state === 'ready' ? found : await found.install(() => undefined);
  const { remote } = await startSparkCluster(t, jvm);
  const spark = new SparkClient(readRemote(remote));
  t.after(() => spark.close());
  // All that is slow the first time on a cluster, before a block has its time limit.
  await spark.sql('CREATE TABLE theirs USING delta AS SELECT 1 AS id', 0);
  await spark.sql('MERGE INTO theirs t USING (SELECT 1 AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE', 0);

  const theirs = await clone(t);
  await using supervisorOfTheirs = await theirs.connect();
  await using servers = await leaseServers(supervisorOfTheirs);
  const ours = await clone(t);
  // Whether a block that needs one runs is asked here, and where it runs is asked there.
  const MONGODB_URL = await documentServer(t);
  assert.ok(MONGODB_URL !== undefined);
  process.env['MONGODB_URL'] = MONGODB_URL;
  t.after(() => delete process.env['MONGODB_URL']);
  await using supervisor = await ours.connect({ ...servers.env, SPARK_REMOTE: remote, MONGODB_URL });
  const context: Context = {
    ...createContext(ours.paths),
    supervisor: () => Promise.resolve(supervisor),
    close: () => Promise.resolve(),
  };
  const other: string[] = [];
  let same = 0;
  for await (const event of verifyContent({ record: false, only: GUIDES }, context)) {
    if (event.type !== 'block' && event.type !== 'answer') continue;
    const { reference, result } = event;
    if (result.state === 'same') same++;
    else if (result.state !== 'not-run' || /not set/.test(result.why))
      other.push(`${reference} ${JSON.stringify(result)}`);
  }
  assert.deepEqual(other, []);
  assert.ok(same > 100, `${same} blocks and answers`);
  const statuses = await supervisor.status();
  for (const name of ['postgres', 'kafka', 'spark'] as const)
    assert.match(statuses.find((status) => status.name === name)?.at ?? '', /127\.0\.0\.1:\d+/, name);

  await t.test('and nothing of them is left there', () => nothingLeft(supervisor, spark, servers.env));
});

async function nothingLeft(supervisor: Supervisor, spark: SparkClient, env: Record<string, string>): Promise<void> {
  for (const engine of ['spark', 'kafka', 's3', 'postgres'] as const) await supervisor.stop(engine);
  const admin = await openAdmin(openAccess(env['KAFKA_BOOTSTRAP'] ?? ''));
  const left = async (): Promise<string> => {
    const { rows } = await spark.sql('SHOW DATABASES', 100);
    return [...rows.map(([name]) => name), ...(await admin.listTopics())].join();
  };
  try {
    await until('the end of what blocks made', async () => (await left()) === 'default', SOON);
    assert.equal((await spark.sql('DESCRIBE HISTORY theirs', 10)).total, 2);
  } finally {
    await admin.close();
  }
}

test('a server that takes a connection and says nothing is told within a bounded time', async (t) => {
  const mute = createServer().listen(0, '127.0.0.1');
  await until('a server', () => mute.listening, SOON);
  t.after(() => mute.close());
  const at = mute.address();
  assert.ok(at !== null && typeof at === 'object');
  const place = await clone(t);
  const here = `127.0.0.1:${at.port}`;
  await using supervisor = await place.connect({
    DATABASE_URL: `postgresql://me:secret@${here}/shop`,
    KAFKA_BOOTSTRAP: here,
    SPARK_REMOTE: `sc://${here}/;token=secret`,
    S3_ENDPOINT: `http://${here}`,
    S3_BUCKET: 'b',
    AWS_ACCESS_KEY_ID: 'me',
    AWS_SECRET_ACCESS_KEY: 'secret',
    MONGODB_URL: `mongodb://${here}/`,
  });
  const ask = async (engine: 'postgres' | 'kafka' | 'spark' | 's3' | 'python'): Promise<void> => {
    const asked = supervisor.lease(engine, { data: undefined, documents: true });
    await assert.rejects(within(engine, asked, { deadlineMs: 60_000 }), (error: Error) => {
      assert.ok(error instanceof WorldError);
      assert.ok(error.message.includes(here), error.message);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  };
  await Promise.all((['postgres', 'kafka', 'spark', 's3', 'python'] as const).map(ask));
});
