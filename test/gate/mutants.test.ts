import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { DEFAULT_SEED, gradeStage } from '#src/commands/check.ts';
import { createContext, type Context } from '#src/commands/context.ts';
import { labOf, programIn, stageOf } from '#src/commands/labs.ts';
import type { Lab } from '#src/content/lab.ts';
import type { Verdict } from '#src/grading/verdict.ts';
import { BATCH_MUTANTS, type Mutant } from '#test/gate/mutants.ts';
import { pool } from '#test/gate/runs.ts';
import { grader } from '#test/grading/bench.ts';

const AT_ONCE = 2;

test(
  'small changes to a right solution are failed, but for those whose reason is known',
  { timeout: 3_000_000 },
  async (t) => {
    const own = await grader(t);
    const context = createContext(own.paths);
    const lab = await labOf('challenges/01-batch-error-handling', context);
    const surprises: string[] = [];
    let killed = 0;
    const numbered = BATCH_MUTANTS.map((mutant, index) => ({ mutant, folder: join(own.folder, `mutant-${index}`) }));
    await pool(numbered, AT_ONCE, async ({ mutant, folder }) => {
      const verdict = await graded(lab, mutant, folder, context);
      const found = verdict.findings[0]?.anomaly ?? verdict.why ?? '';
      t.diagnostic(`${mutant.name}: ${verdict.state} at stage ${mutant.stage} ${found}`.trim());
      if (verdict.state === 'failed') killed++;
      const due = mutant.survives === undefined ? 'failed' : 'passed';
      if (verdict.state !== due) surprises.push(`${mutant.name}: ${verdict.state} ${found}, and not ${due}`);
    });
    const explained = BATCH_MUTANTS.filter(({ survives }) => survives !== undefined).length;
    t.diagnostic(`mutation score: ${killed} of ${BATCH_MUTANTS.length}; survivors explained: ${explained}`);
    assert.deepEqual(surprises, []);
  },
);

async function graded(lab: Lab, mutant: Mutant, folder: string, context: Context): Promise<Verdict> {
  await mutate(lab, mutant, folder);
  const how = lab.languages.python;
  assert.ok(how !== undefined);
  const request = {
    lab,
    program: await programIn(folder, 'python', how, context),
    n: mutant.stage,
    level: 'quick' as const,
    seed: DEFAULT_SEED,
    size: stageOf(lab, mutant.stage).size.quick,
    runs: `${folder}-runs`,
    // A busy machine must not decide how much of a program is tried.
    budgetMs: Infinity,
  };
  for await (const event of gradeStage(request, context)) if (event.type === 'verdict') return event.verdict;
  throw new Error(`${mutant.name}: no verdict`);
}

/** A change that no longer finds its place would grade the solution itself. */
async function mutate(lab: Lab, { name, file, changes }: Mutant, folder: string): Promise<void> {
  await cp(join(lab.folder, 'solution', 'python'), folder, { recursive: true });
  let text = await readFile(join(folder, file), 'utf8');
  for (const [from, to] of changes) {
    const parts = text.split(from);
    assert.equal(parts.length, 2, `${name}: ${JSON.stringify(from)} stands ${parts.length - 1} times in ${file}`);
    text = parts.join(to);
  }
  await writeFile(join(folder, file), text);
}
