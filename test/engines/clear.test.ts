import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { removeArchives } from '#src/engines/java-archive.ts';
import { jarPaths, readPins, removeJars } from '#src/engines/jars.ts';
import { BASE_FAMILY, pointerOf, removeFamily } from '#src/engines/python-family.ts';
import { oldEnvironments, removeOldEnvironments } from '#src/engines/python-old.ts';
import { registry } from '#src/engines/registry.ts';
import { LearnerError } from '#src/error.ts';
import { pathsOf } from '#src/paths.ts';
import { start } from '#src/process.ts';
import { clone } from '#test/engines/clone.ts';

async function cache(t: test.TestContext, folder: string, files: readonly string[]): Promise<{ cache: string }> {
  const home = await mkdtemp(join(tmpdir(), 'dej-clear-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  await mkdir(join(home, folder), { recursive: true });
  for (const file of files) await writeFile(join(home, folder, file), '');
  return { cache: home };
}

test('an engine’s own files are removed from the cache, and no others', async (t) => {
  const archives = ['kafka-0123456789ab.aot', 'kafka-tools-0123456789ab.aot', 's3-0123456789ab.aot'];
  const java = await cache(t, 'java', archives);
  await removeArchives(java, 'kafka');
  assert.deepEqual(await readdir(join(java.cache, 'java')), archives.slice(1));

  const jars = await cache(t, 'jars', ['other-1.0.0123456789ab.jar']);
  const pins = await readPins();
  for (const path of jarPaths(jars, pins['debezium'] ?? assert.fail())) await writeFile(path, '');
  assert.ok((await readdir(join(jars.cache, 'jars'))).length > 10);
  await removeJars(jars, 'debezium');
  assert.deepEqual(await readdir(join(jars.cache, 'jars')), ['other-1.0.0123456789ab.jar']);

  const ours = ['base-0123456789ab.json', 'base-0123456789ab-c0ffee', 'base-ba9876543210.json'];
  const python = await cache(t, 'python', [...ours, 'java-0123456789ab.json', 'uv-0123456789ab']);
  await removeFamily(python, BASE_FAMILY);
  assert.deepEqual(await readdir(join(python.cache, 'python')), ['java-0123456789ab.json', 'uv-0123456789ab']);
});

test('an engine is cleared and then to be fetched again; one of our own packages is not', async (t) => {
  const empty = await mkdtemp(join(tmpdir(), 'dej-clear-'));
  t.after(() => rm(empty, { recursive: true, force: true }));
  const { debezium } = await readPins();
  await mkdir(join(empty, 'jars'));
  const [first = assert.fail()] = jarPaths({ cache: empty }, debezium ?? assert.fail());
  await writeFile(first, Buffer.alloc(debezium?.jars[0]?.bytes ?? 0));
  const { connect } = registry(pathsOf('/nowhere', { DEJ_CACHE: empty }));
  const bytes = async (): Promise<number> => {
    const found = await connect.find();
    return found.state === 'available' ? found.downloadBytes : 0;
  };
  const before = await bytes();
  await connect.clear?.();
  if (before > 0) assert.equal(await bytes(), before + (debezium?.jars[0]?.bytes ?? 0));
  const place = await clone(t);
  await using supervisor = await place.connect();
  await assert.rejects(
    supervisor.clear('duckdb'),
    (error) => error instanceof LearnerError && /own packages/.test(error.message),
  );
});

test('environments of other versions are told with their sizes, and removed but for those that run', async (t) => {
  const pointer = (await pointerOf({ cache: '/' }, BASE_FAMILY)).split('/').pop() ?? '';
  const current = pointer.replace('.json', '');
  const old = ['base-0123456789ab', 'lake-0123456789ab'] as const;
  const others = ['duckdb-avro-0123456789ab.json', 'uv-0123456789ab'];
  const paths = await cache(t, 'python', [pointer, ...old.map((key) => `${key}.json`), ...others]);
  const home = join(paths.cache, 'python');
  for (const key of [current, ...old]) {
    await mkdir(join(home, `${key}-c0ffee`));
    await writeFile(join(home, `${key}-c0ffee`, 'file'), '12345');
  }
  assert.deepEqual(
    await oldEnvironments(paths),
    old.map((key) => ({ key, bytes: 5 })),
  );
  // A program of another clone, which runs from it.
  const program = join(home, `${old[1]}-c0ffee`, 'program');
  await copyFile('/bin/sh', program);
  const child = await start([program, '-c', 'read forever']);
  try {
    const { removed, kept } = await removeOldEnvironments(paths);
    assert.deepEqual(
      [removed, kept].map((all) => all.map(({ key }) => key)),
      [[old[0]], [old[1]]],
    );
    const rest = [pointer, `${current}-c0ffee`, `${old[1]}.json`, `${old[1]}-c0ffee`, ...others];
    assert.deepEqual((await readdir(home)).sort(), rest.sort());
  } finally {
    child.stdin.end();
    await child.exited;
  }
  await removeOldEnvironments(paths);
  assert.deepEqual(await oldEnvironments(paths), []);
});
