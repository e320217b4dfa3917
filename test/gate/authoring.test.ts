import assert from 'node:assert/strict';
import test from 'node:test';

import { verified } from '#test/labs/tiny-load.ts';

test(
  'every program of the lab that docs/authoring-a-lab.md shows is told as it says',
  { timeout: 900_000 },
  async (t) => {
    assert.deepEqual(await verified(t, [], false), [
      'correct/upsert: as declared, passes every stage',
      'solution/python: as declared, passes every stage',
      'starter/python: as declared, lost at stage 1',
      'wrong/loads-again: as declared, duplicate at stage 2',
      'wrong/position-first: as declared, lost at stage 2',
      'wrong/swallows-errors: as declared, lost at stage 1',
    ]);
  },
);
