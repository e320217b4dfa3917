import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { createContext } from '#src/commands/context.ts';
import { startLab } from '#src/commands/start.ts';
import { updateLab } from '#src/commands/starter-base.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';

const LAB = 'challenges/01-batch-error-handling';
const STARTER = `${LAB}/starter/python`;
const ID = 'batch-error-handling';

/** A clone that has one lab, so that a newer version of it can be made. */
async function clone(t: test.TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'dej-update-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  await cp(join(ownRoot(import.meta.dirname), LAB), join(root, LAB), { recursive: true });
  const context = createContext(pathsOf(root, {}), { clock: () => Date.UTC(2026, 0, 5, 9) });
  const mine = join(root, 'journal', 'labs', ID);
  return { root, context, mine };
}

test('a newer starter changes nothing of the learner’s: it is shown, and merged when they ask for it', async (t) => {
  const { root, context, mine } = await clone(t);
  await startLab({ lab: ID, language: 'python' }, context);
  assert.deepEqual((await updateLab({ lab: ID, merge: true }, context)).changes, []);
  const path = join(root, STARTER, 'main.py');
  const before = await readFile(path, 'utf8');
  const own = `${before}\n# mine, at the end\n`;
  await writeFile(join(mine, 'main.py'), own);
  await writeFile(path, `# newer, at the top\n${before}`);
  await writeFile(join(root, STARTER, 'extra.py'), 'EXTRA = 1\n');
  await rm(join(root, STARTER, 'report.py'));
  const shown = await updateLab({ lab: ID, merge: false }, context);
  assert.deepEqual(
    shown.changes.map(({ file, kind }) => [file, kind]),
    [
      ['extra.py', 'added'],
      ['main.py', 'changed'],
      ['report.py', 'removed'],
    ],
  );
  assert.ok(shown.changes[1]?.diff.includes('+ # newer, at the top'));
  assert.equal(await readFile(join(mine, 'main.py'), 'utf8'), own, 'looking changes nothing');
  const { merged, snapshot } = await updateLab({ lab: ID, merge: true }, context);
  assert.deepEqual(
    merged?.map(({ file, outcome }) => [file, outcome]),
    [
      ['extra.py', 'added'],
      ['main.py', 'merged'],
      ['report.py', 'kept'],
    ],
  );
  assert.equal(await readFile(join(mine, 'main.py'), 'utf8'), `# newer, at the top\n${own}`);
  assert.ok((await readdir(mine)).includes('report.py'));
  assert.equal(await readFile(join(root, snapshot ?? '', 'main.py'), 'utf8'), own);
  assert.deepEqual((await updateLab({ lab: ID, merge: false }, context)).changes, [], 'the newer one is the base now');
});

test('where both changed the same lines, the learner’s file stays and the new one stands beside it', async (t) => {
  const { root, context, mine } = await clone(t);
  await startLab({ lab: ID, language: 'python' }, context);
  await writeFile(join(mine, 'main.py'), 'print("mine")\n');
  await writeFile(join(root, STARTER, 'main.py'), 'print("newer")\n');
  const { merged } = await updateLab({ lab: ID, merge: true }, context);
  assert.deepEqual(merged, [{ file: 'main.py', outcome: 'beside' }]);
  assert.equal(await readFile(join(mine, 'main.py'), 'utf8'), 'print("mine")\n');
  assert.equal(await readFile(join(mine, 'main.py.new'), 'utf8'), 'print("newer")\n');
});

test('a lab that was begun before bases were kept is left alone, and the answer says what can be done', async (t) => {
  const { context, mine } = await clone(t);
  await assert.rejects(updateLab({ lab: ID, merge: true }, context), /there is no program of yours/);
  await mkdir(mine, { recursive: true });
  await writeFile(join(mine, 'lab.yaml'), 'language: python\nrun: [python, main.py]\n');
  await assert.rejects(updateLab({ lab: ID, merge: true }, context), /before the journal kept the starter/);
  assert.deepEqual(await readdir(mine), ['lab.yaml']);
});
