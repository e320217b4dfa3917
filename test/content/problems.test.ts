import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import test from 'node:test';

import { parseGuide } from '#src/content/guide-parser.ts';
import { checkLinks } from '#src/content/links.ts';
import { readPage } from '#src/content/page.ts';
import { type Problem, words } from '#src/content/problem.ts';
import { checkReferences } from '#src/content/references.ts';
import { ownRoot } from '#src/paths.ts';

/**
 * Each file in test/input/content is a guide with one kind of mistake, written as a change to a sound guide: lines
 * `- text` are taken out of sound.md, lines `+ text` stand in their place. What the reader says of it is the golden of
 * the same name in test/output/content; DEJ_GOLDEN=1 writes it, never in CI.
 */
const root = ownRoot(import.meta.dirname);
const input = join(root, 'test', 'input', 'content');

async function problemsOf(markdown: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  const file = 'concepts/03-idempotency.md';
  const report = (line: number, message: string, remedy: string): void =>
    void problems.push({ file, line, message, remedy });
  const page = readPage(file, markdown);
  const guide = parseGuide('03-idempotency', page, report);
  checkLinks(
    page,
    { root, glossary: new Set(['retry']), planned: ['projects/03-data-lake'], anchors: new Map() },
    report,
  );
  const labs = [{ id: 'data-lake', path: 'projects/03-data-lake' }];
  checkReferences(page, { guides: [guide], labs }, report);
  return problems.toSorted((a, b) => a.line - b.line);
}

/** Applies a case to the sound guide; a line that isn't there is a mistake of the case. */
function apply(sound: string, change: string): string {
  const hunks = change.trimEnd().split('\n\n@@\n');
  return hunks.reduce((text, hunk) => {
    const lines = hunk.split('\n').filter((line) => !line.startsWith('#'));
    const from = lines
      .filter((line) => /^[- ]/.test(line))
      .map((line) => line.slice(2))
      .join('\n');
    const to = lines
      .filter((line) => /^[+ ]/.test(line))
      .map((line) => line.slice(2))
      .join('\n');
    assert.ok(text.includes(from), `the sound guide has: ${from}`);
    return text.replace(from, () => to);
  }, sound);
}

test('a sound guide has no problem', async () => {
  assert.deepEqual(await problemsOf(await readFile(join(input, 'sound.md'), 'utf8')), []);
});

for (const path of globSync(join(input, '*.diff')).sort()) {
  const name = basename(path, '.diff');
  test(`a mistake is named with its line and remedy: ${name}`, async () => {
    const sound = await readFile(join(input, 'sound.md'), 'utf8');
    const problems = await problemsOf(apply(sound, await readFile(path, 'utf8')));
    const found = `${problems.map(words).join('\n')}\n`;
    const golden = join(root, 'test', 'output', 'content', `${name}.txt`);
    if (!existsSync(golden) && process.env['DEJ_GOLDEN'] === '1' && process.env['CI'] === undefined) {
      await mkdir(dirname(golden), { recursive: true });
      await writeFile(golden, found);
    }
    assert.ok(problems.length > 0, 'the mistake was seen');
    assert.equal(found, await readFile(golden, 'utf8'));
  });
}

test('every golden belongs to a case', () => {
  const cases = globSync(join(input, '*.diff')).map((path) => basename(path, '.diff'));
  const goldens = globSync(join(root, 'test', 'output', 'content', '*.txt')).map((path) => basename(path, '.txt'));
  assert.deepEqual(goldens.sort(), cases.sort());
});
