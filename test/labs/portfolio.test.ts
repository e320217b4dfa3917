import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { checkStages, gradeStage } from '#src/commands/check.ts';
import { createContext } from '#src/commands/context.ts';
import { copyOf, labOf, labsProgram } from '#src/commands/labs.ts';
import type { Portfolio } from '#src/commands/portfolio-data.ts';
import { openPortfolio, verifyPortfolio, type ClaimResult } from '#src/commands/portfolio-verify.ts';
import { makePortfolio } from '#src/commands/portfolio.ts';
import { startLab } from '#src/commands/start.ts';
import { parseSchedule } from '#src/faults/schedule.ts';
import { pictureOf, pictureText, readPicture, type KeptPicture } from '#src/grading/kept-picture.ts';
import { latestOfStage, readHistory } from '#src/grading/run-folder.ts';
import { clone } from '#test/engines/clone.ts';

const LAB = 'batch-error-handling';

test('a claim that is true holds when it is run again; with other code under it, it does not', async (t) => {
  const own = await clone(t);
  const context = createContext({ ...own.paths, journal: join(own.paths.state, 'journal') });
  t.after(() => context.close());
  await startLab({ lab: LAB, language: 'python' }, context);
  const lab = await labOf(LAB, context);
  await cp(join(lab.folder, 'solution', 'python'), copyOf(lab, context), { recursive: true });
  for await (const event of checkStages({ lab: LAB, stage: 1, level: 'quick' }, context))
    if (event.type === 'verdict') assert.equal(event.verdict.state, 'passed', event.text);
  await makePortfolio({}, context);
  const place = join(own.paths.state, 'journal', 'portfolio');
  const again = async (portfolio: Portfolio): Promise<ClaimResult[]> => {
    const told: ClaimResult[] = [];
    for await (const result of verifyPortfolio({ folder: place, portfolio }, context)) told.push(result);
    return told;
  };
  const results = async (): Promise<ClaimResult[]> => {
    const { portfolio, code } = await openPortfolio(place);
    assert.ok(code[0]?.files.some(({ path }) => path === 'orders.py'));
    return again(portfolio);
  };
  assert.deepEqual(
    (await results()).map(({ stage, state }) => [stage, state]),
    [[1, 'holds']],
  );
  await cp(join(lab.folder, 'wrong', 'stops-in-silence'), join(place, 'code', LAB), { recursive: true });
  const [forged] = await results();
  assert.equal(forged?.state, 'does not hold');
  assert.match(forged.why, /^lost: /);
  await rm(join(place, 'code', LAB), { recursive: true });
  const { portfolio } = await openPortfolio(place);
  const [gone] = await again(portfolio);
  assert.equal(gone?.state, "can't be told");
});

test('the picture of a known mistake comes out the same when its schedule is run again', async (t) => {
  const own = await clone(t);
  const context = createContext({ ...own.paths, journal: join(own.paths.state, 'journal') });
  t.after(() => context.close());
  const lab = await labOf(LAB, context);
  for (const name of ['loads-again', 'position-before-commit']) {
    const kept = await readPicture(lab, name);
    const place = join(own.paths.scratch, name);
    const wrong = lab.wrong[name];
    const program = await labsProgram(
      lab,
      { folder: `wrong/${name}`, language: 'python', over: wrong?.over },
      place,
      context,
    );
    const only = parseSchedule(kept.schedule);
    const runs = join(place, 'runs');
    const request = {
      lab,
      program,
      n: only.stage,
      level: 'quick',
      seed: only.seed,
      size: only.size,
      only,
      runs,
    } as const;
    for await (const event of gradeStage(request, context))
      if (event.type === 'verdict') assert.equal(event.verdict.state, 'failed');
    const run = await latestOfStage(runs, only.stage);
    assert.ok(run !== undefined);
    const again = pictureOf(run.verdict, await readHistory(run.folder));
    assert.deepEqual(again && told(again), told(kept), name);
  }
});

/** What it says, but for the files: those are seen when they are looked at, which may be before or after the next event. */
function told(picture: KeptPicture): unknown {
  const { schedule, anomaly, timeline } = JSON.parse(pictureText(picture)) as KeptPicture;
  return { schedule, anomaly, title: timeline.title, list: timeline.list.filter((line) => !line.startsWith('files,')) };
}
