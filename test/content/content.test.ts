import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import fc from 'fast-check';

import { loadContent } from '#src/content/content.ts';
import { parseFence } from '#src/content/fence.ts';
import { SECTIONS } from '#src/content/guide.ts';
import { applyRules } from '#src/content/normalise.ts';
import { replaceBetween } from '#src/content/pages.ts';
import { ContentError } from '#src/content/problem.ts';
import { withRecordings } from '#src/content/recordings.ts';
import { ownRoot } from '#src/paths.ts';

const root = ownRoot(import.meta.dirname);

/** A clone of the content alone, to make mistakes in. */
async function copy(t: test.TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-content-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await cp(join(root, 'concepts'), join(folder, 'concepts'), { recursive: true });
  await cp(join(root, 'plan'), join(folder, 'plan'), { recursive: true });
  return folder;
}

async function change(folder: string, file: string, from: string, to: string): Promise<void> {
  const path = join(folder, file);
  const text = await readFile(path, 'utf8');
  assert.ok(text.includes(from), `${file} has ${from}`);
  await writeFile(path, text.replace(from, to));
}

async function problemsOf(folder: string): Promise<string[]> {
  try {
    await loadContent(folder);
    return [];
  } catch (error) {
    assert.ok(error instanceof ContentError);
    return error.problems.map(({ file, line, message }) => `${file}:${line}: ${message}`);
  }
}

test('the plan is whole: fifteen guides in four groups, five projects, five challenges, four weeks, four milestones', async () => {
  const { groups, labs, weeks, milestones, resources, glossary } = await loadContent(root);
  assert.deepEqual(
    groups.map(({ guides }) => guides.length),
    [4, 4, 4, 3],
  );
  assert.deepEqual(
    groups.flatMap(({ guides }) => guides.map(({ number }) => number)),
    Array.from({ length: 15 }, (_, i) => String(i + 1).padStart(2, '0')),
  );
  for (const kind of ['project', 'challenge']) assert.equal(labs.filter((lab) => lab.kind === kind).length, 5);
  for (const lab of labs) assert.equal(lab.stages.length, 6, lab.id);
  assert.equal(weeks.length, 4);
  assert.deepEqual(
    milestones.map(({ week }) => week),
    [1, 2, 3, 4],
  );
  assert.deepEqual(
    [resources.books.length, resources.courses.length, resources.tools.length, resources.blogs.length],
    [3, 3, 4, 4],
  );
  assert.ok(glossary.length >= 20);
});

test('a written guide knows its parts and where they stand, and nothing of it can be changed', async () => {
  const { guides } = await loadContent(root);
  const guide = guides.find(({ id }) => id === '03-idempotency');
  assert.ok(guide !== undefined);
  assert.deepEqual(
    guide.sections.map(({ title }) => title),
    SECTIONS,
  );
  const block = guide.blocks.find(({ id }) => id === 'double-load');
  assert.deepEqual([block?.engine, block?.data, block?.recording?.folded], ['duckdb', 'shop', true]);
  const lines = (await readFile(join(root, guide.place.file), 'utf8')).split('\n');
  for (const { id, place } of guide.blocks)
    assert.match(lines[place.line - 1] ?? '', new RegExp(`^\`\`\`.*id=${id}\\b`));
  assert.throws(() => Object.assign(guide, { title: 'x' }), TypeError);
  assert.throws(() => Object.assign(guide.blocks[0] ?? {}, { code: 'x' }), TypeError);
});

test('mistakes in different files are told together', async (t) => {
  const folder = await copy(t);
  await change(folder, 'plan/weeks.yaml', 'id: data-lake', 'id: data-lakes');
  await change(folder, 'plan/resources.yaml', 'https://delta.io/', 'delta.io');
  await change(folder, 'plan/glossary.yaml', 'term: offset', 'term: upsert');
  await change(folder, 'concepts/03-idempotency.md', '## Key Takeaways', '## Takeaways');
  const problems = await problemsOf(folder);
  assert.deepEqual(
    problems.map((line) => line.split(':')[0]),
    [
      'concepts/03-idempotency.md',
      'concepts/03-idempotency.md',
      'plan/glossary.yaml',
      'plan/resources.yaml',
      'plan/weeks.yaml',
    ],
  );
  assert.match(problems[3] ?? '', /resources\.yaml:\d\d: tools\.0\.tools\.3\.url: expected an address/);
});

