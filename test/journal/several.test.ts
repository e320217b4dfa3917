import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import type { NewEvent } from '#src/journal/event.ts';
import { openJournal, type Journal } from '#src/journal/journal.ts';
import type { LogEdit } from '#src/journal/log-edit.ts';
import type { PageContent } from '#src/journal/page.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { capture } from '#src/process.ts';
import { fold } from '#src/study/record.ts';
import { folder } from '#test/journal/folder.ts';

const GUIDE = '03-idempotency';
const answered = (question: string): NewEvent => ({
  kind: 'answered',
  guide: GUIDE,
  question,
  options: ['A'],
  right: true,
});
const about = (prompt: string, text: string, base = '') => ({
  guide: GUIDE,
  title: '03 · Idempotency',
  prompt,
  question: `What of ${prompt}?`,
  text,
  base,
});
const thought = (id: string, text: string): LogEdit => ({ type: 'add', kind: 'insight', id, day: '2026-01-05', text });
const pageOf = (done: readonly string[]): PageContent => ({
  groups: [
    {
      title: 'Guides',
      boxes: ['concepts/a', 'concepts/b'].map((item) => ({
        item,
        title: item,
        href: undefined,
        done: done.includes(item),
        detail: '',
      })),
    },
  ],
  weeks: [],
  milestones: [],
});
const sync = (journal: Journal): Promise<void> =>
  journal.syncPage(({ events }) => pageOf([...fold(events).ticks].flatMap(([item, done]) => (done ? [item] : []))));

test('two tabs and two commands at once: all that is acknowledged is there, in sequence', async () => {
  await using own = await folder();
  const tabs = [own.open(), own.open()] as const;
  const env = { ...process.env, DEJ_JOURNAL: own.journal, DEJ_STATE: own.paths.state };
  const command = (name: string, seed: number) =>
    capture([process.execPath, join(import.meta.dirname, 'writer.ts'), name, String(seed), '15'], { env });
  const tab = async (journal: Journal, name: string): Promise<void> => {
    let base = '';
    for (let n = 1; n <= 15; n++) {
      await journal.append([answered(`${name}-${n}`), { kind: 'ticked', item: `concepts/${name}`, done: n % 2 === 1 }]);
      const outcome = await journal.saveNote(about(name, `${base}\nline ${n}`, base));
      assert.equal(outcome.kind, 'saved');
      base = outcome.kind === 'saved' ? outcome.text : '';
      await journal.append([{ kind: 'reviewed', card: `question:${GUIDE}/${name}`, grade: 'good', elapsedMs: n }]);
      await journal.changeLog(thought(`${name}-${n}`, `a thought of ${name}`));
      if (n % 5 === 0) await sync(journal);
    }
  };
  const [one, two] = await Promise.all([command('one', 1), command('two', 2), tab(tabs[0], 'a'), tab(tabs[1], 'b')]);
  const { events, setAside } = await own.open().read();
  assert.deepEqual(setAside, []);
  const seqs = events.map(({ seq }) => seq).sort((x, y) => x - y);
  assert.deepEqual(
    seqs,
    Array.from({ length: events.length }, (_, i) => i + 1),
    'no number twice, none left out',
  );
  const there = new Set(events.map(({ id }) => id));
  for (const { stdout } of [one, two]) {
    assert.doesNotMatch(stdout, /refused/);
    for (const [, ids = ''] of stdout.matchAll(/^saved events (.*)$/gm))
      for (const id of ids.split(' ')) assert.ok(there.has(id), id);
  }
  assert.equal(events.filter(({ kind }) => kind === 'ticked').length, 30);
  assert.ok(events.filter(({ kind }) => kind === 'reviewed').length >= 30);
  const { entries } = await own.open().log();
  const ids = new Set(entries.map(({ id }) => id));
  const acknowledged = [one, two].flatMap(({ stdout }) =>
    [...stdout.matchAll(/^saved log (.*)$/gm)].map(([, id]) => id ?? ''),
  );
  const due = [
    ...['a', 'b'].flatMap((name) => Array.from({ length: 15 }, (_, i) => `${name}-${i + 1}`)),
    ...acknowledged,
  ];
  assert.ok(acknowledged.length > 0);
  assert.deepEqual([ids.size, due.filter((id) => !ids.has(id))], [due.length, []]);
  const { texts } = await own.open().notes(GUIDE);
  assert.deepEqual([...texts.keys()].sort(), ['a', 'b', 'one', 'two']);
  for (const name of ['a', 'b']) assert.equal(texts.get(name)?.split('\n').length, 15);
  await sync(tabs[0]);
  const page = await readFile(join(own.journal, 'README.md'), 'utf8');
  assert.equal(page.match(/^<!-- progress/gm)?.length, 1);
  assert.match(page, /- \[x\] concepts\/a[^]*- \[x\] concepts\/b/);
});

/** Git in a folder, as somebody of whom nothing of this machine is known. */
const git =
  (where: string) =>
  async (...args: string[]) => {
    const identity = [
      '-c',
      'user.name=Learner',
      '-c',
      'user.email=learner@example.org',
      '-c',
      'init.defaultBranch=main',
    ];
    const { code, stdout, stderr } = await capture(['git', ...identity, ...args], { cwd: where });
    assert.equal(code, 0, `git ${args.join(' ')}: ${stdout}${stderr}`);
  };

/** A clone of the learner's folder, with a state and a clock of its own. */
async function machine(base: string, name: string) {
  const at = join(base, name);
  await mkdir(at, { recursive: true });
  const env = { DEJ_STATE: join(base, `state-${name}`), DEJ_JOURNAL: join(at, 'journal') };
  let ticks = name === 'laptop' ? 0 : 500;
  const journal = openJournal(pathsOf(ownRoot(), env), () => Date.UTC(2026, 0, 1) + 1000 * ticks++);
  return { at, journal, git: git(at), file: (path: string) => join(at, 'journal', path) };
}

