import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import test from 'node:test';

import { helpText } from '#src/cli/main.ts';
import { generatedDocs } from '#src/commands/docs.ts';
import { anchorsOf } from '#src/content/links.ts';
import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';

const root = ownRoot(import.meta.dirname);
const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8');

test('generated pages are up to date (npm run docs makes them)', async () => {
  for (const { file, text } of await generatedDocs(root)) assert.equal(await read(file), text, file);
});

test('the help is printed at once in a clone where nothing was made, and says where the learner’s files are', async (t) => {
  assert.equal(await read('launch/help.txt'), helpText(), 'npm run docs makes it');
  const clone = await mkdtemp(join(tmpdir(), 'dej-help-'));
  t.after(() => rm(clone, { recursive: true, force: true }));
  for (const file of ['dej', 'launch.mjs', 'launch', 'package.json'])
    await cp(join(root, file), join(clone, file), { recursive: true });
  const before = await readdir(clone);
  for (const word of ['--help', '-h', 'help']) {
    const { code, stdout } = await capture(['sh', join(clone, 'dej'), word], { cwd: clone });
    assert.deepEqual([code, stdout], [0, helpText()], word);
  }
  assert.match(helpText(), /journal\//);
  assert.deepEqual(await readdir(clone), before, 'nothing was installed or built');
});

/** Pages of the project, by their path in the clone. */
async function pages(): Promise<Map<string, string>> {
  const { stdout } = await capture(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: root,
  });
  const files = stdout.split('\n').filter((file) => file !== '' && !file.startsWith('test/'));
  return new Map(await Promise.all(files.map(async (file): Promise<[string, string]> => [file, await read(file)])));
}

test('links between files of the project lead somewhere', async () => {
  const dead: string[] = [];
  for (const [file, text] of await pages()) {
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#');
      const other = path === '' ? file : posix.join(posix.dirname(file), path);
      if (!existsSync(join(root, other))) dead.push(`${file}: ${target}`);
      else if (anchor !== undefined && other.endsWith('.md') && !anchorsOf(await read(other)).has(anchor))
        dead.push(`${file}: ${target} (no such anchor)`);
    }
  }
  assert.deepEqual(dead, []);
});

test('files that pages name exist', async () => {
  const missing: string[] = [];
  for (const [file, text] of await pages()) {
    if (file.startsWith('concepts/')) continue;
    for (const [, name = ''] of text.matchAll(/`((?:src|test|site|bench|docs|plan|launch|concepts)\/[\w./-]*)`/g)) {
      // `NN-name` stands for any guide.
      if (!name.includes('NN-name') && !existsSync(join(root, name))) missing.push(`${file}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('the commands that pages show exist', async () => {
  const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
  const { stdout: help } = await capture(['sh', join(root, 'dej'), '--help'], { cwd: root });
  const unknown: string[] = [];
  for (const [file, text] of await pages()) {
    for (const [, name = ''] of text.matchAll(/(?:^|`)npm (?:run )?([a-z][a-z:]*)/gm))
      if (name !== 'install' && scripts[name] === undefined) unknown.push(`${file}: npm ${name}`);
    for (const [, verb = ''] of text.matchAll(/\.\/dej ([a-z]+)/g))
      if (!new RegExp(`^  ${verb}\\b`, 'm').test(help)) unknown.push(`${file}: ./dej ${verb}`);
  }
  assert.deepEqual(unknown, []);
});
