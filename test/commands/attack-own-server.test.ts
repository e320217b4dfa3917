import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import test from 'node:test';

import pg from 'pg';

import { until } from '#src/deadline.ts';
import { environmentOf } from '#src/engines/environment.ts';
import { findFamily } from '#src/engines/python-family.ts';
import { dej } from '#test/cli/dej.ts';
import { programs, verdictIn } from '#test/commands/attack-place.ts';
import { clone, SOON } from '#test/engines/clone.ts';

const EMPTIES = ['--', 'python', 'loaders.py', 'empties'];

/** PostgreSQL of one clone stands for a server of the learner's own. */
test('a server of yours is refused without a word for it, and left as it was with one', async (t) => {
  const theirs = await clone(t);
  await using supervisor = await theirs.connect();
  await supervisor.install('python');
  const family = await findFamily(theirs.paths);
  assert.ok(family.state === 'ready');
  await using server = await supervisor.lease('postgres', { data: undefined, own: true });
  const { DATABASE_URL = '' } = environmentOf(server.address);
  const client = new pg.Client({ connectionString: DATABASE_URL });
  await client.connect();
  client.on('error', () => undefined);
  t.after(() => client.end());
  await client.query('CREATE TABLE orders (mine text)');
  const seen = async (): Promise<unknown> => (await client.query('SELECT datname FROM pg_database ORDER BY 1')).rows;
  const before = await seen();

  const ours = await clone(t);
  const journal = await mkdtemp(join(tmpdir(), 'dej-own-server-'));
  t.after(() => rm(journal, { recursive: true, force: true }));
  const PATH = [dirname(family.interpreter), process.env['PATH'] ?? ''].join(delimiter);
  const env = { DEJ_STATE: ours.paths.state, DEJ_JOURNAL: journal, PATH, DATABASE_URL };
  const given = ['--json', '--folder', programs, '--input', join(programs, 'data'), '--compare', 'orders'];
  // Wrong already where nothing is done to it, so that it takes few runs.
  const rest = [...given, '--atomic', 'orders', '--setup', join(programs, 'yesterday.sql'), ...EMPTIES];

  const refused = await dej(['attack', ...rest], env);
  assert.equal(refused.code, 3, refused.stdout);
  assert.match(refused.stderr, /DATABASE_URL leads to a server of yours .*or say --own-server\./s);
  assert.deepEqual(await seen(), before);

  const asked = await dej(['attack', '--own-server', ...rest], env);
  assert.equal(asked.code, 1, asked.stderr);
  assert.equal(verdictIn(asked.stdout, asked.stderr).verdict.findings[0]?.anomaly, 'partial-write');
  assert.deepEqual(await readdir(join(ours.paths.state, 'made')), ['postgres'], 'it took place there');
  assert.deepEqual((await client.query('SELECT count(*)::int AS n FROM orders')).rows, [{ n: 0 }]);
  // Whoever stops the engines at once does not stop the clearing away.
  const stopped = await dej(['engines', 'stop'], env);
  assert.equal(stopped.code, 0, stopped.stderr);
  await until('the end of the supervisor', () => !existsSync(join(ours.paths.state, 'supervisor.json')), SOON);
  assert.deepEqual(await seen(), before, 'what was made there is gone');
});
