import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { identityOf } from '#src/commands/same-program.ts';
import type { Program } from '#src/grading/program.ts';

test('a check is another one as soon as anything differs on which its answer hangs', async (t) => {
  const base = await mkdtemp(join(tmpdir(), 'dej-same-'));
  t.after(() => rm(base, { recursive: true, force: true }));
  const at = (...names: string[]): string => join(base, ...names);
  const own = at('own');
  for (const folder of [own, at('root', 'src'), at('lab'), at('bin')]) await mkdir(folder, { recursive: true });
  const files = [
    'own/main.py',
    'root/src/a.ts',
    'root/package-lock.json',
    'lab/grader.ts',
    'lab/lab.yaml',
    'bin/python',
  ];
  for (const file of files) await writeFile(at(file), file);
  const program: Program = { folder: own, language: 'python', run: ['python', 'main.py'], env: { PATH: at('bin') } };
  const asked = { lab: { id: 'x', folder: at('lab') }, n: 2, seed: 42, size: 100, engines: { postgres: '18.4' } };
  const identity = async (of: Partial<Program> = {}, more: Partial<typeof asked> = {}): Promise<string> =>
    JSON.stringify(await identityOf({ ...program, ...of }, { ...asked, ...more }, { paths: { root: at('root') } }));
  const before = await identity();
  assert.equal(await identity(), before);

  for (const file of files) {
    const was = await readFile(at(file), 'utf8');
    await writeFile(at(file), `${was} changed`);
    assert.notEqual(await identity(), before, file);
    if (file !== 'bin/python') {
      await writeFile(at(file), was);
      assert.equal(await identity(), before, `${file}, as it was`);
    }
  }
  const now = await identity();
  const others: [string, Promise<string>][] = [
    ['stage', identity({}, { n: 3 })],
    ['seed', identity({}, { seed: 43 })],
    ['size', identity({}, { size: 99 })],
    ['engine', identity({}, { engines: { postgres: '18.5' } })],
    ['lab', identity({}, { lab: { id: 'y', folder: at('lab') } })],
    ['language', identity({ language: 'typescript' })],
    ['command', identity({ run: ['python', '-O', 'main.py'] })],
    ['build', identity({ build: ['python', 'build.py'] })],
  ];
  for (const [what, other] of others) assert.notEqual(await other, now, what);

  await mkdir(join(own, 'node_modules', 'mine'), { recursive: true });
  assert.notEqual(await identity(), now, 'a package beside the program');
  await rm(join(own, 'node_modules'), { recursive: true });
  assert.equal(await identity(), now);
  const zone = process.env['TZ'];
  process.env['TZ'] = 'Pacific/Chatham';
  assert.notEqual(await identity(), now, 'the zone');
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;

  await mkdir(join(own, 'lib'));
  await symlink(at('lab', 'grader.ts'), join(own, 'lib', 'shared.py'));
  assert.equal(await identity(), JSON.stringify(undefined), 'a part that lies elsewhere may change unseen');
  await unlink(join(own, 'lib', 'shared.py'));
  assert.equal(await identity(), now);
});
