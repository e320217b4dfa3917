import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import fc from 'fast-check';

import { loadContent } from '#src/content/content.ts';
import type { Guide } from '#src/content/guide.ts';
import { parseGuide } from '#src/content/guide-parser.ts';
import { applyRules } from '#src/content/normalise.ts';
import { readPage } from '#src/content/page.ts';
import { withRecordings } from '#src/content/recordings.ts';
import { ownRoot } from '#src/paths.ts';

const root = ownRoot(import.meta.dirname);

/** What engines print is not ours to choose: text that looks like Markdown, too. */
const printed = fc
  .array(
    fc.oneof(
      fc.string({
        unit: fc.constantFrom('a', ' ', '|', '-', '.', '0', '\t', '`', '~', '<', '>', '#', '{', '}', '·', '\u{1F986}'),
      }),
      fc.constantFrom(
        '```',
        '````',
        '  ```',
        '~~~',
        '```output {of=a}',
        '</details>',
        '<!-- quiz:one -->',
        '    code',
        '',
      ),
    ),
    { maxLength: 6 },
  )
  .map((lines) => lines.join('\n').replace(/\n+$/, ''));

/** A guide around the output of the block `a`, the outputs of `b` and `c` beside it. */
function around(indent: string, fence: string, newline: string): string {
  return [
    '# 03 · Idempotency',
    '',
    '```sql {id=a engine=duckdb}',
    'SELECT 1;',
    '```',
    '',
    `${indent}${fence}output {of=a}`,
    `${indent}old`,
    `${indent}${fence}`,
    '',
    '```sql {id=b engine=duckdb}',
    'SELECT 2;',
    '```',
    '',
    '<details><summary>Output</summary>',
    '',
    '```output {of=b normalise=ms}',
    'kept  ',
    '```',
    '',
    '</details>',
    '',
    'The end, with ```output {of=a}``` in a line.',
    '',
  ].join(newline);
}

function read(markdown: string): Guide {
  return parseGuide('03-idempotency', readPage('concepts/03-idempotency.md', markdown), () => undefined);
}

const recorded = (markdown: string, id: string): string | undefined =>
  read(markdown).blocks.find((block) => block.id === id)?.recording?.text;

test('what is put in is what is read back, and everything else stays as it was', () => {
  fc.assert(
    fc.property(
      printed,
      fc.constantFrom('', '  '),
      fc.constantFrom('```', '````', '~~~'),
      fc.constantFrom('\n', '\r\n'),
      (text, indent, fence, newline) => {
        const before = around(indent, fence, newline);
        const after = withRecordings(before, new Map([['a', text]]));
        assert.equal(recorded(after, 'a'), text);
        assert.equal(recorded(after, 'b'), 'kept  ');
        assert.equal(withRecordings(after, new Map([['a', text]])), after);
        const at = before.indexOf(`${indent}${fence}output`);
        const rest = before.slice(before.indexOf(`${newline}${newline}\`\`\`sql {id=b`));
        assert.ok(after.startsWith(before.slice(0, at)));
        assert.ok(after.endsWith(rest));
      },
    ),
  );
});

test('the same recordings leave a guide as it is, byte for byte', async () => {
  const { guides } = await loadContent(root);
  for (const guide of guides) {
    const text = await readFile(join(root, guide.place.file), 'utf8');
    const same = new Map(guide.blocks.map(({ id, recording }) => [id, recording?.text ?? '']));
    assert.equal(withRecordings(text, same), text);
    assert.equal(withRecordings(text, new Map()), text);
    const windows = `\uFEFF${text.replaceAll('\n', '\r\n')}`;
    assert.equal(withRecordings(windows, same), windows);
  }
});

test('a fence is made longer only where a printed line would end it', () => {
  const guide = '```output {of=a}\nold\n```\n';
  assert.equal(withRecordings(guide, new Map([['a', '~~~~']])), '```output {of=a}\n~~~~\n```\n');
  assert.equal(withRecordings(guide, new Map([['a', 'x\n````']])), '`````output {of=a}\nx\n````\n`````\n');
  assert.equal(withRecordings(guide, new Map([['a', '']])), '```output {of=a}\n```\n');
});

test('a fence without an end is left alone: nobody knows where its text would', () => {
  const guide = '```output {of=a}\nold\n\n## More\n';
  assert.equal(withRecordings(guide, new Map([['a', 'new']])), guide);
});

test('what Markdown can’t hold still matches its own recording', () => {
  for (const text of ['a\r\nb', 'a\0b', 'a\rb', '\u001b[1mbold']) {
    const kept = recorded(withRecordings(around('', '```', '\n'), new Map([['a', text]])), 'a') ?? '';
    assert.equal(applyRules([], text), applyRules([], kept), JSON.stringify(text));
  }
});
