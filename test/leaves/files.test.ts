import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { resolveInside, writeAtomic } from '#src/files.ts';
import { nearest } from '#src/nearest.ts';
import { random } from '#src/random.ts';

async function folder(t: test.TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'dej-files-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('a file is replaced whole, with its mode, and no temporary file stays', async (t) => {
  const path = await folder(t);
  await writeAtomic(join(path, 'a', 'x.txt'), 'one');
  await writeAtomic(join(path, 'a', 'x.txt'), 'two', 0o600);
  assert.equal(await readFile(join(path, 'a', 'x.txt'), 'utf8'), 'two');
  assert.equal((await stat(join(path, 'a', 'x.txt'))).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(path, 'a')), ['x.txt']);
});

test('a write that fails leaves the old file and no temporary one', async (t) => {
  const path = await folder(t);
  await mkdir(join(path, 'taken'));
  await assert.rejects(writeAtomic(join(path, 'taken'), 'x'));
  assert.deepEqual(await readdir(path), ['taken']);
});

test('paths outside the root are refused, also through links', async (t) => {
  const path = await folder(t);
  const root = join(path, 'root');
  await mkdir(join(root, 'in'), { recursive: true });
  await writeFile(join(path, 'secret'), 's');
  await writeFile(join(root, 'in', 'ok'), 'o');
  await symlink(join(path, 'secret'), join(root, 'link'));
  await symlink(path, join(root, 'up'));
  assert.match(await resolveInside(root, 'in/ok'), /in.ok$/);
  for (const bad of ['../secret', '/etc/passwd', 'link', 'up/secret', 'in/../../secret', 'in\0/ok']) {
    await assert.rejects(resolveInside(root, bad), /is not inside/, bad);
  }
  // A neighbour whose name begins like the root's is outside too.
  await mkdir(join(path, 'root-2'));
  await assert.rejects(resolveInside(root, '../root-2'), /is not inside/);
});

test('the nearest word is found for a slip, and none for something else', () => {
  const verbs = ['open', 'run', 'verify', 'engines', 'doctor'];
  assert.equal(nearest('engine', verbs), 'engines');
  assert.equal(nearest('dcotor', verbs), 'doctor');
  assert.equal(nearest('opne', verbs), 'open');
  assert.equal(nearest('spaghetti', verbs), undefined);
});

test('random numbers repeat with their seed, and forks are independent of what is drawn before', () => {
  const a = random(42);
  const b = random(42);
  assert.deepEqual([a.next(), a.next(), a.below(10)], [b.next(), b.next(), b.below(10)]);
  assert.equal(random(42).fork('x').next(), a.fork('x').next());
  assert.notEqual(random(42).fork('x').next(), random(42).fork('y').next());
  assert.notEqual(random(1).next(), random(2).next());
});
