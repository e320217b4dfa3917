import assert from 'node:assert/strict';
import test from 'node:test';

import fc from 'fast-check';

import { lineAt, statements } from '#src/statements.ts';

const texts = (sql: string): string[] => statements(sql).map(({ text }) => text);

test('statements end at semicolons', () => {
  assert.deepEqual(texts('select 1; select 2'), ['select 1', 'select 2']);
  assert.deepEqual(texts(' ;; \n'), []);
});

test('semicolons in strings, names, comments and dollar quotes end nothing', () => {
  const one = [
    `select 'a;b''c;'`,
    `select "odd;name" from t`,
    `select E'it\\'s; here'`,
    'select 1 -- not; here\n+ 1',
    'select /* a; /* nested; */ b; */ 1',
    'do $$ begin perform 1; end $$',
    'create function f() returns int language sql as $body$ select 1; select 2; $body$',
    'create function f() returns int begin atomic select 1; select case when true then 2 else 3 end; end',
    "select 'ends in backslash\\'",
    'select $1, a$b;'.slice(0, -1),
  ];
  for (const sql of one) assert.deepEqual(texts(`${sql};`), [sql], sql);
});

test('BEGIN of a transaction is a statement of its own', () => {
  assert.deepEqual(texts('BEGIN; INSERT INTO t VALUES (1); COMMIT;'), ['BEGIN', 'INSERT INTO t VALUES (1)', 'COMMIT']);
});

test('a statement knows its line, comments before it not counted', () => {
  assert.deepEqual(statements('-- first\nselect 1;\n\n/* x */ select\n2;'), [
    { text: 'select 1', line: 2 },
    { text: 'select\n2', line: 4 },
  ]);
  assert.equal(lineAt('a\nb\nc', 4), 3);
});

test('quoted text of any kind never splits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', ';', "'", '\n', '-', '"') }), { minLength: 1, maxLength: 5 }),
      (parts) => {
        const quoted = parts.map((part) => `select '${part.replaceAll("'", "''")}'`);
        assert.deepEqual(texts(quoted.join(';')), quoted);
      },
    ),
  );
});
