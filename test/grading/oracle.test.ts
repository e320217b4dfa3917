import assert from 'node:assert/strict';
import test from 'node:test';

import { finding } from '#src/grading/anomaly.ts';
import { canonicalCell, type Row } from '#src/grading/canonical.ts';
import { compareRows } from '#src/grading/oracle.ts';

const noun = { one: 'order', many: 'orders' };
const row = (id: string, amount: unknown = '1.00', version = 1): Row => ({ id, amount, version });
const orders = (count: number): Row[] => Array.from({ length: count }, (_, i) => row(`o-${i + 1}`));
const compare = (truth: readonly Row[], found: readonly Row[], versions: readonly Row[] = []) =>
  compareRows({ noun, truth, found, key: ['id'], versions }).map(({ anomaly, count, witnesses }) => [
    anomaly,
    count,
    ...witnesses,
  ]);

test('equal multisets have no finding, in whatever order and notation', () => {
  const found = orders(50).reverse();
  assert.deepEqual(compare(orders(50), found), []);
  assert.deepEqual(compare([row('o-1', 1)], [row('o-1', '1.000')]), []);
  assert.deepEqual(compare([], []), []);
});

test('each anomaly has its name', () => {
  const truth = orders(10);
  assert.deepEqual(compare(truth, truth.slice(2)), [['lost', 2, 'o-1', 'o-2']]);
  assert.deepEqual(compare(truth, [...truth, row('o-3'), row('o-3'), row('o-4')]), [
    ['duplicate', 2, 'o-3 ×3', 'o-4 ×2'],
  ]);
  assert.deepEqual(compare(truth, [...truth, row('o-99')]), [['phantom', 1, 'o-99']]);
  assert.deepEqual(compare(truth, [...truth.slice(1), row('o-1', '2.00')]), [
    ['corrupted', 1, 'o-1 (amount 2, expected 1)'],
  ]);
  assert.deepEqual(compare(truth, [...truth.slice(1), row('o-1', '2.00', 0)], [row('o-1', '2.00', 0)]), [
    ['stale', 1, 'o-1'],
  ]);
});

test('several at once, the gravest first, and rows that took each other’s place', () => {
  const truth = orders(4);
  assert.deepEqual(compare(truth, [row('o-1'), row('o-1'), row('o-2', 'x'), row('o-3'), row('o-9')]), [
    ['lost', 1, 'o-4'],
    ['duplicate', 1, 'o-1 ×2'],
    ['corrupted', 1, 'o-2 (amount x, expected 1)'],
    ['phantom', 1, 'o-9'],
  ]);
  assert.deepEqual(compare([row('a', '1'), row('a', '2')], [row('a', '1'), row('a', '1')]), [
    ['lost', 1, 'a'],
    ['duplicate', 1, 'a'],
  ]);
});

test('columns beyond the truth’s are the learner’s own', () => {
  assert.deepEqual(compare([row('o-1')], [{ ...row('o-1'), loaded_at: 'whenever' }]), []);
});

test('order within a key', () => {
  const found = [
    { id: 'a', seq: 1 },
    { id: 'b', seq: 5 },
    { id: 'a', seq: 3 },
    { id: 'a', seq: 2 },
  ];
  const [first] = compareRows({ noun, truth: found, found, key: ['id', 'seq'], order: { key: 'id', by: 'seq' } });
  assert.deepEqual([first?.anomaly, first?.witnesses], ['reordered', ['a: seq 2 after 3']]);
});

test('words count right, and more than five witnesses are counted', () => {
  const truth = orders(10_000);
  const [found] = compareRows({ noun, truth, found: [...truth, ...truth.slice(0, 20)], key: ['id'] });
  assert.equal(found?.expected, '10,000 orders, each once');
  assert.equal(found?.found, '10,020 orders, 20 of them twice');
  assert.equal(found?.witnesses.length, 5);
});

test('cells of different kinds that look alike stay apart; times and decimals are compared by value', () => {
  const same: [unknown, unknown][] = [
    [1, '1.0'],
    ['-0', 0],
    [10n, '10'],
    ['2026-11-24T12:00:00Z', new Date('2026-11-24T12:00:00Z')],
    ['2026-11-24 13:00:00+01', '2026-11-24T12:00:00.000Z'],
    [undefined, null],
    [
      { b: 1, a: [1] },
      { a: ['1'], b: 1 },
    ],
  ];
  for (const [a, b] of same) assert.equal(canonicalCell(a), canonicalCell(b));
  const different: [unknown, unknown][] = [
    ['007', 7],
    ['', null],
    ['null', null],
    ['∅', null],
    ['0.30000000000000004', '0.3'],
    [true, 'true'],
    ['a', 'A'],
    ['1e3', 1000],
  ];
  for (const [a, b] of different) assert.notEqual(canonicalCell(a), canonicalCell(b));
});

test('a witness from a dirty file becomes one short line', () => {
  const { witnesses } = finding({
    anomaly: 'lost',
    expected: '',
    found: '',
    count: 1,
    witnesses: [`a\n\u001b[31mb\u202e${'x'.repeat(100)}`],
  });
  assert.match(witnesses[0] ?? '', /^a··\[31mb·x+…$/);
  assert.equal(witnesses[0]?.length, 60);
});
