import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { example, programs } from '#test/commands/attack-place.ts';

/** The first example of docs/attack.md; the others take minutes and stand in test/gate/. */
test('csvsql of csvkit loads a file twice when it dies after its commit', { timeout: 900_000 }, async (t) => {
  const attacked = await example(t, 'csvkit.txt');
  const given = ['--compare', 'orders', '--input', join(programs, 'data'), '--folder', join(programs, 'nothing')];
  const csvsql = ['--', 'csvsql', '--db', '{DATABASE_URL}', '--insert', '--tables', 'orders'];
  const plain = ['--setup', join(programs, 'plain.sql')];
  const { code, verdict, text } = await attacked(
    ...given,
    ...plain,
    ...csvsql,
    '--no-create',
    '{INPUT_DIR}/orders.csv',
  );
  assert.equal(code, 1, text);
  assert.equal(verdict.findings[0]?.found, '80 rows of orders, 40 of them twice');
  assert.match(verdict.schedule ?? '', /kill@1\/pg\.commit#1:(after-durable|client-moved-on)$/);
  const mended = await attacked(
    ...[...given, ...plain, ...csvsql, '--no-create'],
    ...['--before-insert', 'DELETE FROM orders', '{INPUT_DIR}/orders.csv'],
  );
  assert.equal(mended.code, 0, mended.text);
  assert.deepEqual([mended.verdict.points.survived, mended.verdict.points.possible], [3, 3], mended.text);
});
