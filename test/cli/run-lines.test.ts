import assert from 'node:assert/strict';
import test from 'node:test';

import { runLines } from '#src/cli/run-lines.ts';

const commit = (n: number, moment: string): string => `PostgreSQL, start 1: commit ${n}, ${moment}`;

test('boundaries that were passed in the same way are one line, and what happened between them parts them', () => {
  const whole = (n: number): string[] => [commit(n, 'sent'), commit(n, 'durable')];
  assert.deepEqual(runLines(['program, start 1: python main.py', ...whole(1), ...whole(2), ...whole(3)]), [
    'program, start 1: python main.py',
    'PostgreSQL, start 1: commits 1 to 3, each sent; durable',
  ]);
  assert.deepEqual(runLines([...whole(1), ...whole(2), commit(3, 'sent'), 'faults, start 1: killed', ...whole(4)]), [
    'PostgreSQL, start 1: commits 1 to 2, each sent; durable',
    commit(3, 'sent'),
    'faults, start 1: killed',
    'PostgreSQL, start 1: commit 4, sent; durable',
  ]);
  assert.deepEqual(runLines([commit(1, 'sent'), commit(2, 'durable')]), [commit(1, 'sent'), commit(2, 'durable')]);
});
