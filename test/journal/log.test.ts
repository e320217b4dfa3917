import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { parseLog, type EntryKind, type LogEntry } from '#src/journal/log.ts';
import { editLog, type LogEdit } from '#src/journal/log-edit.ts';
import { random, type Random } from '#src/random.ts';
import { folder } from '#test/journal/folder.ts';

const SEEDS = Array.from({ length: 150 }, (_, i) => i + 1);
const add = (kind: EntryKind, id: string, text: string, more: object = {}): LogEdit => ({
  type: 'add',
  kind,
  id,
  day: '2026-01-05',
  text,
  ...more,
});
const after = (text: string, ...edits: readonly LogEdit[]): string =>
  edits.reduce((known, edit) => editLog(known, edit).text, text);

/** Words as learners, editors and rogues write them: every sign of the format is among them. */
const PIECES = [
  'the offset',
  '<br>',
  '\\<br>',
  '<!--',
  '-->',
  '<!-- win k from=x -->',
  '\\',
  '\n',
  '\n\n',
  ' · [x](../concepts/03-idempotency.md)',
  '2026-01-09 · ',
  '[x] ',
  '- ',
  '## Wins',
  '- Answer: yes',
  '```',
  '  ',
  'ü',
  '<<<<<<< HEAD',
  '\t',
  '<script>alert(1)</script>',
] as const;
const words = (chance: Random): string =>
  `${chance.pick(['a', 'why', '[ ] b', '2026-02-02'])}${Array.from({ length: chance.below(8) }, () => chance.pick(PIECES)).join(chance.pick(['', ' ']))}`;
/** What an entry keeps of words: lines without the space around them, and no empty ones. */
const ABOUT = {
  to: 'concepts/03-idempotency#double-load',
  label: 'Idempotency',
  href: '../concepts/03-idempotency.md#double-load',
};
const linked = (text: string): string | undefined =>
  text.includes('](../concepts/03-idempotency.md)') ? 'concepts/03-idempotency' : undefined;
const kept = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');

test(`whatever is written into the log is read again as it was, ${SEEDS.length} seeds`, () => {
  for (const seed of SEEDS) {
    const chance = random(seed);
    let text = '';
    const expected = new Map<
      string,
      Pick<LogEntry, 'kind' | 'text' | 'answered'> & { given: string | undefined; answers: string[] }
    >();
    for (let n = 0; n < 12; n++) {
      const said = words(chance);
      const [id = ''] = expected.size === 0 ? [] : [chance.pick([...expected.keys()] as [string, ...string[]])];
      const entry = expected.get(id);
      const deed = entry === undefined ? 'add' : chance.pick(['add', 'add', 'answer', 'reword', 'remove'] as const);
      if (entry === undefined || deed === 'add') {
        const kind = chance.pick(['insight', 'question', 'win'] as const);
        const about = chance.pick([undefined, ABOUT]);
        text = after(text, add(kind, `e${n}`, said, { about }));
        expected.set(`e${n}`, { kind, text: kept(said), given: about?.to, answered: false, answers: [] });
      } else if (deed === 'answer' && entry.kind === 'question') {
        text = after(text, { type: 'answer', id, text: said });
        const answers = [...new Set([...entry.answers, kept(said)])];
        expected.set(id, { ...entry, answered: true, answers });
      } else if (deed === 'reword') {
        text = after(text, { type: 'reword', id, text: kept(said), base: entry.text });
        expected.set(id, { ...entry, text: kept(said) });
      } else if (deed === 'remove') {
        text = after(text, { type: 'remove', id });
        expected.delete(id);
      }
    }
    const read = new Map(
      parseLog(text).entries.map(({ id, kind, text: said, about, answered, answers }) => [
        id,
        { kind, text: said, about, answered, answers: [...answers] },
      ]),
    );
    const byId = (map: ReadonlyMap<string, unknown>): unknown[] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    const due = new Map(
      // A link in the words themselves says what they are about, where nothing else does.
      [...expected].map(([id, { given, ...entry }]) => [id, { ...entry, about: given ?? linked(entry.text) }]),
    );
    assert.deepEqual(byId(read), byId(due), `seed ${seed}\n${text}`);
  }
});

const BY_HAND = `# Mine

A word before. <!-- a comment of mine -->

## Key insights

Some prose.

- The outbox is a table.
  It goes on here.

  And here, after an empty line.
* 2026-01-02: Another, with a [link](../concepts/02-cdc.md#slot-gauge)

\`\`\`
- no entry, in a fence
## Wins
\`\`\`

| a | table |
|---|---|

## Questions & challenges
- [x] Why twice?
  - Answer: the key
    was missing
- Is it at-least-once?

## Wins & achievements

1. not an entry of ours

## Elsewhere
- [ ] my shopping
`;

