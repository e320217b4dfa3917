import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { hashProgram, layOut, type Program } from '#src/grading/program.ts';
import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';

async function folders(t: TestContext): Promise<{ own: string; run: string }> {
  const base = await mkdtemp(join(tmpdir(), 'dej-program-'));
  t.after(() => rm(base, { recursive: true, force: true }));
  const [own, run] = [join(base, 'journal', 'labs', 'x'), join(base, 'run')];
  await mkdir(own, { recursive: true });
  return { own, run };
}

const programAt = (folder: string): Program => ({ folder, language: 'typescript', run: ['node', 'main.ts'], env: {} });

test('packages are found outside the clone, the starter’s and those that the learner added', async (t) => {
  const { own, run } = await folders(t);
  await writeFile(join(own, 'package.json'), '{"type":"module"}');
  await writeFile(
    join(own, 'main.ts'),
    "import pg from 'pg'; import mine from 'mine'; console.log(typeof pg.Client, mine);",
  );
  await mkdir(join(own, 'node_modules', 'mine'), { recursive: true });
  await writeFile(join(own, 'node_modules', 'mine', 'package.json'), '{"type":"module","exports":"./mine.js"}');
  await writeFile(join(own, 'node_modules', 'mine', 'mine.js'), 'export default 7;');
  const { cwd } = await layOut(run, programAt(own), {}, ownRoot(import.meta.dirname));
  const { stdout, stderr } = await capture([process.execPath, 'main.ts'], { cwd });
  assert.equal(stdout.trim(), 'function 7', stderr);
});

test('inputs stay inside their folder, and what tools made is no part of a program', async (t) => {
  const { own, run } = await folders(t);
  await writeFile(join(own, 'main.ts'), '');
  const hash = await hashProgram(own);
  await mkdir(join(own, '__pycache__'));
  await writeFile(join(own, '__pycache__', 'x.pyc'), 'x');
  await symlink('/dev/zero', join(own, 'endless'));
  assert.equal(await hashProgram(own), hash);
  await writeFile(join(own, 'main.ts'), 'changed');
  assert.notEqual(await hashProgram(own), hash);
  await assert.rejects(layOut(run, programAt(own), { '../out': '' }, own), /outside its folder/);
});
