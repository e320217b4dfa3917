import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { access, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { until } from '#src/deadline.ts';
import { connect, findRunning } from '#src/engines/connect.ts';
import { ENGINE_NAMES, type EngineName } from '#src/engines/engine.ts';
import { registry } from '#src/engines/registry.ts';
import { ownRoot, type Paths } from '#src/paths.ts';
import { forEachLine, isAlive, signal, start, trees } from '#src/process.ts';
import { answerOf, begin, clone, runBlock, SOON, statusOf } from '#test/engines/clone.ts';
import { PROGRAMS } from '#test/engines/programs.ts';

async function present(paths: Paths): Promise<EngineName[]> {
  const engines = registry(paths);
  const found = await Promise.all(ENGINE_NAMES.map((name) => engines[name].find()));
  return ENGINE_NAMES.filter((_, i) => found[i]?.state !== 'missing');
}

async function gone(pids: readonly number[]): Promise<void> {
  const left = async (): Promise<boolean> => !(await Promise.all(pids.map(isAlive))).includes(true);
  await until(`end of ${pids.join(', ')}`, left, SOON);
}

test('nobody is started by looking', async (t) => {
  const { paths } = await clone(t);
  assert.equal(await findRunning(paths), undefined);
  assert.deepEqual(await readdir(paths.state), []);
});

test('many who come at once share one supervisor', async (t) => {
  const place = await clone(t);
  const all = await Promise.all(Array.from({ length: 6 }, () => place.connect()));
  const { pid } = await place.file();
  const pids = new Set<number>();
  for (const supervisor of all) {
    await supervisor.start('duckdb');
    pids.add((await place.file()).pid);
  }
  assert.deepEqual([...pids], [pid]);
  const log = await readFile(join(place.paths.state, 'logs', 'supervisor.log'), 'utf8');
  assert.equal(log.match(/ready/g)?.length, 1, log);
  await Promise.all(all.map((supervisor) => supervisor.close()));
});

test('what it writes is for its owner only', async (t) => {
  const place = await clone(t);
  await using _supervisor = await place.connect();
  const { socketPath } = await place.file();
  const paths = [join(place.paths.state, 'supervisor.json'), socketPath, place.paths.sockets];
  for (const path of paths) assert.equal((await stat(path)).mode & 0o077, 0, path);
});

test('whoever is not the last can not end it, and force can', async (t) => {
  const place = await clone(t);
  await using one = await place.connect();
  const other = await place.connect();
  const { pid } = await place.file();
  await other.shutdown();
  assert.equal(other.isOpen, false);
  assert.ok((await one.status()).length > 0);
  await one.shutdown({ force: true });
  assert.equal(await isAlive(pid), false);
  await assert.rejects(access(join(place.paths.state, 'supervisor.json')));
});

test('what was to be stopped while others were there is stopped when the last of them goes', async (t) => {
  const place = await clone(t);
  const app = await place.connect();
  const command = await place.connect();
  const { pid } = await place.file();
  await command.start('duckdb');
  await app.shutdown();
  assert.equal(await isAlive(pid), true);
  await command.close();
  await gone([pid]);
});

test('whoever comes while it ends is served all the same', async (t) => {
  const place = await clone(t);
  const first = await place.connect();
  await first.start('duckdb');
  const ending = first.shutdown();
  await using next = await place.connect();
  await ending;
  assert.equal(answerOf(await runBlock(next, 'duckdb', PROGRAMS.duckdb.answer)), '42');
});

test('one of an older build makes way, unless somebody else is connected', async (t) => {
  const place = await clone(t);
  const first = await place.connect();
  const { pid, ...rest } = await place.file();
  await writeFile(join(place.paths.state, 'supervisor.json'), JSON.stringify({ pid, ...rest, edition: 'older' }));
  const second = await place.connect();
  assert.equal((await place.file()).pid, pid, 'another is connected');
  await Promise.all([first.close(), second.close()]);
  await using _third = await place.connect();
  assert.notEqual((await place.file()).pid, pid);
  assert.equal(await isAlive(pid), false);
});

test('SIGTERM ends it with all that it owns', async (t) => {
  const place = await clone(t);
  await using supervisor = await place.connect();
  const block = begin(supervisor, 'duckdb', PROGRAMS.duckdb.forever);
  await block.begun;
  const { pid } = await place.file();
  const pids = await trees([pid]);
  signal(pid, 'SIGTERM');
  await gone(pids);
  const { state, events } = await block.ended;
  assert.equal(state, 'unknown', JSON.stringify(events));
  await until('the news of its end', () => !supervisor.isOpen, SOON);
});

test('a client that crashes gives its sandboxes back', async (t) => {
  const place = await clone(t);
  await using supervisor = await place.connect();
  const script = `
    import { connect } from '#src/engines/connect.ts';
    import { ownRoot, pathsOf } from '#src/paths.ts';
    const supervisor = await connect(pathsOf(ownRoot()));
    for (const i of [1, 2]) console.log((await supervisor.lease('duckdb', { data: undefined })).address.directory);
    setInterval(() => {}, 1000);
  `;
  const env = { ...process.env, DEJ_STATE: place.paths.state };
  const client = await start([process.execPath, '--input-type=module-typescript', '-e', script], {
    env,
    cwd: ownRoot(),
  });
  const folders: string[] = [];
  forEachLine(client.stdout, (line) => folders.push(line));
  await until('two leases', () => folders.length === 2, SOON);
  assert.equal((await statusOf(supervisor, 'duckdb')).sandboxes, 2);
  signal(client.pid, 'SIGKILL');
  await until('sandboxes given back', async () => (await statusOf(supervisor, 'duckdb')).sandboxes === 0, SOON);
  await until('their folders gone', () => !folders.some((folder) => existsSync(folder)), SOON);
});

test('what a client guards ends with the client, however it ends, and nothing else does', async (t) => {
  const place = await clone(t);
  await using supervisor = await place.connect();
  const marker = `guarded-${process.pid}`;
  const forever = [process.execPath, '-e', 'setInterval(() => {}, 1e6)'] as const;
  const guarded = await start([...forever], { marker: `${marker}/1`, group: true });
  const other = await start([...forever], { marker: `${marker}-other`, group: true });
  t.after(() => signal(other.pid, 'SIGKILL'));
  const script = `
    import { connect } from '#src/engines/connect.ts';
    import { ownRoot, pathsOf } from '#src/paths.ts';
    await (await connect(pathsOf(ownRoot()))).guard('${marker}');
    console.log('guarding');
    setInterval(() => {}, 1000);
  `;
  const env = { ...process.env, DEJ_STATE: place.paths.state };
  const client = await start([process.execPath, '--input-type=module-typescript', '-e', script], {
    env,
    cwd: ownRoot(),
  });
  await new Promise<void>((resolve) => forEachLine(client.stdout, () => resolve()));
  assert.ok(await isAlive(guarded.pid));
  signal(client.pid, 'SIGKILL');
  await gone([guarded.pid]);
  assert.ok(await isAlive(other.pid));
  const again = await start([...forever], { marker: `${marker}/2`, group: true });
  const guard = await supervisor.guard(marker);
  await guard[Symbol.asyncDispose]();
  await gone([again.pid]);
});

async function runFolders(paths: Paths): Promise<string[]> {
  const engines = await readdir(join(paths.state, 'run'));
  return (await Promise.all(engines.map((engine) => readdir(join(paths.state, 'run', engine))))).flat();
}

test('an engine without a sandbox stops after a while, and at last the supervisor', async (t) => {
  const place = await clone(t);
  const supervisor = await place.connect({ DEJ_IDLE_MS: '150' });
  const { pid } = await place.file();
  const lease = await supervisor.lease('duckdb', { data: undefined });
  await runBlock(supervisor, 'duckdb', PROGRAMS.duckdb.answer);
  const workers = (await trees([pid])).filter((other) => other !== pid);
  assert.ok(workers.length > 0);
  await lease[Symbol.asyncDispose]();
  await until('stop of the engine', async () => (await statusOf(supervisor, 'duckdb')).state === 'installed', SOON);
  await gone(workers);
  assert.equal(answerOf(await runBlock(supervisor, 'duckdb', PROGRAMS.duckdb.answer)), '42');
  await supervisor.close();
  await gone([pid]);
});

test('a killed supervisor leaves nothing that its successor does not end', async (t) => {
  const place = await clone(t);
  const first = await place.connect();
  const blocks = (await present(place.paths)).map((name) => begin(first, name, PROGRAMS[name].forever));
  for (const block of blocks) await block.begun;
  const { pid } = await place.file();
  const pids = await trees([pid]);
  assert.ok(pids.length > blocks.length + 1);
  signal(pid, 'SIGKILL');
  for (const block of blocks) block.stop();
  await Promise.all(blocks.map(({ ended }) => ended));

  await using second = await place.connect();
  assert.notEqual((await place.file()).pid, pid);
  for (const old of pids) assert.equal(await isAlive(old), false, `process ${old} of the killed supervisor`);
  assert.deepEqual(await runFolders(place.paths).catch(() => []), []);
  assert.equal((await readdir(place.paths.sockets)).length, 1);
  assert.equal(answerOf(await runBlock(second, 'duckdb', PROGRAMS.duckdb.answer)), '42');
});

test('two clones side by side do not meet', async (t) => {
  const here = await clone(t);
  const there = await clone(t);
  await using one = await here.connect();
  const other = await there.connect();
  for (const name of await present(here.paths)) {
    const ran = await Promise.all([one, other].map((supervisor) => runBlock(supervisor, name, PROGRAMS[name].count)));
    assert.deepEqual(ran.map(answerOf).map(Number), [0, 0], name);
  }
  const { pid } = await there.file();
  const pids = await trees([pid]);
  signal(pid, 'SIGKILL');
  await using again = await there.connect();
  for (const old of pids) assert.equal(await isAlive(old), false);
  await again.shutdown();
  for (const name of await present(here.paths)) {
    assert.equal((await statusOf(one, name)).state, 'running', name);
    assert.match(answerOf(await runBlock(one, name, PROGRAMS[name].answer)) ?? '', /^42$/m, name);
  }
});

test('one that can not start says why, and the next try works', async (t) => {
  const place = await clone(t);
  // A folder where it writes down how to find it.
  const blocked = join(place.paths.state, 'supervisor.json', 'x');
  await mkdir(blocked, { recursive: true });
  await assert.rejects(connect(place.paths), /could not start/);
  await rm(join(place.paths.state, 'supervisor.json'), { recursive: true });
  await using supervisor = await place.connect();
  assert.ok(supervisor.isOpen);
});

test('what a crash left half written counts as nothing', async (t) => {
  const place = await clone(t);
  await writeFile(join(place.paths.state, 'supervisor.json'), '{"pid": 1, "sta');
  await writeFile(join(place.paths.state, 'supervisor.lock'), '{"pi');
  await using supervisor = await place.connect();
  assert.ok(supervisor.isOpen);
});
