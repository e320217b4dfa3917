import assert from 'node:assert/strict';
import test from 'node:test';

import { cellsOf, merged, rowsIn, tableText } from '../../bench/figures.ts';

const PAGE = `Measured on 2026-11-24.

| what | ours, median | peer, median | ratio (quartiles) | peer to itself | goal | |
|---|---|---|---|---|---|---|
| ten blocks | ours 85.5 ms | jupyter execute 1166.0 ms | 0.08 (0.08–0.08) | 1.06 | 0.15 | met |
| ten blocks | ours 96.0 ms | pytest-examples 485.3 ms | 0.19 (0.18–0.25) | 0.86 | 0.5 | met |

| what | value | goal | |
|---|---|---|---|
| guide page, zipped | 52,869 bytes | 58,600 bytes (Starlight’s) | met |
`;

test('a row that is measured anew takes its place, by what it measures and by its peer; the others stay', () => {
  const { compared, counted } = rowsIn(PAGE);
  assert.deepEqual([compared.length, counted.length], [2, 1]);
  const fresh = cellsOf(
    '| ten blocks | ours 50.0 ms | pytest-examples 400.0 ms | 0.12 (0.1–0.2) | 1.00 | 0.5 | met | today |',
  );
  const other = cellsOf('| proxy | ours 1.0 ms | directly 0.9 ms | 1.1 (1–1.2) | 1.00 | 2 | met | today |');
  const rows = merged(compared, [fresh, other]);
  assert.deepEqual(
    rows.map(([what, ours]) => `${what}: ${ours}`),
    ['ten blocks: ours 85.5 ms', 'ten blocks: ours 50.0 ms', 'proxy: ours 1.0 ms'],
  );
  const again = merged(counted, [cellsOf('| guide page, zipped | 50,000 bytes | 58,600 bytes | met | today |')]);
  assert.deepEqual(
    again.map(([, value]) => value),
    ['50,000 bytes'],
  );
});

test('a table reads back as what it was, short rows filled', () => {
  const text = tableText({ head: ['what', 'value', 'goal', ''], rows: [['a', '1']] });
  assert.equal(text, '| what | value | goal |  |\n|---|---|---|---|\n| a | 1 |  |  |');
  assert.deepEqual(rowsIn(text).counted, [['a', '1', '', '']]);
});
