import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync } from 'node:zlib';

import { isMeant, isTableMeant, parseCompared, parseIgnored } from '#src/grading/compared.ts';
import { fileState } from '#src/grading/output-files.ts';
import { compareStates, restless, type OwnState } from '#src/grading/own-state.ts';
import type { TableState } from '#src/grading/table-state.ts';
import { restlessRemedy, restlessWords } from '#src/grading/wording-attack.ts';
import type { Row } from '#src/grading/canonical.ts';

const table = (rows: readonly Row[], name = 'orders'): TableState => ({
  ...{ name, rows, key: ['id'] },
  ...{ serials: [], ignored: [] },
});
const state = (rows: readonly Row[], more: Partial<OwnState> = {}): OwnState => ({
  tables: [table(rows)],
  topics: [],
  files: [],
  ...more,
});
const rows: Row[] = [
  { id: 'a', amount: '1', at: '10:00' },
  { id: 'b', amount: '2', at: '10:00' },
];
const file = (path: string, text: string) => fileState({ path, bytes: Buffer.from(text) });

test('what is compared is read from its words, and a pattern means what it says', () => {
  assert.deepEqual(parseCompared(['orders, mart.*', 'file:out-*.csv']), [
    { kind: 'table', pattern: 'orders' },
    { kind: 'table', pattern: 'mart.*' },
    { kind: 'file', pattern: 'out-*.csv' },
  ]);
  assert.deepEqual(parseIgnored(['mart.daily.at,*.loaded']), [
    { table: 'mart.daily', column: 'at' },
    { table: '*', column: 'loaded' },
  ]);
  assert.ok(isMeant('out-*.csv', 'out-1.csv') && !isMeant('out-*.csv', 'out-1xcsv'));
  assert.ok(isTableMeant('daily', { schema: 'mart', name: 'daily' }));
  assert.ok(!isTableMeant('public.daily', { schema: 'mart', name: 'daily' }));
});

test('a state differs from the truth by name, the worst first', () => {
  const found = (other: OwnState) => compareStates(state(rows), other).map(({ anomaly, count }) => [anomaly, count]);
  assert.deepEqual(found(state([...rows].reverse())), []);
  assert.deepEqual(found(state([...rows, ...rows])), [['duplicate', 2]]);
  assert.deepEqual(found(state([])), [['lost', 2]]);
  assert.deepEqual(found({ tables: [], topics: [], files: [] }), [['lost', 2]], 'the table itself is gone');
  assert.deepEqual(found(state([{ id: 'a', amount: '9', at: '10:00' }, { id: 'c' }])), [
    ['lost', 1],
    ['corrupted', 1],
    ['phantom', 1],
  ]);
  const left = { tables: [table(rows), table([], 'orders__tmp')], topics: [], files: [] };
  assert.deepEqual(found(left), [['phantom', 1]], 'what a broken run left behind');
});

test('files are compared line by line, and what gzip holds is what counts', () => {
  const truth = state([], { files: [file('a.csv', 'x\ny\n')] });
  const found = (files: OwnState['files']) => compareStates(truth, state([], { files })).map(({ anomaly }) => anomaly);
  assert.deepEqual(found([file('a.csv', 'y\nx\n')]), []);
  assert.deepEqual(found([file('a.csv', 'x\ny\nx\n')]), ['duplicate']);
  assert.deepEqual(found([]), ['lost']);
  assert.deepEqual(found([...truth.files, file('a.csv.part', 'x')]), ['phantom']);
  const packed = (level: number) => fileState({ path: 'a.gz', bytes: gzipSync('x\ny\n', { level }) }).lines;
  assert.deepEqual(packed(1), packed(9));
  assert.equal(fileState({ path: 'a.gz', bytes: Buffer.from([0x1f, 0x8b, 0, 0]) }).lines.length, 1, 'cut short');
});

test('what two undisturbed runs differ in is named, column by column', () => {
  const later = rows.map((row) => ({ ...row, at: '10:01' }));
  const found = restless(state(rows), state(later));
  assert.deepEqual(found, [{ kind: 'columns', table: 'orders', columns: ['at'] }]);
  assert.equal(restlessRemedy(found), 'Leave them out with --ignore orders.at.');
  assert.match(restlessWords(found), /they differ in orders\.at\./);
  assert.deepEqual(restless(state(rows), state(rows.slice(1))), [
    { kind: 'count', table: 'orders', things: 'rows', counts: [2, 1] },
  ]);
  const swapped = [
    { id: 'a', amount: '2', at: '10:00' },
    { id: 'b', amount: '1', at: '10:00' },
  ];
  assert.deepEqual(restless(state(rows), state(swapped)), [{ kind: 'rows', table: 'orders', things: 'rows' }]);
  assert.deepEqual(restless(state(rows), { tables: [], topics: [], files: [] }), [
    { kind: 'tables', names: ['orders'] },
  ]);
  assert.deepEqual(restless(state([], { files: [file('f', 'a')] }), state([], { files: [file('f', 'b')] })), [
    { kind: 'file', path: 'f' },
  ]);
  assert.deepEqual(restless(state(rows), state([...rows].reverse())), []);
});
