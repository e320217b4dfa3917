import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { DEFAULT_SEED, gradeStage } from '#src/commands/check.ts';
import { createContext, type Context } from '#src/commands/context.ts';
import { labOf, programIn, stageOf } from '#src/commands/labs.ts';
import type { Lab } from '#src/content/lab.ts';
import { parseSchedule } from '#src/faults/schedule.ts';
import type { Verdict } from '#src/grading/verdict.ts';
import { MUTANTS } from '#test/gate/mutants/all.ts';
import { mutated, type Mutant } from '#test/gate/mutants/mutant.ts';
import { pool } from '#test/gate/runs.ts';
import { grader } from '#test/grading/bench.ts';

const AT_ONCE = 2;
/** Parts of `challenges/02-realtime-validation, stage 6, drops the flush`: MUTANTS='02-realtime-validation, stage 6;flush'. */
const WORDS = (process.env['MUTANTS'] ?? '').split(';').map((word) => word.trim());

for (const [path, mutants] of Object.entries(MUTANTS)) {
  const chosen = mutants.filter(({ name, stage }) =>
    WORDS.some((word) => `${path}, stage ${stage}, ${name}`.includes(word)),
  );
  test(
    `${path}: small changes to a right solution are failed, but for those whose reason is known`,
    { timeout: 3_000_000, skip: chosen.length === 0 && 'MUTANTS names none of them' },
    async (t) => {
      const own = await grader(t);
      const context = createContext(own.paths);
      const lab = await labOf(path, context);
      const began = performance.now();
      const surprises: string[] = [];
      let killed = 0;
      const numbered = chosen.map((mutant, index) => ({ mutant, folder: join(own.folder, `mutant-${index}`) }));
      await pool(numbered, AT_ONCE, async ({ mutant, folder }) => {
        const verdict = await graded(lab, mutant, folder, context);
        const found = verdict.findings[0]?.anomaly ?? verdict.why ?? '';
        t.diagnostic(`${mutant.name}: ${verdict.state} at stage ${mutant.stage} ${found}`.trim());
        if (verdict.state === 'failed') killed++;
        const due = mutant.survives === undefined ? 'failed' : 'passed';
        const isUnsteady = mutant.unsteady !== undefined && verdict.state === 'unknown' && verdict.findings.length > 0;
        if (verdict.state !== due && !isUnsteady)
          surprises.push(`${mutant.name}: ${verdict.state} ${found} (${verdict.why ?? ''}), and not ${due}`);
      });
      const explained = chosen.filter(({ survives }) => survives !== undefined).length;
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      const score = `mutation score of ${lab.id}: ${killed} of ${chosen.length}`;
      t.diagnostic(`${score}; survivors explained: ${explained}; ${seconds} s`);
      assert.deepEqual(surprises, []);
    },
  );
}

async function graded(lab: Lab, mutant: Mutant, folder: string, context: Context): Promise<Verdict> {
  await cp(join(lab.folder, 'solution', 'python'), folder, { recursive: true });
  const file = join(folder, mutant.file);
  await writeFile(file, mutated(await readFile(file, 'utf8'), mutant));
  const how = lab.languages.python;
  assert.ok(how !== undefined);
  const { stage: n, faults } = mutant;
  const size = stageOf(lab, n).size.quick;
  const line = `v1 lab=${lab.id} stage=${n} seed=${DEFAULT_SEED} size=${size}`;
  const request = {
    lab,
    program: await programIn(folder, 'python', how, context),
    n,
    level: 'quick' as const,
    seed: DEFAULT_SEED,
    size,
    ...(faults === undefined ? {} : { only: parseSchedule(`${line} ${faults}`) }),
    runs: `${folder}-runs`,
    // A busy machine must not decide how much of a program is tried.
    budgetMs: Infinity,
  };
  for await (const event of gradeStage(request, context)) if (event.type === 'verdict') return event.verdict;
  throw new Error(`${mutant.name}: no verdict`);
}
