import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { z } from 'zod';

import { loadContent } from '#src/content/content.ts';
import { parseFence } from '#src/content/fence.ts';
import { SECTIONS } from '#src/content/guide.ts';
import { fillHole, holeOf } from '#src/content/hole.ts';
import { applyRules } from '#src/content/normalise.ts';
import { replaceBetween } from '#src/content/pages.ts';
import { catalogueSchema, glossarySchema, resourcesSchema, weeksSchema } from '#src/content/plan.ts';
import { ContentError } from '#src/content/problem.ts';
import { ownRoot } from '#src/paths.ts';

const root = ownRoot(import.meta.dirname);

/** A clone of the content alone, to make mistakes in. */
async function copy(t: test.TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-content-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await cp(join(root, 'concepts'), join(folder, 'concepts'), { recursive: true });
  await cp(join(root, 'plan'), join(folder, 'plan'), { recursive: true });
  // Which guides are complete changes; the tests that ask for one say which.
  const catalogue = join(folder, 'plan', 'catalogue.yaml');
  await writeFile(catalogue, (await readFile(catalogue, 'utf8')).replaceAll(', complete: true', ''));
  // Guides lead to the labs that are written, and to the roadmap.
  await cp(join(root, 'challenges'), join(folder, 'challenges'), { recursive: true });
  await cp(join(root, 'projects'), join(folder, 'projects'), { recursive: true });
  await cp(join(root, 'docs', 'primers'), join(folder, 'docs', 'primers'), { recursive: true });
  await cp(join(root, 'README.md'), join(folder, 'README.md'));
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
  // Others may be added, with as many stages as they need.
  const planned = labs.filter(({ number }) => Number(number) <= 5);
  for (const kind of ['project', 'challenge']) assert.equal(planned.filter((lab) => lab.kind === kind).length, 5);
  for (const lab of planned) assert.equal(lab.stages.length, 6, lab.id);
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
  await change(folder, 'plan/glossary.yaml', 'term: watermark', 'term: Upsert');
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
});

/** One mistake in a file of the plan, and what is said of it; the line is that of the changed text. */
const PLAN_MISTAKES: readonly {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly said: string;
}[] = [
  {
    name: 'no YAML',
    file: 'plan/weeks.yaml',
    from: 'focus: Data models',
    to: 'focus: Data: models',
    said: 'this is no YAML: Nested mappings are not allowed',
  },
  {
    name: 'a key twice',
    file: 'plan/weeks.yaml',
    from: '    hours: 6',
    to: '    goal: six',
    said: 'this is no YAML: Map keys must be unique',
  },
  {
    name: 'a key that does not belong',
    file: 'plan/catalogue.yaml',
    from: 'outcome: Readers',
    to: 'outcomes: Readers',
    said: 'labs.2: there is no key "outcomes"',
  },
  {
    name: 'a value of another kind',
    file: 'plan/weeks.yaml',
    from: 'hours: 6',
    to: 'hours: six',
    said: 'weeks.1.hours: Invalid input: expected number, received string',
  },
  {
    name: 'an address that is not secure',
    file: 'plan/resources.yaml',
    from: 'https://delta.io/',
    to: 'http://delta.io/',
    said: 'tools.0.tools.3.url: expected an address that begins with https://',
  },
  {
    name: 'a guide that is not in the catalogue',
    file: 'plan/weeks.yaml',
    from: '07-etl-vs-elt',
    to: '07-elt-vs-etl',
    said: 'there is no guide "07-elt-vs-etl"',
  },
  {
    name: 'a lab that is not in the catalogue',
    file: 'plan/weeks.yaml',
    from: 'id: airflow-etl',
    to: 'id: airflow',
    said: 'there is no lab "airflow"',
  },
  {
    name: 'a stage that the lab has not',
    file: 'plan/weeks.yaml',
    from: 'id: data-lake, stages: [1, 2]',
    to: 'id: data-lake, stages: [1, 7]',
    said: 'data-lake has no stage 7',
  },
  {
    name: 'a week out of its place',
    file: 'plan/weeks.yaml',
    from: 'number: 3',
    to: 'number: 5',
    said: 'week 5 stands at place 3',
  },
  {
    name: 'a milestone of no week',
    file: 'plan/weeks.yaml',
    from: '- week: 4',
    to: '- week: 5',
    said: 'there is no week 5',
  },
  {
    name: 'a milestone that needs a stage of no lab',
    file: 'plan/weeks.yaml',
    from: 'needs: { labs: [{ id: kafka-streaming, stages: [1] }',
    to: 'needs: { labs: [{ id: kafka-streaming, stages: [9] }',
    said: 'kafka-streaming has no stage 9',
  },
  {
    name: 'a guide twice',
    file: 'plan/catalogue.yaml',
    from: 'id: 08-cap-theorem, title: CAP',
    to: 'id: 07-etl-vs-elt, title: CAP',
    said: '"07-etl-vs-elt" stands twice',
  },
  {
    name: 'a cue for a takeaway that is not there',
    file: 'plan/cues.yaml',
    from: 'takeaway: A job that polls',
    to: 'takeaway: A job that pulls',
    said: 'no takeaway begins with "A job that pulls a table"',
  },
  {
    name: 'a lab in a folder of another name',
    file: 'plan/catalogue.yaml',
    from: 'path: projects/03-data-lake',
    to: 'path: challenges/03-data-lakes',
    said: 'the folder of the project "data-lake" is not projects/03-data-lake',
  },
  {
    name: 'a term twice, but for its case',
    file: 'plan/glossary.yaml',
    from: 'term: offset',
    to: 'term: Idempotency',
    said: '"idempotency" stands twice',
  },
];

