import assert from 'node:assert/strict';
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { LearnerError, WorldError } from '#src/error.ts';
import type { NewEvent } from '#src/journal/event.ts';
import { folder } from '#test/journal/folder.ts';

const ANSWER: NewEvent = {
  kind: 'answered',
  guide: '03-idempotency',
  question: 'twice',
  options: ['B'],
  right: true,
  of: 'abc',
};

test('an event gets an id, a time, a machine, a sequence and a version, and stands on one line', async () => {
  await using own = await folder();
  const journal = own.open();
  const [first] = await journal.append([ANSWER]);
  const [second] = await journal.append([{ ...ANSWER, right: false }]);
  assert.match(first?.id ?? '', /^[0-9a-f-]{36}$/);
  assert.equal(first?.at, '2026-01-01T00:00:00.000Z');
  assert.equal(second?.at, '2026-01-01T00:00:01.000Z');
  assert.match(first?.machine ?? '', /^[0-9a-f]{12}$/);
  assert.deepEqual([first?.seq, second?.seq, first?.v, first?.of], [1, 2, 1, 'abc']);
  const lines = (await readFile(join(own.journal, 'events.jsonl'), 'utf8')).split('\n');
  assert.deepEqual(JSON.parse(lines[0] ?? ''), { format: 'events', version: 1 });
  assert.deepEqual(JSON.parse(lines[1] ?? ''), first);
  assert.equal(lines.length, 4);
  assert.equal(lines[3], '');
  assert.deepEqual((await own.open().read()).events, [first, second]);
});

test('the folder says what git should leave out and how it merges, once', async () => {
  await using own = await folder();
  await own.open().append([ANSWER]);
  assert.match(await readFile(join(own.journal, '.gitattributes'), 'utf8'), /^events\.jsonl merge=union$/m);
  assert.match(await readFile(join(own.journal, '.gitignore'), 'utf8'), /^\/runs\/$/m);
  await writeFile(join(own.journal, '.gitignore'), 'mine\n');
  await own.open().append([ANSWER]);
  assert.equal(await readFile(join(own.journal, '.gitignore'), 'utf8'), 'mine\n');
});

test('a folder that was there before keeps its files', async () => {
  await using own = await folder();
  await mkdir(own.journal);
  await writeFile(join(own.journal, '.gitattributes'), 'mine\n');
  await own.open().append([ANSWER]);
  assert.equal(await readFile(join(own.journal, '.gitattributes'), 'utf8'), 'mine\n');
  assert.match(await readFile(join(own.journal, '.gitignore'), 'utf8'), /runs/);
});

test('a half line that a crash left is set aside, and the next event is not lost in it', async () => {
  await using own = await folder();
  const journal = own.open();
  await journal.append([ANSWER]);
  await appendFile(join(own.journal, 'events.jsonl'), '{"id":"torn","at":"2026-');
  const [after] = await journal.append([ANSWER]);
  const { events, setAside } = await journal.read();
  assert.equal(events.length, 2);
  assert.deepEqual(events[1], after);
  assert.deepEqual(setAside, [{ line: 3, why: 'no whole JSON value', start: '{"id":"torn","at":"2026-' }]);
});

test('each kind of bad line is set aside with its number and reason, and stays in the file', async () => {
  await using own = await folder();
  const journal = own.open();
  const [good] = await journal.append([ANSWER]);
  const path = join(own.journal, 'events.jsonl');
  const bad = ['<<<<<<< HEAD', '[]', 'null', '{}', JSON.stringify({ ...good, id: 'x', right: 'yes' }), '\u0000\u0001'];
  await appendFile(path, `${bad.join('\n')}\n\n`);
  const { events, setAside } = await journal.read();
  assert.equal(events.length, 1);
  assert.deepEqual(
    setAside.map(({ line, why }) => `${line}: ${why}`),
    [
      '3: the mark of a merge that was not finished',
      '4: no JSON object',
      '5: no JSON object',
      '6: id is missing or of the wrong form',
      '7: right is missing or of the wrong form',
      '8: no whole JSON value',
    ],
  );
  await journal.append([ANSWER]);
  for (const line of bad) assert.ok((await readFile(path, 'utf8')).includes(`\n${line}\n`), line);
});

