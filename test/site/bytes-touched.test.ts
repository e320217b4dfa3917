import assert from 'node:assert/strict';
import test from 'node:test';

import { byColumn, byRow, compare, TABLE, total, words, type Work } from '#site/src/pictures/bytes-touched/model.ts';

const work = (columns: number, rows: number, writes = 0, gathered = false): Work => ({
  columns,
  rows,
  writes,
  gathered,
});

test('a row store reads the same for one column as for all, and a column store the same for one row as for a group', () => {
  assert.deepEqual(byRow(work(1, 1000)), byRow(work(TABLE.columns, 1000)));
  assert.deepEqual(byColumn(work(3, 1)), byColumn(work(3, 10_240)));
  assert.equal(byColumn(work(2, TABLE.rows)).read, 2 * byColumn(work(1, TABLE.rows)).read);
});

test('one whole row belongs to the row store, one column of all rows to the column store', () => {
  assert.equal(compare(work(TABLE.columns, 1)).fewer, 'row');
  assert.equal(compare(work(1, TABLE.rows)).fewer, 'column');
});

test('writes turn it round, and gathering them turns it back', () => {
  assert.equal(compare(work(1, TABLE.rows, 10)).fewer, 'column');
  assert.equal(compare(work(1, TABLE.rows, 100)).fewer, 'row');
  assert.equal(compare(work(1, TABLE.rows, 100, true)).fewer, 'column');
});

test('the table under the picture in the guide says what the picture shows', () => {
  const shown = (one: Work): string[] => [words(total(byRow(one))), words(total(byColumn(one)))];
  assert.deepEqual(shown(work(10, 1)), ['8 kB', '819 kB']);
  assert.deepEqual(shown(work(1, TABLE.rows)), ['12.3 MB', '819 kB']);
  assert.deepEqual(shown(work(10, TABLE.rows)), ['12.3 MB', '8.2 MB']);
  assert.deepEqual(shown(work(1, TABLE.rows, 100)), ['13.2 MB', '82.7 MB']);
  assert.deepEqual(shown(work(1, TABLE.rows, 100, true)), ['13.2 MB', '9.0 MB']);
});

test('bytes are said with three digits at most', () => {
  assert.deepEqual([0, 8192, 819_200, 12_337_152, 819_200_000].map(words), [
    '0',
    '8 kB',
    '819 kB',
    '12.3 MB',
    '819 MB',
  ]);
});
