import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { block, tinyLoad, verified } from '#test/labs/tiny-load.ts';

test('the lab that docs/authoring-a-lab.md shows is the one that is tried', async () => {
  assert.equal(await block('import'), await readFile(join(tinyLoad, 'grader.ts'), 'utf8'));
  assert.equal(await block('title:'), await readFile(join(tinyLoad, 'lab.yaml'), 'utf8'));
});

/** Its other programs, and more crash points, have their turn in test/gate/. */
test('it is in order, its starter fails where it says, and its solution passes', { timeout: 600_000 }, async (t) => {
  assert.deepEqual(await verified(t, ['starter/python', 'solution/python'], true), [
    'solution/python: as declared, passes every stage',
    'starter/python: as declared, lost at stage 1',
  ]);
});
