import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import test from 'node:test';

import { generatedDocs } from '#src/commands/docs.ts';
import { anchorsOf } from '#src/content/links.ts';
import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';

const root = ownRoot(import.meta.dirname);
const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8');

test('generated pages are up to date (npm run docs makes them)', async () => {
  for (const { file, text } of await generatedDocs(root)) assert.equal(await read(file), text, file);
});

test('links between files of the project lead somewhere', async () => {
  const { stdout } = await capture(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: root,
  });
  const dead: string[] = [];
  for (const file of stdout.split('\n').filter((name) => name !== '' && !name.startsWith('test/'))) {
    for (const [, target = ''] of (await read(file)).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#');
      const other = path === '' ? file : posix.join(posix.dirname(file), path);
      if (!existsSync(join(root, dirname(other), posix.basename(other)))) dead.push(`${file}: ${target}`);
      else if (anchor !== undefined && other.endsWith('.md') && !anchorsOf(await read(other)).has(anchor))
        dead.push(`${file}: ${target} (no such anchor)`);
    }
  }
  assert.deepEqual(dead, []);
});

test('the commands that README and CONTRIBUTING show exist', async () => {
  const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
  const text = `${await read('README.md')}\n${await read('CONTRIBUTING.md')}`;
  for (const [, name = ''] of text.matchAll(/(?:^|`)npm (?:run )?([a-z][a-z:]*)/gm))
    assert.ok(name === 'install' || scripts[name] !== undefined, `npm ${name}`);
  const { stdout: help } = await capture(['sh', join(root, 'dej'), '--help'], { cwd: root });
  for (const [, verb = ''] of text.matchAll(/\.\/dej ([a-z]+)/g))
    assert.match(help, new RegExp(`^  ${verb}\\b`, 'm'), `./dej ${verb}`);
});