test('kinds and versions of a newer program are kept and not understood; sequences go on after them', async () => {
  await using own = await folder();
  const journal = own.open();
  const [good] = await journal.append([ANSWER]);
  const path = join(own.journal, 'events.jsonl');
  const newer = [
    { ...good, id: 'a', v: 2, seq: 7, right: { so: 'different' } },
    { ...good, id: 'b', kind: 'dreamt', seq: 9 },
  ];
  await appendFile(path, newer.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const { events, unknown, setAside } = await journal.read();
  assert.deepEqual([events.length, unknown, setAside.length], [1, 2, 0]);
  const [next] = await journal.append([ANSWER]);
  assert.equal(next?.seq, 10);
  for (const event of newer) assert.ok((await readFile(path, 'utf8')).includes(JSON.stringify(event)));
});

test('a file of a newer format is refused untouched, for reading and for writing', async () => {
  await using own = await folder();
  await mkdir(own.journal);
  const path = join(own.journal, 'events.jsonl');
  const text = '{"format":"events","version":2}\n{"all":"different"}';
  await writeFile(path, text);
  const isRefusal = (error: unknown): boolean =>
    error instanceof LearnerError && /format 2/.test(error.message) && /Update/.test(error.remedy);
  await assert.rejects(own.open().read(), isRefusal);
  await assert.rejects(own.open().append([ANSWER]), isRefusal);
  assert.equal(await readFile(path, 'utf8'), text);
});

test('a change from outside is seen: another file in its place, and a line added by another process', async () => {
  await using own = await folder();
  const [one, two] = [own.open(), own.open()];
  await one.append([ANSWER]);
  assert.equal((await two.read()).events.length, 1);
  await one.append([ANSWER]);
  assert.equal((await two.read()).events.length, 2);
  const path = join(own.journal, 'events.jsonl');
  await writeFile(`${path}.other`, '');
  await rename(`${path}.other`, path);
  assert.equal((await two.read()).events.length, 0);
});

test('what was appended is known without reading, and is the same as when it is read; a clock may stand behind', async () => {
  await using own = await folder();
  const other = { ...ANSWER, id: 'later', at: '2026-06-01T00:00:00.000Z', machine: 'ffffffffffff', seq: 7, v: 1 };
  const journal = own.open();
  await journal.append([ANSWER]);
  for (const foreign of [
    '',
    `${JSON.stringify(other)}\n`,
    '{"torn":',
    `\n${JSON.stringify({ ...other, id: 'two' })}`,
  ]) {
    await appendFile(join(own.journal, 'events.jsonl'), foreign);
    for (let n = 1; n <= 2; n++) {
      await journal.append([ANSWER, { ...ANSWER, right: false }]);
      const mine = await journal.read();
      assert.deepEqual(mine, await own.open().read());
    }
  }
  assert.equal((await journal.read()).events.length, 1 + 4 * 4 + 2);
});

test('many at once, of two openings of one folder, all arrive with sequences of their own', async () => {
  await using own = await folder();
  const [one, two] = [own.open(), own.open()];
  const count = 20;
  await Promise.all(Array.from({ length: count }, (_, at) => (at % 2 === 0 ? one : two).append([ANSWER, ANSWER])));
  const { events, setAside } = await own.open().read();
  assert.equal(setAside.length, 0);
  assert.deepEqual(
    events.map(({ seq }) => seq).sort((a, b) => a - b),
    Array.from({ length: 2 * count }, (_, at) => at + 1),
  );
});

test('what can not be saved is said, with the file and what to do', async () => {
  await using own = await folder();
  // A file where the folder should be: root is refused too.
  await writeFile(own.journal, 'in the way');
  await assert.rejects(
    own.open().append([ANSWER]),
    (error: unknown) =>
      error instanceof WorldError && error.message.includes(own.journal) && /not saved/.test(error.remedy),
  );
  assert.equal(await readFile(own.journal, 'utf8'), 'in the way');
});
