import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { graderModule, graderOf } from '#src/commands/labs.ts';
import { loadLab, type Lab } from '#src/content/lab.ts';
import type { StagePlan, Trial } from '#src/grading/api.ts';
import { GraderError } from '#src/grading/grader-error.ts';
import { runTrial } from '#src/grading/trial.ts';
import { ownRoot } from '#src/paths.ts';
import { random } from '#src/random.ts';
import { grader, loadOrders } from '#test/grading/bench.ts';

/** A lab whose grader is this text. */
async function labWith(t: test.TestContext, text: string): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-grader-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'grader.ts'), text);
  return {
    ...(await loadLab(ownRoot(import.meta.dirname), 'challenges/01-batch-error-handling')),
    folder,
    path: 'here',
  };
}

const input = { seed: 1, size: 1, random: random(1) };

test('a mistake in a grader is told with its line: in its syntax, while it plans, and while it judges', async (t) => {
  const broken = await labWith(t, 'export const a = 1;\nexport const b = = 2;\n');
  await assert.rejects(graderModule(broken), { message: /^here\/grader\.ts:2: Expression expected/ });
  const planning = await graderOf(await labWith(t, "\nexport const stage1 = () => { throw new Error('boom'); };\n"), 1);
  await assert.rejects(async () => planning(input), { message: 'here/grader.ts:2: boom' });
  const judging = await graderOf(
    await labWith(t, 'export const stage1 = () => ({ judge: () => nothing.at(0) });\n'),
    1,
  );
  const plan: StagePlan = await judging(input);
  await assert.rejects(async () => plan.judge({} as Trial), { message: 'here/grader.ts:1: nothing is not defined' });
});

test('a boundary that there is none of is told with those that there are', async (t) => {
  const text = "export const stage1 = () => ({ attack: [{ boundary: 'pg.write' }] });\n";
  const stage = await graderOf(await labWith(t, text), 1);
  await assert.rejects(async () => stage(input), /here\/grader\.ts: it attacks pg\.write, .* there are pg\.commit, /);
});

test('what an engine or the search throws passes a grader by as it is', async (t) => {
  const stage = await graderOf(
    await labWith(t, 'export const stage1 = () => ({ judge: (trial) => trial.query() });\n'),
    1,
  );
  const gone = new Error('Connection terminated unexpectedly');
  const plan = await stage(input);
  const trial = { query: () => Promise.reject(gone) } as unknown as Trial;
  await assert.rejects(async () => plan.judge(trial), gone);
});

test('a table that PostgreSQL does not understand is the grader’s mistake, and not the machine’s', async (t) => {
  const { options } = await grader(t);
  const { bench } = options('same-transaction');
  const stage = async (given: typeof input): Promise<StagePlan> => ({
    ...(await loadOrders(given)),
    tables: ['CREATE TABLE one (n int)', 'CREATE TABEL two (n int)'],
  });
  const schedule = { lab: 'tiny', stage: 1, seed: 1, size: 1, faults: [] };
  await assert.rejects(runTrial(schedule, 60_000, { ...bench, stage }), (error) => {
    assert.ok(error instanceof GraderError);
    assert.match(error.message, /^tables\[1\] of the grader: syntax error at or near "TABEL"$/);
    return true;
  });
});
