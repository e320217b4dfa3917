import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

import { createContext, type Context } from '#src/commands/context.ts';
import * as commands from '#src/commands/log.ts';
import { search } from '#src/commands/search.ts';
import { csvOf, recordsOf } from '#src/commands/sql-formats.ts';
import { askSaved, askSql, sqlSight } from '#src/commands/sql.ts';
import { LearnerError } from '#src/error.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { utcZone } from '#src/study/day.ts';

/** The learner's log, search and questions, over a folder of their own and a real DuckDB. */
let state: string;
let context: Context;
const GUIDE = '03-idempotency';
const LAB = 'batch-error-handling';

before(async () => {
  state = await mkdtemp(join(tmpdir(), 'dej-log-'));
  const env = { ...process.env, DEJ_STATE: state, DEJ_JOURNAL: join(state, 'journal') };
  let ticks = 0;
  const clock = (): number => Date.UTC(2026, 0, 5, 9) + 60_000 * ticks++;
  context = createContext(pathsOf(ownRoot(import.meta.dirname), env), { clock, zone: utcZone });
  const graded = { kind: 'graded', lab: LAB, stage: 2, level: 'quick', tried: 15, possible: 15 } as const;
  await context.journal().append([{ ...graded, state: 'failed', anomaly: 'duplicate', survived: 11 }]);
  await context.journal().append([{ ...graded, state: 'passed', survived: 15 }]);
  await context.journal().append([{ kind: 'mended', lab: LAB, stage: 2, anomaly: 'duplicate' }]);
  const review = { kind: 'reviewed', card: `question:${GUIDE}/q`, elapsedMs: 5 } as const;
  const [, slip] = await context.journal().append([
    { ...review, grade: 'again' },
    { ...review, grade: 'again' },
  ]);
  await context.journal().append([{ kind: 'undone', event: slip?.id ?? '' }]);
});

after(async () => {
  const supervisor = await context.supervisor();
  await supervisor.shutdown({ force: true });
  await rm(state, { recursive: true, force: true });
});

