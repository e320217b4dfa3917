import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { environmentOf } from '#src/engines/environment.ts';
import { parseSchedule } from '#src/faults/schedule.ts';
import type { Stage } from '#src/grading/api.ts';
import { parseVerdict } from '#src/grading/verdict.ts';
import { verdictWords } from '#src/grading/verdict-rows.ts';
import { startWhereabouts } from '#src/grading/whereabouts.ts';
import { clone } from '#test/engines/clone.ts';
import { grader, loadOrders } from '#test/grading/bench.ts';

const withServer: Stage = async (input) => ({ ...(await loadOrders(input)), ownServer: true });
const withFigures: Stage = async (input) => ({
  ...(await loadOrders(input)),
  figures: () => ['40 orders, as they came'],
});
const NOTE = 'This ran on a PostgreSQL of its own that was started here, not on yours (DATABASE_URL).';

test('a stage that needs a server of its own says that it did not run at the learner’s', async (t) => {
  const theirs = await clone(t);
  await using servers = await theirs.connect();
  await using server = await servers.lease('postgres', { data: undefined, own: true });
  const { grade, folder, supervisor } = await grader(t, environmentOf(server.address));
  const only = parseSchedule('v1 lab=tiny stage=2 seed=42 size=40 kill@1/pg.commit#2:after-durable');

  await t.test('in its verdict, in text and in rows', async () => {
    const { verdict, text } = await grade('same-transaction', { only, size: 40, stageFunction: withServer });
    assert.deepEqual([verdict.state, verdict.elsewhere], ['passed', [NOTE]], text);
    assert.match(text, new RegExp(`^  Where +${NOTE.replace(/[()]/g, '\\$&')}$`, 'm'));
    const rows = verdictWords(verdict).rows.filter(({ label }) => label === 'Where');
    assert.deepEqual(
      rows.map((row) => row.text),
      [NOTE],
    );
    const kept = await readFile(join(folder, 'runs', 'same-transaction', 'latest', 'verdict.json'), 'utf8');
    assert.deepEqual(parseVerdict(kept)?.elsewhere, [NOTE]);
  });

  await t.test('one that needs none says nothing, and what it measures', async () => {
    const { verdict, text } = await grade('same-transaction', { only, size: 40, stageFunction: withFigures });
    assert.deepEqual([verdict.state, verdict.elsewhere], ['passed', undefined], text);
    assert.doesNotMatch(text, /Where/);
    assert.match(text, /^  Measured +40 orders, as they came$/m);
    const kept = await readFile(join(folder, 'runs', 'same-transaction', 'latest', 'verdict.json'), 'utf8');
    assert.deepEqual(parseVerdict(kept)?.measured, ['40 orders, as they came']);
  });

  await t.test('where some runs are at the learner’s, it says which are not', async () => {
    const whereabouts = startWhereabouts(supervisor);
    for (const own of [false, true]) {
      const lease = await whereabouts.leases.lease('postgres', { data: undefined, own });
      await lease[Symbol.asyncDispose]();
    }
    assert.deepEqual(whereabouts.sentences(), [
      'Where the server itself is harmed: this ran on a PostgreSQL of its own that was started here, not on yours (DATABASE_URL).',
    ]);
  });
});