for (const { name, file, from, to, said } of PLAN_MISTAKES) {
  test(`a mistake in the plan is told with its line: ${name}`, async (t) => {
    const folder = await copy(t);
    await change(folder, file, from, to);
    const lines = (await readFile(join(folder, file), 'utf8')).split('\n');
    const line = lines.findIndex((text) => text.includes(to)) + 1;
    const problems = await problemsOf(folder);
    assert.ok(
      problems.some((problem) => problem.startsWith(`${file}:${line}: ${said}`)),
      `${file}:${line}: ${said}\nwas not among\n${problems.join('\n')}`,
    );
  });
}

test('a missing value and a missing file are told with what they are for', async (t) => {
  const folder = await copy(t);
  await change(folder, 'plan/catalogue.yaml', '    outcome: Readers only ever see committed versions.\n', '');
  await rm(join(folder, 'plan', 'glossary.yaml'));
  await assert.rejects(loadContent(folder), (error) => {
    assert.ok(error instanceof ContentError);
    const [missing] = error.problems.filter(({ file }) => file === 'plan/catalogue.yaml');
    assert.equal(missing?.message, 'labs.2.outcome: it is missing');
    assert.equal(missing.remedy, 'It is: what the learner’s program must keep true, in a sentence.');
    assert.ok(error.problems.some(({ file, message }) => file === 'plan/glossary.yaml' && /is missing/.test(message)));
    assert.match(error.remedy, /^\d+ mistakes in the content/);
    return true;
  });
});

test('every field of the plan says what it is', () => {
  const undescribed: string[] = [];
  const walk = (schema: unknown, path: string): void => {
    if (schema instanceof z.ZodArray) walk(schema.element, `${path}[]`);
    if (!(schema instanceof z.ZodObject)) return;
    for (const [key, part] of Object.entries(schema.shape)) {
      if (!(part instanceof z.ZodType) || part.description === undefined) undescribed.push(`${path}.${key}`);
      walk(part, `${path}.${key}`);
    }
  };
  for (const [name, schema] of Object.entries({ catalogueSchema, weeksSchema, resourcesSchema, glossarySchema }))
    walk(schema, name);
  assert.deepEqual(undescribed, []);
});

