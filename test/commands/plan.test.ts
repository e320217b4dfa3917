import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { planText } from '#src/cli/plan.ts';
import { todayText } from '#src/cli/today.ts';
import { createContext } from '#src/commands/context.ts';
import { tick } from '#src/commands/journal.ts';
import { changePlan, plan } from '#src/commands/plan.ts';
import { today } from '#src/commands/today.ts';
import { utcZone } from '#src/study/day.ts';
import { folder } from '#test/journal/folder.ts';

const MONDAY = Date.parse('2026-01-05T09:00:00Z');
const DAY_MS = 86_400_000;

test('the plan of a new learner, a tick, a week away, and what is left laid anew', async () => {
  await using learner = await folder();
  let now = MONDAY;
  const context = createContext(learner.paths, { clock: () => now, zone: utcZone });
  const first = todayText(await today(context));
  assert.match(first, /^Monday, 5 January · week 1 of 4: Fundamentals, 0 of 6 done, about 7 h/);
  assert.match(first, /Next +Start with /);
  await tick({ item: 'concepts/03-idempotency', done: true }, context);
  now += 8 * DAY_MS;
  const late = await plan(context);
  assert.equal(late.settings.start, '2026-01-05');
  const anew = await changePlan({ reflow: true, days: [2, 4], minutes: 300 }, context);
  assert.deepEqual(anew.behind, []);
  assert.match(planText(anew, false), /Your pace: 5 h a week, on Tuesday and Thursday/);
  assert.match(planText(anew, false), /\[x\] 03 · Idempotency/);
  assert.match(planText(anew, true), /\n {8}concepts\/08-cap-theorem\n/);
  const page = await readFile(join(learner.journal, 'README.md'), 'utf8');
  assert.match(page, /\| 1 \| Fundamentals \| 13–20 January \| 1 of 6 \| 7 h/);
  assert.match(page, /- Week 1: The fundamentals are completed · not yet: finish/);
});

test('a wish that is none is refused with the nearest; a day that doesn’t exist, too', async () => {
  await using learner = await folder();
  const context = createContext(learner.paths, { clock: () => MONDAY, zone: utcZone });
  await assert.rejects(changePlan({ next: 'concepts/03-idempotenci' }, context), /no step/);
  await assert.rejects(changePlan({ start: '2026-02-30' }, context), /is no day/);
  await assert.rejects(changePlan({ days: [] }, context), /at least one day/);
  assert.equal((await plan(context)).settings.begun, false, 'nothing was written down');
});

test('a runbook and a post-mortem are counted where they are written', async () => {
  await using learner = await folder();
  const context = createContext(learner.paths, { clock: () => MONDAY, zone: utcZone });
  const lab = join(learner.journal, 'labs', 'realtime-analytics');
  await mkdir(lab, { recursive: true });
  await writeFile(join(lab, 'RUNBOOK.md'), 'word '.repeat(120));
  const missing = (await plan(context)).milestones[3]?.missing.join('\n') ?? '';
  assert.match(missing, /pass all 6 stages of a project: Real-time Analytics/);
  assert.doesNotMatch(missing, /RUNBOOK/);
  assert.match(missing, /POST-MORTEM\.md, at least 100 words/);
});
