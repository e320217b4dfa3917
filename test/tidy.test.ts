import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';
import { checkFile, checkLength, findCycles, type Offence } from '#test/tidy/check.ts';
import { BANNED_FOLDERS, MAX_README_LINES } from '#test/tidy/rules.ts';

const root = ownRoot(import.meta.dirname);

/** Files that belong to the project: tracked ones, and new ones that git would not ignore. */
async function projectFiles(): Promise<string[]> {
  const { stdout } = await capture(['git', 'ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root });
  return [...new Set(stdout.split('\n').filter((file) => file !== ''))];
}

async function sources(pattern: RegExp): Promise<Map<string, string>> {
  const files = (await projectFiles()).filter(
    (file) => pattern.test(file) && !/^(test\/(input|output)|journal)\//.test(file),
  );
  const read = async (file: string): Promise<[string, string][]> => {
    const text = await readFile(join(root, file), 'utf8').catch(() => undefined);
    return text === undefined ? [] : [[file, text]];
  };
  return new Map((await Promise.all(files.map(read))).flat());
}

function words(offences: readonly Offence[]): string {
  return offences.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n');
}

test('the sources keep the rules of the house', async () => {
  const files = await sources(/^(src|test|bench|launch|site)\/.*\.(ts|mjs|svelte|astro|py)$|^launch\.mjs$/);
  assert.ok(files.size > 50, 'the sources were found');
  const offences = [...files].flatMap(([file, text]) =>
    /\.(ts|mjs)$/.test(file) ? checkFile(file, text) : checkLength(file, text),
  );
  assert.equal(words(offences), '');
});

test('no file reaches itself through its imports', async () => {
  const cycles = findCycles(await sources(/^(src|site\/src|test|bench|launch)\/.*\.ts$/));
  assert.equal(
    cycles.map((cycle) => cycle.join(' -> ')).join('\n'),
    '',
    'a cycle can only be understood as a whole: move what both sides need below them',
  );
});

test('folders are named for what is in them', async () => {
  const bad = (await projectFiles()).filter((file) =>
    file.split('/').some((part) => BANNED_FOLDERS.includes(part.replace(/\.\w+$/, ''))),
  );
  assert.deepEqual(bad, [], 'utils, helpers, common and misc say nothing: name the thing');
});

test('nothing in the project names a machine, a registry’s host or an unfinished thing', async () => {
  const offences: string[] = [];
  // The pattern is put together here, so that this file does not match itself.
  const patterns: [RegExp, string][] = [
    [
      new RegExp(
        [
          'registry\\.npm' + 'js',
          'pypi\\.' + 'org',
          'files\\.python' + 'hosted',
          'maven\\.apache\\.org/' + 'maven2',
        ].join('|'),
      ),
      'packages come through their ordinary clients; no host of a registry stands here',
    ],
    [new RegExp('(^|[^\\w.~/])/(home|Users|root)/' + '[\\w.]'), 'a path of one machine means nothing on another'],
    [new RegExp('\\b(TO' + 'DO|FIX' + 'ME|X' + 'XX)\\b'), 'finish it, or write it where work is listed'],
    [/\p{Emoji_Presentation}/u, 'plain words, no decoration'],
  ];
  const files = await sources(/\.(ts|mjs|js|svelte|astro|css|py|md|yaml|json|txt|in)$|^dej$|^\.ci\/run$|^\.npmrc$/);
  for (const [file, text] of files) {
    for (const [i, line] of text.split('\n').entries()) {
      for (const [pattern, why] of patterns) if (pattern.test(line)) offences.push(`${file}:${i + 1}: ${why}`);
    }
  }
  assert.equal(offences.join('\n'), '');
});

test('lock files hold no addresses', async () => {
  for (const file of ['package-lock.json', 'launch/node/package-lock.json']) {
    assert.doesNotMatch(
      await readFile(join(root, file), 'utf8'),
      /"resolved": "https?:/,
      `${file}: an address ties the lock to one registry`,
    );
  }
});

test('README stays short', async () => {
  const lines = (await readFile(join(root, 'README.md'), 'utf8')).split('\n').length;
  assert.ok(
    lines <= MAX_README_LINES,
    `README.md has ${lines} lines, at most ${MAX_README_LINES}: who wants more follows a link`,
  );
});

test('each rule catches what it is for', () => {
  const cases: [string, string, RegExp][] = [
    [
      'src/content/x.ts',
      "import { connect } from '#src/engines/connect.ts';",
      /src\/content may not import src\/engines\/connect/,
    ],
    ['src/server/x.ts', "import { run } from '#src/runner/run.ts';", /src\/server may not import/],
    ['src/cli/x.ts', "const a = await import('#src/server/serve.ts');", /src\/cli may not import/],
    ['src/journal/x.ts', "import { shop } from '../data/shop.ts';", /src\/journal may not import src\/data/],
    ['src/runner/x.ts', "import { spawn } from 'node:child_process';", /child processes start/],
    ['src/runner/x.ts', 'setTimeout(() => {}, 5);', /waits go through/],
    ['test/x.test.ts', 'await new Promise((done) => setTimeout(done, 500));', /waits for a condition/],
    ['test/x.test.ts', "import { setTimeout as wait } from 'node:timers/promises';", /waits go through/],
    ['bench/x.ts', "import { spawn } from 'node:child_process';", /child processes start/],
    ['test/x.test.ts', "test.only('x', () => {});", /test\.only hides the other tests/],
    ['src/x.ts', 'enum A { B }', /an enum/],
    ['src/x.ts', 'namespace A { export const b = 1; }', /a namespace/],
    ['src/x.ts', 'class A { constructor(private b: string) {} }', /parameter property/],
    ['src/x.ts', 'let a: any;', /`any` switches/],
    ['src/x.ts', 'export default 1;', /exports have names/],
    ['src/x.ts', 'export default function f() {}', /exports have names/],
    ['src/x.ts', 'const a = 1; export { a as default };', /exports have names/],
    ['src/x.ts', `function long() {${'\n'.repeat(71)}}`, /a function of 72 lines/],
    ['src/x.ts', '\n'.repeat(401), /401 lines/],
    ['site/src/x.ts', "import { run } from '#src/runner/run.ts';", /site may not import/],
    ['src/engines/x.ts', "export { run } from '../commands/run.ts';", /src\/engines may not import src\/commands/],
    ['src/error.ts', "import { shop } from '#src/data/shop.ts';", /src may not import src\/data/],
  ];
  for (const [file, text, message] of cases) assert.match(words(checkFile(file, text)), message, text);
  assert.deepEqual(checkFile('src/server/x.ts', "import type { RunEvent } from '#src/runner/event.ts';"), []);
  assert.deepEqual(
    findCycles(
      new Map([
        ['src/a.ts', "import '#src/b.ts'"],
        ['src/b.ts', "import '#src/a.ts'"],
      ]),
    ),
    [['src/a.ts', 'src/b.ts', 'src/a.ts']],
  );
});