test('a guide that is called complete is held to all that a complete one has', async (t) => {
  const folder = await copy(t);
  await cp(join(root, 'test', 'input', 'content', 'sound.md'), join(folder, 'concepts', '03-idempotency.md'));
  await change(folder, 'concepts/03-idempotency.md', 'see [below](#common-pitfalls)', 'see below');
  await rename(join(folder, EXERCISE), join(folder, 'concepts/exercises/hole'));
  // What leads to a part of the guide whose place it took is another's business.
  const own = async () => (await problemsOf(folder)).filter((line) => line.startsWith('concepts/03-idempotency.md:'));
  assert.deepEqual(await own(), []);
  await change(folder, 'plan/catalogue.yaml', 'title: Idempotency }', 'title: Idempotency, complete: true }');
  const problems = await own();
  assert.deepEqual(
    problems.map((line) => line.replace(/^concepts\/03-idempotency\.md:\d+: /, '')),
    [
      'words of prose: 38',
      '7 of 12 blocks can be run',
      'no subsection is on Python',
      'no subsection is on SQL',
      'no subsection is on Spark',
      'no subsection is on Kafka',
      'items under "External Resources": 1',
      'items under "Key Takeaways": 1',
      'the quiz has 1 of 10 questions',
      'the quiz has 1 of 2 predictions with a block in the answer',
    ],
  );
});

const EXERCISE = 'concepts/exercises/payment-handler';

test('an exercise has an oracle, a solution, and wrong answers that say how they are rejected', async (t) => {
  const folder = await copy(t);
  const told = async (): Promise<string[]> =>
    (await problemsOf(folder)).map((line) => line.replace(/^concepts\/03-idempotency\.md:\d+: /, ''));
  await rename(join(folder, EXERCISE, 'wrong/nothing.py'), join(folder, EXERCISE, 'wrong/naught.py'));
  await rm(join(folder, EXERCISE, 'grader.ts'));
  assert.deepEqual(await told(), [
    `the exercise "payment-handler" lacks ${EXERCISE}/grader.ts`,
    'nothing says how wrong/naught is rejected',
    'exercise.yaml names wrong/nothing, which is not there',
  ]);
  await change(folder, `${EXERCISE}/exercise.yaml`, 'minutes: 20', 'minutes: some');
  assert.match((await told()).join('\n'), /^concepts\/exercises\/payment-handler\/exercise\.yaml: minutes: /);
  await rm(join(folder, EXERCISE), { recursive: true });
  assert.deepEqual(await told(), [`the exercise has no ${EXERCISE}/exercise.yaml`]);
});

test('what is written at the margin fills the hole with its indentation', () => {
  const code = 'def f():\n    # ▼ yours\n    ...\n    # ▲\nf()';
  assert.equal(fillHole(code, 'if x:\n\n    y\n'), 'def f():\n    # ▼ yours\n    if x:\n\n        y\n    # ▲\nf()');
  assert.equal(holeOf('# ▲\n# ▼ yours'), undefined);
});

test('a checkout with other ends of lines reads the same', async (t) => {
  const folder = await copy(t);
  const path = join(folder, 'concepts', '03-idempotency.md');
  const before = await loadContent(folder);
  await writeFile(path, `\uFEFF${(await readFile(path, 'utf8')).replaceAll('\n', '\r\n')}`);
  assert.deepEqual((await loadContent(folder)).guides, before.guides);
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

test('rules change just what they are for', () => {
  assert.equal(applyRules(['ms'], 'took 12.5 ms, 3 rows'), 'took <time>, 3 rows');
  assert.equal(applyRules(['lsn', 'port'], 'at 0/16B3748 on 127.0.0.1:5432'), 'at <lsn> on 127.0.0.1:<port>');
  assert.equal(applyRules(['path'], 'at /tmp/a-b/x.csv, 1/2, https://a.b/c/d'), 'at <path>, 1/2, https://a.b/c/d');
  assert.equal(applyRules([], '12 ms'), '12 ms');
});

test('text between markers is replaced, and missing markers are noticed', () => {
  assert.equal(replaceBetween('a <!-- x --> old <!-- /x --> b', 'x', 'new'), 'a <!-- x -->\n\nnew\n\n<!-- /x --> b');
  assert.equal(replaceBetween('a', 'x', 'new'), undefined);
});
