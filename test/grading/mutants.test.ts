import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { ownRoot } from '#src/paths.ts';
import { MUTANTS } from '#test/gate/mutants/all.ts';
import { mutated } from '#test/gate/mutants/mutant.ts';

/** The gate that grades them is run seldom; whoever changes a solution is told at once. */
test('every change of every mutant finds its place in the solution', async () => {
  for (const [path, mutants] of Object.entries(MUTANTS)) {
    assert.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length, `two mutants of ${path} have one name`);
    for (const mutant of mutants) {
      const file = join(ownRoot(import.meta.dirname), path, 'solution', 'python', mutant.file);
      mutated(await readFile(file, 'utf8'), mutant);
    }
  }
});

test('a change that finds no place, or two, is refused', () => {
  const mutant = { name: 'drops b', stage: 1, file: 'main.py', changes: [['b', 'c']] } as const;
  assert.equal(mutated('a b', mutant), 'a c');
  assert.throws(() => mutated('a', mutant), /drops b: "b" stands 0 times in main\.py/);
  assert.throws(() => mutated('a b b', mutant), /drops b: "b" stands 2 times in main\.py/);
});