test('entries are kept with what they are about, answered, and shown with their page', async () => {
  const text = 'Why <b>twice</b>?\nAnd when?';
  const asked = { kind: 'question', text, about: `${GUIDE}#double-load`, id: 'asked' } as const;
  await commands.addToLog(asked, context);
  await commands.addToLog(asked, context);
  await commands.answerQuestion({ id: 'ask', text: 'No key.' }, context);
  const { entries } = await commands.log(context);
  const [entry, ...more] = entries;
  assert.deepEqual([entry?.text, entry?.day, entry?.answered, entry?.answers], [text, '2026-01-05', true, ['No key.']]);
  assert.equal(entry?.about?.href, `/concepts/${GUIDE}/#block-double-load`);
  assert.deepEqual(more, [], 'sent twice, it is there once');
  const wrong = commands.addToLog({ kind: 'win', text: 'x', about: `${GUIDE}#doubl-load` }, context);
  await assert.rejects(wrong, (error: LearnerError) => /Did you mean .*#double-load/.test(error.remedy));
  await assert.rejects(commands.answerQuestion({ id: 'none', text: 'x' }, context), LearnerError);
});

test('wins are offered, taken with one press, declined for good, and never added by themselves', async () => {
  const keys = async (): Promise<string[]> => (await commands.log(context)).offers.map(({ key }) => key);
  assert.deepEqual(await keys(), [`mended/${LAB}`, `survived/${LAB}/2`]);
  assert.equal((await commands.log(context)).entries.filter(({ kind }) => kind === 'win').length, 0);
  await commands.acceptWin(`mended/${LAB}`, context);
  await commands.declineWin(`survived/${LAB}/2`, context);
  assert.deepEqual(await keys(), []);
  const wins = (await commands.log(context)).entries.filter(({ kind }) => kind === 'win');
  assert.deepEqual(
    wins.map(({ text }) => text),
    ['First red turned green: A Batch Pipeline with Error Handling, stage 2 (duplicate)'],
  );
  await assert.rejects(commands.acceptWin(`mended/${LAB}`, context), LearnerError);
});

test('the focus follows the plan until it is set, and again when it is given back', async () => {
  const concept = async () => (await commands.log(context)).focus.concept;
  const planned = await concept();
  assert.deepEqual([planned.set, planned.value], [false, '01-batch-vs-streaming']);
  for (const value of ['3', 'idempotency', GUIDE]) {
    await commands.setFocus({ key: 'concept', value }, context);
    assert.deepEqual(await concept().then(({ set, value: now }) => [set, now]), [true, GUIDE], value);
  }
  await assert.rejects(commands.setFocus({ key: 'concept', value: 'idempotnecy' }, context), LearnerError);
  await commands.setFocus({ key: 'concept' }, context);
  assert.deepEqual(await concept(), planned);
});

test('all that the learner wrote is found, and what came with a starter is not theirs', async () => {
  const { journal, root } = context.paths;
  const file = join(journal, 'labs', LAB, 'load.py');
  const starter = await readFile(join(root, 'challenges', `01-${LAB}`, 'starter', 'python', 'load.py'), 'utf8').catch(
    () => '# came with it: outbox\n',
  );
  await mkdir(join(journal, 'labs', LAB), { recursive: true });
  await writeFile(file, `${starter}\nx = 1  # the outbox of mine\n`);
  await mkdir(join(journal, 'concepts'), { recursive: true });
  await writeFile(join(journal, 'concepts', `${GUIDE}.md`), '# T\n\nThe <i>Oútbox</i> is\nof MINE.\n');
  const { hits, total } = await search('mine OUTBOX', context);
  assert.equal(total, 2);
  assert.deepEqual(
    hits.map(({ text, href }) => [text, href]),
    [
      ['The <i>Oútbox</i> is of MINE.', `/concepts/${GUIDE}/#personal-learning-journal`],
      ['the outbox of mine', `/challenges/01-${LAB}/`],
    ],
  );
  assert.equal((await search('twice', context)).hits[0]?.href, '/log/#entry-asked');
  assert.deepEqual(await search('  ', context), { hits: [], total: 0 });
});

test('every saved question has an answer, of the columns that its plot names', async () => {
  const { saved } = await sqlSight(context);
  assert.ok(saved.length >= 5);
  for (const { id, plot } of saved) {
    const { tables } = await askSaved(id, context);
    const names = tables[0]?.columns.map(({ name }) => name) ?? [];
    for (const name of plot === undefined ? [] : [plot.label, plot.value]) assert.ok(names.includes(name), id);
  }
  const [green] = (await askSaved('red-to-green', context)).tables.flatMap(recordsOf);
  assert.deepEqual(green?.['gradings'], 2);
});

test('what was taken back does not count; a question reaches no file and changes nothing', async () => {
  const asked = await askSql("SELECT count(*) AS n, true AS b, NULL AS x, 'a\"b' AS t FROM reviews", context);
  assert.deepEqual(asked.tables.flatMap(recordsOf), [{ n: 1, b: true, x: null, t: 'a"b' }]);
  assert.equal(asked.tables.map(csvOf).join(''), 'n,b,x,t\n1,true,,"a""b"\n');
  const path = join(state, 'out.csv');
  for (const sql of [
    `COPY events TO '${path}'`,
    `SELECT * FROM read_text('${join(context.paths.journal, 'events.jsonl')}')`,
    `ATTACH '${path}'`,
    'SET enable_external_access = true',
    'RESET lock_configuration',
  ])
    await assert.rejects(askSql(sql, context), LearnerError, sql);
  await assert.rejects(readFile(path), /ENOENT/);
  await askSql('DELETE FROM events', context);
  const [left] = (await askSql('SELECT count(*) AS n FROM events', context)).tables.flatMap(recordsOf);
  assert.ok(Number(left?.['n']) > 0, 'it was a copy');
});
