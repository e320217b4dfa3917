import assert from 'node:assert/strict';
import test from 'node:test';

import { compareParted, type Conservation } from '#src/grading/conservation.ts';
import { compareReport } from '#src/grading/report.ts';
import { neverFalls } from '#src/grading/seen.ts';

const noun = { one: 'order', many: 'orders' };
const good = ['o-1', 'o-2', 'o-3'].map((id) => ({ raw: `${id},1.00`, row: { id, amount: '1.00' } }));
const bad = [
  { raw: 'o-4,free', reason: 'amount', keys: ['o-4'] },
  { raw: ',2.00', reason: 'missing' },
];
const right = {
  noun,
  good,
  bad,
  key: 'id',
  loaded: good.map(({ row }) => row),
  parked: bad.map(({ raw, reason }) => ({ raw, reason })),
};

function told(change: Partial<Conservation>): string[] {
  return compareParted({ ...right, ...change }).map(({ anomaly, count, found }) => `${anomaly} ${count}: ${found}`);
}

test('every record in exactly one place, once and unchanged, is right', () => {
  assert.deepEqual(told({}), []);
  assert.deepEqual(told({ loaded: right.loaded.toReversed(), parked: right.parked.toReversed() }), []);
});

test('what is wrong has its own name', () => {
  const [first = {}, ...rest] = right.parked;
  assert.deepEqual(told({ parked: [] }), ['not-parked 2: 2 bad records are neither in quarantine nor anywhere else']);
  assert.deepEqual(told({ parked: rest, loaded: [...right.loaded, { id: 'o-4', amount: '0' }] }), [
    'not-parked 1: 1 bad record stands in the table',
  ]);
  assert.deepEqual(told({ parked: [...right.parked, first] }), ['duplicate 1: 1 record more than once in quarantine']);
  assert.deepEqual(told({ parked: [{ ...first, raw: 'o-4' }, ...rest] }), [
    'corrupted 1: 1 record in quarantine with another text than in the file',
  ]);
  assert.deepEqual(told({ parked: [{ ...first, reason: 'bad' }, ...rest] }), [
    'wrong-reason 1: 1 record in quarantine with another reason than the list gives',
  ]);
  assert.deepEqual(told({ parked: [...right.parked, { raw: 'x', reason: 'amount' }] }), [
    'phantom 1: 1 record in quarantine that was never in the input',
  ]);
  const o1 = { raw: 'o-1,1.00', reason: 'amount' };
  assert.deepEqual(told({ parked: [...right.parked, o1] }), [
    'duplicate 1: 1 record both in the table and in quarantine',
  ]);
  assert.deepEqual(told({ parked: [...right.parked, o1], loaded: right.loaded.slice(1) }), [
    'wrongly-parked 1: 1 record in quarantine, though nothing is wrong with it',
  ]);
  assert.deepEqual(told({ loaded: right.loaded.slice(1) }), ['lost 1: 2 orders; 1 is missing']);
});

test('the worst is told first, with what was due and quoted witnesses', () => {
  const findings = compareParted({ ...right, parked: [], loaded: [] });
  assert.deepEqual(
    findings.map(({ anomaly }) => anomaly),
    ['lost', 'not-parked'],
  );
  assert.equal(findings[0]?.expected, '3 orders in the table and 2 records in quarantine, each once');
  assert.deepEqual(findings[1]?.witnesses, ['“o-4,free”', '“,2.00”']);
});

test('a report must say what is due, and may say more', () => {
  const due = { loaded: 3, quarantined: { amount: 1 } };
  const found = (text: string | undefined): string | undefined =>
    compareReport({ file: 'report.json', text, due })[0]?.found;
  assert.equal(found('{"quarantined": {"amount": 1.0}, "loaded": 3, "seconds": 2}'), undefined);
  assert.equal(found(undefined), 'there is no report.json');
  assert.equal(found('{"loaded": 3'), 'report.json is no JSON');
  assert.equal(found('[]'), 'report.json says {"loaded":null,"quarantined":null}');
  assert.equal(found('{"loaded": 2}'), 'report.json says {"loaded":2,"quarantined":null}');
});

test('what a reader has seen may grow but not become less', () => {
  assert.deepEqual(neverFalls([[{ a: '0' }], [{ a: '5' }], [{ a: '5' }]]), []);
  assert.deepEqual(
    neverFalls([[{ a: '5', b: '1' }], [{ a: '0', b: '1' }], [{ a: '9', b: '2' }]]).map(({ found }) => found),
    ['a reader saw 5 rows in a, and later 0'],
  );
});
