import assert from 'node:assert/strict';
import test from 'node:test';

import { bounded } from '#src/runner/bounded.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { renderAll } from '#src/runner/render.ts';

const table = (rows: (string | null)[][], total = rows.length) =>
  ({
    type: 'table',
    columns: [
      { name: 'id', type: 'VARCHAR', numeric: false },
      { name: 'n', type: 'INTEGER', numeric: true },
    ],
    rows,
    total,
  }) as const;

test('numbers stand right, text left, NULL is written', () => {
  assert.equal(
    renderAll([
      table([
        ['a', '1'],
        ['bcd', null],
        [null, '100'],
      ]),
    ]),
    'id       n\na        1\nbcd   NULL\nNULL   100',
  );
});

test('a result without rows and a cut one say so', () => {
  assert.equal(renderAll([table([])]), 'id  n\n(no rows)');
  assert.equal(renderAll([table([['a', '1']], 3)]), 'id  n\na   1\n(1 of 3 rows)');
});

test('results, text and errors stand apart by an empty line, in order', () => {
  const events: RunEvent[] = [
    { type: 'text', text: 'one\n' },
    { type: 'text', text: 'two\n' },
    table([['a', '1']]),
    { type: 'error', message: 'ERROR: no', detail: 'DETAIL: why', line: 2 },
    { type: 'exit', state: 'error', elapsedMs: 1, matchesRecording: undefined },
  ];
  assert.equal(renderAll(events), 'one\ntwo\n\nid  n\na   1\n\nERROR: no\nDETAIL: why');
});

test('output beyond its limit is dropped, said once, and errors still pass', () => {
  const out: RunEvent[] = [];
  const { emit, flush } = bounded((event) => out.push(event), 10);
  emit({ type: 'text', text: '12345678' });
  emit({ type: 'text', text: 'äöü' });
  emit({ type: 'text', text: 'more' });
  emit({ type: 'error', message: 'E' });
  flush();
  assert.deepEqual(out, [
    { type: 'text', text: '12345678' },
    { type: 'text', text: 'ä' },
    { type: 'error', message: 'E' },
    { type: 'cut', limitBytes: 10 },
  ]);
});

test('a character is never torn by the limit', () => {
  const out: RunEvent[] = [];
  const { emit } = bounded((event) => out.push(event), 3);
  emit({ type: 'text', text: 'aäö' });
  assert.deepEqual(out, [{ type: 'text', text: 'aä' }]);
  const second: RunEvent[] = [];
  bounded((event) => second.push(event), 2).emit({ type: 'text', text: 'aä' });
  assert.deepEqual(second, [{ type: 'text', text: 'a' }]);
});

test('rows beyond the limit are dropped, and the total stays true', () => {
  const out: RunEvent[] = [];
  const { emit, flush } = bounded((event) => out.push(event), 5);
  emit(
    table([
      ['ab', '1'],
      ['cd', '2'],
    ]),
  );
  flush();
  assert.deepEqual(out, [
    { ...table([['ab', '1']]), total: 2 },
    { type: 'cut', limitBytes: 5 },
  ]);
});