test('what a hand wrote is read, and every line that is not touched stays as it is', () => {
  const { entries, focus } = parseLog(BY_HAND);
  assert.deepEqual(focus, {});
  assert.deepEqual(
    entries.map(({ kind, day, text, about, answered, answers }) => [kind, day, text, about, answered, answers]),
    [
      [
        'insight',
        undefined,
        'The outbox is a table.\nIt goes on here.\nAnd here, after an empty line.',
        undefined,
        false,
        [],
      ],
      [
        'insight',
        '2026-01-02',
        'Another, with a [link](../concepts/02-cdc.md#slot-gauge)',
        'concepts/02-cdc#slot-gauge',
        false,
        [],
      ],
      ['question', undefined, 'Why twice?', undefined, true, ['the key\nwas missing']],
      ['question', undefined, 'Is it at-least-once?', undefined, false, []],
    ],
  );
  const open = entries[3]?.id ?? '';
  const changed = after(
    BY_HAND,
    add('insight', 'i1', 'mine'),
    add('win', 'w1', 'won'),
    { type: 'answer', id: open, text: 'It is.' },
    { type: 'focus', key: 'concept', value: { text: 'Idempotency' } },
  );
  const left = changed.split('\n');
  const lost = BY_HAND.split('\n').filter((line) => line !== '- Is it at-least-once?' && !left.includes(line));
  assert.deepEqual(lost, []);
  assert.match(
    changed,
    /^- \[x\] Is it at-least-once\? <!-- question \S+ -->\n {2}- Answer: It is\. <!-- answer \S+ -->$/m,
  );
  const again = parseLog(changed);
  assert.equal(again.entries.find(({ text }) => text === 'Is it at-least-once?')?.id, open, 'it keeps its id');
  assert.equal(again.focus.concept?.text, 'Idempotency');
  assert.deepEqual(
    again.entries.filter(({ kind }) => kind === 'win').map(({ text }) => text),
    ['won'],
  );
  const back = after(changed, { type: 'remove', id: 'i1' }, { type: 'remove', id: 'w1' }, { type: 'reopen', id: open });
  assert.equal(parseLog(back).entries.find(({ id }) => id === open)?.answered, false);
});

test('line ends of Windows stay, and an entry that is sent twice is there once', () => {
  const windows = BY_HAND.replaceAll('\n', '\r\n');
  const once = after(windows, add('insight', 'i1', 'mine'));
  assert.equal(after(once, add('insight', 'i1', 'mine')), once);
  assert.doesNotMatch(once.replaceAll('\r\n', ''), /\n/);
  assert.equal(once.replace(/^.*<!-- insight i1 -->\r\n/m, ''), windows);
});

test('the words of an entry that changed outside meanwhile are merged or given back, never written over', () => {
  const text = after('', add('insight', 'i1', 'one\ntwo\nthree'));
  const outside = text.replace('one <br>', 'ONE <br>');
  const reword = (mine: string): LogEdit => ({ type: 'reword', id: 'i1', text: mine, base: 'one\ntwo\nthree' });
  const merged = editLog(outside, reword('one\ntwo\nTHREE'));
  assert.equal(parseLog(merged.text).entries[0]?.text, 'ONE\ntwo\nTHREE');
  const conflict = editLog(outside, reword('Eins\ntwo\nthree'));
  assert.deepEqual(conflict, { text: outside, outcome: { kind: 'conflict', theirs: 'ONE\ntwo\nthree' } });
  assert.deepEqual(editLog(text, { type: 'remove', id: 'none' }).outcome, { kind: 'gone' });
});

test('a question that two machines answered is one question with both answers', () => {
  const base = after('', add('question', 'q1', 'Why?'));
  const line = (text: string): string[] => text.split('\n').filter((one) => /q1/.test(one));
  const [laptop, desk] = ['a lock', 'a key'].map((text) => line(after(base, { type: 'answer', id: 'q1', text })));
  const union = base.replace(/^- .*q1 -->$/m, [...(laptop ?? []), ...(desk ?? [])].join('\n'));
  const [entry, ...more] = parseLog(union).entries;
  assert.deepEqual([entry?.answered, entry?.answers, more], [true, ['a lock', 'a key'], []]);
});

test('the focus is set, replaced and given back to the plan; no other line moves', () => {
  const first = after('', add('insight', 'i1', 'mine'));
  const set = after(first, { type: 'focus', key: 'week', value: { text: '2' } });
  const both = after(set, { type: 'focus', key: 'concept', value: { text: 'CDC', href: '../concepts/02-cdc.md' } });
  assert.deepEqual(parseLog(both).focus, {
    week: { text: '2', path: undefined },
    concept: { text: 'CDC', path: 'concepts/02-cdc' },
  });
  const changed = after(both, { type: 'focus', key: 'week', value: { text: '3' } });
  assert.equal(changed, both.replace('- Week: 2', '- Week: 3'));
  const given = after(changed, { type: 'focus', key: 'week' }, { type: 'focus', key: 'concept' });
  assert.deepEqual(parseLog(given).focus, {});
  assert.equal(parseLog(given).entries.length, 1);
});

test('a folder from before the log learns how the log is merged', async () => {
  await using own = await folder();
  await mkdir(own.journal);
  await writeFile(join(own.journal, 'events.jsonl'), '');
  const path = join(own.journal, '.gitattributes');
  await writeFile(path, 'events.jsonl merge=union\nmine -text\n');
  await own.open().changeLog(add('insight', 'i1', 'mine'));
  assert.equal(await readFile(path, 'utf8'), 'events.jsonl merge=union\nmine -text\nlog.md merge=union\n');
});
