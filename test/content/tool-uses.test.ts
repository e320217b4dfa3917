import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { loadContent } from '#src/content/content.ts';
import { anchorsOf } from '#src/content/links.ts';
import { usesOf } from '#src/content/tool-uses.ts';
import { ownRoot } from '#src/paths.ts';

const root = ownRoot(import.meta.dirname);

test('each tool leads to headings that are there and to labs that are written', async () => {
  const content = await loadContent(root);
  const tools = content.resources.tools.flatMap((group) => group.tools);
  const used = tools.map((tool) => ({ tool, uses: usesOf(tool, content) }));
  for (const { tool, uses } of used) {
    for (const { path, parts } of uses.guides) {
      const anchors = anchorsOf(await readFile(join(root, path), 'utf8'));
      for (const { anchor } of parts) assert.ok(anchors.has(anchor), `${tool.title}: ${path}#${anchor}`);
    }
    for (const { path } of uses.labs) await readFile(join(root, path, 'lab.yaml'));
  }
  const postgres = used.find(({ tool }) => tool.title === 'PostgreSQL')?.uses;
  assert.ok((postgres?.guides.length ?? 0) >= 4 && (postgres?.labs.length ?? 0) >= 1);
});

test('a block counts by its engine, by what it is given, and by a word in its code; one that is not run says so', async () => {
  const content = await loadContent(root);
  const [guide] = content.guides;
  const [block] = guide?.blocks ?? [];
  assert.ok(guide !== undefined && block !== undefined);
  const under = { title: 'Here', anchor: 'here' };
  const made = { ...block, under, with: [], engine: 'python', norun: undefined } as const;
  const uses = (blocks: (typeof block)[]) =>
    usesOf(
      { title: 'T', url: 'https://t.test', runs: { engines: ['kafka'], code: ['MongoClient'], labs: [] } },
      { guides: [{ ...guide, blocks, questions: [] }], labs: [] },
    ).guides.flatMap(({ parts }) => parts);
  assert.deepEqual(uses([{ ...made, code: 'print(1)' }]), []);
  assert.deepEqual(uses([{ ...made, code: 'x = mongoclient()' }]), [{ ...under, runs: true }]);
  assert.deepEqual(uses([{ ...made, code: '', with: ['kafka'] }]), [{ ...under, runs: true }]);
  assert.deepEqual(uses([{ ...made, code: 'MongoClient()', engine: undefined, norun: 'no server' }]), [
    { ...under, runs: false },
  ]);
});