test('YAML that can’t be read, and keys that don’t belong, are told with their line', async (t) => {
  const folder = await copy(t);
  await change(folder, 'plan/weeks.yaml', '- number: 1', '- number: [1');
  await change(folder, 'plan/catalogue.yaml', 'outcome: Readers', 'outcomes: Readers');
  const problems = await problemsOf(folder);
  assert.ok(
    problems.some((line) => line.startsWith('plan/weeks.yaml:')),
    problems.join('\n'),
  );
  assert.ok(
    problems.some((line) => /plan\/catalogue\.yaml:\d+: labs\.2/.test(line)),
    problems.join('\n'),
  );
});

test('a guide must be in the catalogue, by its title, and name only labs that exist', async (t) => {
  const folder = await copy(t);
  await writeFile(join(folder, 'concepts', '16-more.md'), '# 16 · More\n');
  await change(folder, 'plan/catalogue.yaml', 'title: Idempotency }', 'title: Idempotence }');
  await change(
    folder,
    'concepts/03-idempotency.md',
    '## Key Takeaways',
    'See challenges/09-nothing and `./dej start nothing`.\n\n## Key Takeaways',
  );
  const text = (await problemsOf(folder)).join('\n');
  assert.match(text, /16-more is not in plan\/catalogue\.yaml/);
  assert.match(text, /the title is "Idempotency", in plan\/catalogue\.yaml "Idempotence"/);
  assert.match(text, /there is no lab challenges\/09-nothing/);
  assert.match(text, /there is no lab "nothing"/);
});

test('attributes of a fence', () => {
  const fence = parseFence('{id=a-b engine=duckdb deep norun="why not, then"}');
  assert.deepEqual(Object.fromEntries(fence?.values ?? []), { id: 'a-b', engine: 'duckdb', norun: 'why not, then' });
  assert.deepEqual([...(fence?.flags ?? [])], ['deep']);
  assert.deepEqual(fence?.problems, []);
  assert.equal(parseFence('title="x"'), undefined);
  assert.deepEqual(parseFence('{id=a id=b}')?.problems, ['id stands twice']);
  assert.equal(parseFence('{id=a "b"}')?.problems.length, 1);
});

test('recordings are put into their fences and nothing else is touched', async () => {
  const guide = await readFile(join(root, 'concepts', '03-idempotency.md'), 'utf8');
  const { guides } = await loadContent(root);
  const same = new Map(guides[0]?.blocks.map(({ id, recording }) => [id, recording?.text ?? '']));
  assert.equal(withRecordings(guide, same), guide);
  assert.equal(withRecordings(guide, new Map()), guide);
  const text = '```output {of=a}\nold\n```\n\n  ```output {of=b normalise=ms}\n  ```\n';
  assert.equal(
    withRecordings(
      text,
      new Map([
        ['a', 'new\n\nrows'],
        ['b', 'x'],
      ]),
    ),
    '```output {of=a}\nnew\n\nrows\n```\n\n  ```output {of=b normalise=ms}\n  x\n  ```\n',
  );
});

test('a recording that is read back is the text that was put in', () => {
  const line = fc.string({ unit: fc.constantFrom('a', ' ', '|', '-', '.', '0') });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      const text = lines.join('\n');
      const once = withRecordings('before\n\n```output {of=a}\nold\n```\n\nafter\n', new Map([['a', text]]));
      assert.equal(
        once,
        text === ''
          ? 'before\n\n```output {of=a}\n```\n\nafter\n'
          : `before\n\n\`\`\`output {of=a}\n${text}\n\`\`\`\n\nafter\n`,
      );
      assert.equal(withRecordings(once, new Map([['a', text]])), once);
    }),
  );
});

test('rules change just what they are for', () => {
  assert.equal(applyRules(['ms'], 'took 12.5 ms, 3 rows'), 'took <time>, 3 rows');
  assert.equal(applyRules(['lsn', 'port'], 'at 0/16B3748 on 127.0.0.1:5432'), 'at <lsn> on 127.0.0.1:<port>');
  assert.equal(applyRules([], '12 ms'), '12 ms');
});

test('text between markers is replaced, and missing markers are noticed', () => {
  assert.equal(replaceBetween('a <!-- x --> old <!-- /x --> b', 'x', 'new'), 'a <!-- x -->\n\nnew\n\n<!-- /x --> b');
  assert.equal(replaceBetween('a', 'x', 'new'), undefined);
});
