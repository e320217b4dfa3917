import assert from 'node:assert/strict';
import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { systemClock } from '#src/clock.ts';
import { formatSchedule, parseSchedule } from '#src/faults/schedule.ts';
import type { Stage, StageInput } from '#src/grading/api.ts';
import { openSurvived, type Survived } from '#src/grading/survived.ts';
import { grader, loadOrders } from '#test/grading/bench.ts';

/** A lab that counts how often a program is run in it. */
function counted(): { runs: number; stageFunction: Stage } {
  const count = {
    runs: 0,
    stageFunction: (input: StageInput) => {
      count.runs++;
      return loadOrders(input);
    },
  };
  return count;
}

test('what the very same program survived is not run again, all else is', { timeout: 400_000 }, async (t) => {
  const { grade, folder } = await grader(t);
  const kept = (name: string): Promise<Survived> =>
    openSurvived(join(folder, name), { lab: 'tiny', stage: 2, seed: 42, size: 20 }, { clock: systemClock });
  await t.test('a check that was stopped goes on where it was, and ends as one that ran through', async () => {
    const whole = counted();
    const through = await grade('same-transaction', { size: 20, stageFunction: whole.stageFunction });
    assert.equal(through.verdict.state, 'passed', through.text);
    const stop = new AbortController();
    const { verdict: half } = await grade('same-transaction', {
      ...{ size: 20, signal: stop.signal, survived: await kept('stopped') },
      tell: ({ points }) => void (points.tried >= 1 && stop.abort()),
    });
    assert.deepEqual([half.state, half.stopped, half.earlier], ['unknown', true, undefined]);
    assert.ok(half.points.tried >= 1 && half.points.tried < through.verdict.points.tried);
    // As a grader leaves it that is killed while it writes.
    const [file = ''] = await readdir(join(folder, 'stopped'));
    await appendFile(join(folder, 'stopped', file), `${Date.now()} v1 lab=tiny stage=2 seed=42 size=20 kill@1/pg.com`);
    const rest = counted();
    const on = await grade('same-transaction', {
      ...{ size: 20, survived: await kept('stopped'), stageFunction: rest.stageFunction },
    });
    const { points, did, state } = on.verdict;
    assert.deepEqual([points, did, state], [through.verdict.points, through.verdict.did, 'passed'], on.text);
    assert.equal(on.verdict.earlier?.survived, half.points.tried);
    assert.equal(rest.runs, whole.runs - half.points.tried);
    assert.match(on.text, /Earlier +\d+ runs? (was|were) not made again: the very same program had survived (it|them)/);
  });

  await t.test('a quick check runs all that it tries, and what it survives is kept for a longer one', async () => {
    const line = (point: string) => parseSchedule(`v1 lab=tiny stage=2 seed=42 size=20 kill@1/pg.commit#1:${point}`);
    const quick = counted();
    const survived = await kept('quick');
    await survived.keep(line('before'));
    const { verdict } = await grade('same-transaction', {
      ...{ level: 'quick', size: 20, survived, stageFunction: quick.stageFunction },
    });
    assert.deepEqual([verdict.earlier, verdict.points.tried, quick.runs], [undefined, 3, 2 + 3]);
    const later = await kept('quick');
    for (const point of ['before', 'after-durable', 'client-moved-on']) assert.ok(later.at(line(point)) !== undefined);
  });

  await t.test('what is red is not kept, and no more what it had survived before', async () => {
    const line = (n: number) =>
      parseSchedule(`v1 lab=tiny stage=2 seed=42 size=20 kill@1/pg.commit#${n}:after-durable`);
    await (await kept('red')).keep(line(1));
    assert.ok((await kept('red')).at(line(1)) !== undefined);
    const now = { size: 20, workers: 1 };
    const { verdict, text } = await grade('after', { ...now, level: 'quick', survived: await kept('red') });
    assert.deepEqual([verdict.state, verdict.schedule], ['failed', formatSchedule(line(1))], text);
    assert.equal((await kept('red')).at(line(1)), undefined);
    // What failed once is tried again, whatever was kept of it since.
    await (await kept('red')).keep(line(1));
    const full = await grade('after', { ...now, maxSchedules: 1, survived: await kept('red') });
    assert.deepEqual([full.verdict.state, full.verdict.earlier], ['failed', undefined], full.text);
  });
});