/** What one machine adds; some of it is the same on the other, and stands beside it. */
async function oneDay(here: Awaited<ReturnType<typeof machine>>, item: string): Promise<void> {
  await here.journal.append([answered(`on ${item}`), { kind: 'ticked', item, done: true }]);
  await here.journal.saveNote(about(item.replace('/', '-'), `my words on ${item}`));
  for (const n of [1, 2]) await here.journal.changeLog(thought(`${item}-${n}`.replace('/', '-'), `the same\nwords`));
  await here.journal.changeLog({ type: 'answer', id: 'asked', text: `because of ${item}` });
  await here.journal.append([{ kind: 'reviewed', card: `question:${GUIDE}/first`, grade: 'again', elapsedMs: 5 }]);
  const log = await readFile(here.file('log.md'), 'utf8');
  await writeFile(here.file('log.md'), `${log}\nWritten on ${item}.\n`);
  await sync(here.journal);
  const page = await readFile(here.file('README.md'), 'utf8');
  await writeFile(here.file('README.md'), `${page.trimEnd()}\n\nI like ${item}.\n`);
}

test('the folders of two machines are merged by git: both have everything, in one order, and one block of boxes', async () => {
  await using own = await folder();
  const base = join(own.journal, '..');
  const laptop = await machine(base, 'laptop');
  await laptop.git('init', '-q');
  await laptop.journal.append([answered('first')]);
  await laptop.journal.saveNote(about('common', 'written on the laptop'));
  await sync(laptop.journal);
  await laptop.journal.changeLog(thought('common', 'from the first day'));
  await laptop.journal.changeLog({ ...thought('asked', 'Why twice?'), kind: 'question' } as LogEdit);
  await laptop.git('add', '-A');
  await laptop.git('commit', '-qm', 'first day');
  await git(base)('clone', '-q', laptop.at, join(base, 'desk'));
  const desk = await machine(base, 'desk');

  for (const [here, item] of [
    [laptop, 'concepts/a'],
    [desk, 'concepts/b'],
  ] as const) {
    await oneDay(here, item);
    await here.git('add', '-A');
    await here.git('commit', '-qm', item);
  }
  await desk.git('pull', '-q', '--no-rebase', '--no-edit', 'origin', 'main');
  await sync(desk.journal);
  await desk.git('add', '-A');
  await desk.git('commit', '-qm', 'one block again');
  await laptop.git('pull', '-q', '--no-rebase', '--no-edit', join(base, 'desk'), 'main');

  const readings = await Promise.all([laptop.journal.read(), desk.journal.read()]);
  assert.deepEqual(readings[0].events, readings[1].events);
  assert.deepEqual(readings[0].setAside, []);
  const told = readings[0].events.map((event) => (event.kind === 'answered' ? event.question : event.kind));
  assert.deepEqual(told, [
    'first',
    ...['on concepts/a', 'ticked', 'reviewed'],
    ...['on concepts/b', 'ticked', 'reviewed'],
  ]);
  for (const { journal, file } of [laptop, desk]) {
    await sync(journal);
    const page = await readFile(file('README.md'), 'utf8');
    assert.equal(page.match(/^<!-- progress/gm)?.length, 1);
    assert.equal(page.match(/^- \[x\]/gm)?.length, 2, 'what either machine had ticked');
    for (const item of ['a', 'b']) assert.ok(page.includes(`I like concepts/${item}.`));
    const { texts } = await journal.notes(GUIDE);
    assert.equal(texts.get('common'), 'written on the laptop');
    const { entries } = await journal.log();
    const words = entries.map(({ id, text, answers }) => [id, text, ...answers]);
    const same = ['a-1', 'a-2', 'b-1', 'b-2'].map((id) => [`concepts-${id}`, 'the same\nwords']);
    const asked = ['asked', 'Why twice?', 'because of concepts/a', 'because of concepts/b'];
    const sorted = (rows: readonly (readonly string[])[]) => rows.map((row) => row.toSorted()).toSorted();
    assert.deepEqual(sorted(words), sorted([asked, ['common', 'from the first day'], ...same]));
    const log = await readFile(file('log.md'), 'utf8');
    for (const item of ['a', 'b']) assert.equal(log.split(`Written on concepts/${item}.`).length, 2);
    for (const item of ['a', 'b']) assert.equal(texts.get(`concepts-${item}`), `my words on concepts/${item}`);
  }
});

test('a note that was edited outside meanwhile is merged, or given back to choose from, and never written over', async () => {
  await using own = await folder();
  const journal = own.open();
  await journal.saveNote(about('gap', 'one\ntwo\nthree'));
  const path = join(own.journal, 'concepts', `${GUIDE}.md`);
  const edit = async (from: string, to: string): Promise<void> =>
    writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
  await edit('one', 'ONE, in my editor');
  const merged = await journal.saveNote(about('gap', 'one\ntwo\nthree, in the page', 'one\ntwo\nthree'));
  assert.deepEqual(merged, { kind: 'saved', text: 'ONE, in my editor\ntwo\nthree, in the page' });
  await edit('two', 'TWO');
  const before = await readFile(path, 'utf8');
  const text = 'ONE, in my editor\nsecond\nthree, in the page';
  const conflict = await journal.saveNote(about('gap', text, 'ONE, in my editor\ntwo\nthree, in the page'));
  assert.deepEqual(conflict, { kind: 'conflict', theirs: 'ONE, in my editor\nTWO\nthree, in the page' });
  assert.equal(await readFile(path, 'utf8'), before);
});
