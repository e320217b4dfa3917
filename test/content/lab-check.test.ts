import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { checkLab, type LabExpectations } from '#src/content/lab-check.ts';
import { loadLab, type Lab } from '#src/content/lab.ts';
import type { LearnerError } from '#src/error.ts';
import { ownRoot } from '#src/paths.ts';

const PATH = 'challenges/01-batch-error-handling';
const root = ownRoot(import.meta.dirname);

/** The folder of a lab alone, to make mistakes in, and what is expected of the lab as it is. */
async function copy(t: test.TestContext): Promise<{ folder: string; expected: LabExpectations }> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-lab-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const part of [PATH, 'concepts']) await cp(join(root, part), join(folder, part), { recursive: true });
  return { folder, expected: expectationsOf(await loadLab(folder, PATH)) };
}

function expectationsOf(lab: Lab): LabExpectations {
  const anomalies = [lab.starter, ...Object.values(lab.wrong)].map(({ anomaly }) => anomaly);
  const exported = lab.stages.map((_, i) => `stage${i + 1}`);
  return { title: lab.title, stages: lab.stages.map(({ title }) => title), anomalies, exported };
}

async function told(folder: string, expected: LabExpectations): Promise<string[]> {
  const lab = await loadLab(folder, PATH);
  return checkLab(folder, lab, expected).map(({ file, message }) => `${file.slice(PATH.length + 1)}: ${message}`);
}

async function change(folder: string, file: string, from: string, to: string): Promise<void> {
  const path = join(folder, PATH, file);
  const text = await readFile(path, 'utf8');
  assert.ok(text.includes(from), `${file} has no ${from}`);
  await writeFile(path, text.replace(from, to));
}

test('a lab as it is has nothing wrong', async (t) => {
  const { folder, expected } = await copy(t);
  assert.deepEqual(await told(folder, expected), []);
});

test('titles and stages are the catalogue’s, and the grader has one function for each', async (t) => {
  const { folder, expected } = await copy(t);
  const [first = '', ...rest] = expected.stages;
  const others = { ...expected, title: 'Another', stages: ['Other', ...rest], exported: ['stage1', 'helper'] };
  assert.deepEqual((await told(folder, others)).slice(0, 2), [
    'lab.yaml: the title is not "Another", as the catalogue has it',
    'lab.yaml: stage 1 is not called "Other", as in the catalogue',
  ]);
  assert.ok((await told(folder, others)).includes('grader.ts: it exports helper'));
  assert.ok((await told(folder, others)).includes('grader.ts: it exports no stage2, stage3, stage4, stage5, stage6'));
  const more = await told(folder, { ...expected, stages: [first, ...rest, 'One more'] });
  assert.deepEqual(more, ['lab.yaml: there are 6 stages, and 7 in the catalogue']);
});

test('a grader imports nothing else, on one line, for its effect or while it runs', async (t) => {
  const { folder, expected } = await copy(t);
  const more = ["import { rm } from 'node:fs';", "import 'node:net';", "const os = await import('node:os');"];
  await change(folder, 'grader.ts', 'import', `${more.join('\n')}\nimport`);
  assert.deepEqual(
    await told(folder, expected),
    ['fs', 'net', 'os'].map((name) => `grader.ts: it imports node:${name}`),
  );
});

test('what lab.yaml lacks is named by its stage', async (t) => {
  const { folder } = await copy(t);
  await change(folder, 'lab.yaml', 'minutes:', 'minute:');
  await assert.rejects(loadLab(folder, PATH), (error: LearnerError) => {
    assert.match(error.message, /\n {2}stage 1, minutes: is missing \(number\)/);
    assert.match(error.remedy, /lab-contract/);
    return true;
  });
});

test('what is missing, stray, undeclared or unknown is told with its file', async (t) => {
  const { folder, expected } = await copy(t);
  const at = (path: string): string => join(folder, PATH, path);
  await writeFile(at('notes.txt'), '');
  await writeFile(at('wrong/loose.py'), '');
  await cp(at('wrong/no-key'), at('wrong/undeclared'), { recursive: true });
  await rm(at('wrong/swallows-errors'), { recursive: true });
  await change(folder, 'lab.yaml', 'anomaly: needless-retry', 'anomaly: impatience');
  await change(folder, 'lab.yaml', '#python-a-request-and-its-key', '#nowhere');
  await change(folder, 'README.md', '4. **Dirty files.**', '4. **Files.**');
  await change(folder, 'grader.ts', "from '#src/grading/api.ts'", "from '#src/process.ts'");
  const problems = await told(folder, expected);
  for (const expectation of [
    'notes.txt: nothing of a lab is called so',
    'wrong/loose.py: nothing of a lab is called so',
    'wrong/undeclared: lab.yaml does not name it',
    'wrong/swallows-errors: lab.yaml names it, and it is missing',
    'README.md: the list of stages lacks "4. **Dirty files.**"',
    'grader.ts: it imports #src/process.ts',
  ])
    assert.ok(problems.includes(expectation), `${expectation}\nin\n${problems.join('\n')}`);
  assert.ok(problems.some((problem) => problem.includes('fails with impatience, which is no anomaly')));
  assert.ok(problems.some((problem) => problem.includes('which has no such heading')));
});
