import assert from 'node:assert/strict';
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { parseSchedule } from '#src/faults/schedule.ts';
import type { Stage } from '#src/grading/api.ts';
import { parseVerdict } from '#src/grading/verdict.ts';
import { grader, loadOrders } from '#test/grading/bench.ts';

test('known designs get the verdict that they deserve', { timeout: 900_000 }, async (t) => {
  const { grade, folder } = await grader(t);
  const cases: [string, string, string | undefined, RegExp][] = [
    ['same-transaction', 'passed', undefined, /^✓ .*survived \d+ of \d+ crash points/],
    ['upsert', 'passed', undefined, /^✓/],
    ['after', 'failed', 'duplicate', /Likely +You save your position after the commit \(commit 1 came first/],
    ['before', 'failed', 'lost', /Likely +You save your position before the commit/],
    ['per-row', 'failed', 'duplicate', /Likely +You commit 20 times for each time you save your position/],
    ['none', 'failed', 'duplicate', /Likely +Nothing that your program saved says how far it came/],
    ['dies', 'failed', 'crashed', /It said +\| I stop at the first row/],
    ['idle', 'not-exercised', undefined, /your program made no commit while it was recorded/],
  ];
  for (const [design, state, anomaly, words] of cases) {
    await t.test(design, async () => {
      const { verdict, text } = await grade(
        design,
        design === 'idle' ? { stageFunction: anything } : { level: 'quick' },
      );
      assert.deepEqual([verdict.state, verdict.findings[0]?.anomaly], [state, anomaly], text);
      assert.match(text, words);
      const runs = join(folder, 'runs', design);
      const kept = await readFile(join(runs, 'latest', 'verdict.json'), 'utf8');
      assert.deepEqual(parseVerdict(kept), JSON.parse(JSON.stringify(verdict)));
      assert.equal(await readFile(join(runs, 'latest', 'verdict.txt'), 'utf8'), `${text}\n`);
      assert.match(await readFile(join(runs, 'latest', 'timeline.svg'), 'utf8'), /^<svg[\s\S]*<\/svg>\n$/);
      assert.equal(`journal/runs/tiny/${await readlink(join(runs, 'latest'))}`, verdict.folder);
    });
  }

  await t.test('its line brings the failure back, and the mended program survives it', async () => {
    const only = parseSchedule('v1 lab=tiny stage=2 seed=42 size=60 kill@1/pg.commit#2:after-durable');
    const red = await grade('after', { only, size: 60 });
    assert.equal(red.verdict.schedule, 'v1 lab=tiny stage=2 seed=42 size=60 kill@1/pg.commit#2:after-durable');
    assert.equal(red.verdict.findings[0]?.found, '80 orders, 20 of them twice');
    const green = await grade('same-transaction', { only, size: 60 });
    assert.deepEqual([green.verdict.state, green.verdict.points.survived], ['passed', 1]);
    const never = parseSchedule('v1 lab=tiny stage=2 seed=42 size=60 kill@1/pg.commit#99:before');
    const unfired = await grade('same-transaction', { only: never, size: 60 });
    assert.equal(unfired.verdict.state, 'not-exercised', unfired.text);
    assert.match(unfired.text, /made 3 commits undisturbed, and was never at number 99/);
  });

  await t.test('an allowed anomaly does not fail', async () => {
    const stage = { n: 2, title: 'At least once', allows: ['duplicate'], read: undefined } as const;
    const { verdict, text } = await grade('after', { stage, level: 'quick' });
    assert.equal(verdict.state, 'passed', text);
  });

  await t.test('points that there was no time for are not taken for survived', async () => {
    const { verdict, text } = await grade('same-transaction', { level: 'quick', budgetMs: 0 });
    assert.equal(verdict.state, 'unknown', text);
    assert.match(text, /only 0 of \d+ crash points could be tried/);
  });

  await t.test('stopped in the middle, what was known is told and kept', async () => {
    const stop = new AbortController();
    const { verdict, text } = await grade('same-transaction', {
      tell: ({ points }) => points.survived > 1 && stop.abort(),
      signal: stop.signal,
    });
    assert.deepEqual([verdict.state, verdict.stopped], ['unknown', true]);
    assert.match(text, /you stopped it; until then your program had survived \d of \d crash point/);
    assert.ok(verdict.points.survived > 1 && verdict.points.survived < 15);
  });
});

/** Judges nothing: what is asked is whether there was something to break. */
const anything: Stage = async (input) => ({ ...(await loadOrders(input)), judge: () => [] });
