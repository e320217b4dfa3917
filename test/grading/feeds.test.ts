import assert from 'node:assert/strict';
import test from 'node:test';

import { gaps, linesTwice, notParked, otherFiles, otherOrder, partialWrites } from '#src/grading/api.ts';
import { random } from '#src/random.ts';

const noun = { one: 'order', many: 'orders' };
const inputs = { 'a.csv': 'id,n\na,1\nb,2\n', 'b.csv': 'id,n\nc,3\n', 'c.gz': new Uint8Array([1, 2]) };
const linesOf = (files: Readonly<Record<string, string | Uint8Array>>): string[] =>
  Object.values(files).flatMap((text) => (typeof text === 'string' ? text.trimEnd().split('\n').slice(1) : []));

test('the same lines twice, in another order, in other files; the header stays first and single', () => {
  const twice = linesTwice(inputs, { header: true }).inputs;
  assert.equal(twice['a.csv'], 'id,n\na,1\nb,2\na,1\nb,2\n');
  assert.equal(twice['c.gz'], inputs['c.gz']);
  const many = { 'a.csv': `id,n\n${Array.from({ length: 30 }, (_, n) => `x,${n}\n`).join('')}` };
  const mixed = otherOrder(many, random(1), { header: true }).inputs;
  assert.notEqual(mixed['a.csv'], many['a.csv']);
  assert.match(String(mixed['a.csv']), /^id,n\n/);
  assert.deepEqual(linesOf(mixed).sort(), linesOf(many).sort());
  assert.deepEqual(otherOrder(many, random(1), { header: true }).inputs, mixed);
  const others = otherFiles(inputs, 3, { header: true }).inputs;
  assert.deepEqual(Object.keys(others).sort(), ['c.gz', 'part-001.csv', 'part-002.csv', 'part-003.csv']);
  assert.deepEqual(linesOf(others), ['a,1', 'b,2', 'c,3']);
  assert.equal(linesTwice({ x: 'no end' }).inputs['x'], 'no end\nno end\n');
});

test('a hole in numbers, a part that was seen, a bad row that nobody set aside', () => {
  const rows = [1, 2, 5, 6].map((seq) => ({ key: 'k', seq }));
  const [gap] = gaps(rows, { key: 'key', by: 'seq', noun });
  assert.deepEqual([gap?.anomaly, gap?.count, gap?.witnesses], ['gap', 2, ['k: seq 5 after 2']]);
  assert.deepEqual(gaps(rows.slice(0, 2), { key: 'key', by: 'seq', noun }), []);
  const samples = [0, 20, 100, 20].map((n) => [{ n }]);
  const [partial] = partialWrites(samples, { column: 'n', whole: [0, 100], noun });
  assert.deepEqual([partial?.anomaly, partial?.found], ['partial-write', 'a reader saw a part of them, at 1 moment']);
  assert.deepEqual(partialWrites(samples.slice(2, 3), { column: 'n', whole: [0, 100], noun }), []);
  const bad = ['x', 'y'].map((raw) => ({ raw }));
  const found = notParked({ noun: { one: 'row', many: 'rows' }, truth: bad, found: [{ raw: 'x' }], key: ['raw'] });
  assert.deepEqual(
    found.map((one) => [one.anomaly, one.expected, one.found, one.witnesses]),
    [['not-parked', "2 rows that can't be taken, each set aside once", '1 set aside; 1 is missing', ['y']]],
  );
  assert.deepEqual(notParked({ noun, truth: bad, found: bad, key: ['raw'] }), []);
});
