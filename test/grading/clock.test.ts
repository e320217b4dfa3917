import assert from 'node:assert/strict';
import test from 'node:test';

import { parseSchedule } from '#src/faults/schedule.ts';
import type { Stage } from '#src/grading/api.ts';
import { grader, loadOrders } from '#test/grading/bench.ts';

/** Loads every file of its folder; `waits` leaves out one that seems not to be there yet. */
const PROGRAM = `
import json, os, sys, time, psycopg

path = os.path.join(os.environ["INPUT_DIR"], "orders.jsonl")
is_due = os.stat(path).st_mtime <= time.time() + 60
with psycopg.connect(os.environ["DATABASE_URL"]) as db:
    for line in open(path) if is_due or sys.argv[1] != "waits" else []:
        order = json.loads(line)
        db.execute("INSERT INTO orders VALUES (%s, %s)", (order["id"], order["amount"]))
`;

const stageFunction: Stage = async (input) => ({ ...(await loadOrders(input)), attack: [], clocks: ['+1d', '-1h'] });

test('a program that leaves something else under another clock is failed for it, and only where it was moved', async (t) => {
  const { grade } = await grader(t);
  const ran = (name: string, ...isolated: string[]) => ({
    stageFunction,
    size: 20,
    run: ['python', ...isolated, '-c', PROGRAM, name] as const,
  });
  const { verdict, text } = await grade('waits', ran('waits'));
  assert.equal(verdict.state, 'failed', text);
  const line = verdict.schedule ?? '';
  assert.match(line, / shift@1\/program\.start#1:before=-1h$/);
  assert.deepEqual(verdict.did, ['started your program with its clock 1 hour behind']);
  assert.equal(verdict.findings[0]?.anomaly, 'lost');
  assert.match(verdict.likely.join(), /depends on the clock of the machine/);

  const { verdict: right } = await grade('loads', ran('loads'));
  assert.equal(right.state, 'passed');
  assert.match(right.did.join(), /with its clock 1 day ahead, and 1 hour behind/);
  assert.equal(right.untried, undefined);
  const { verdict: quick } = await grade('quick', { ...ran('waits'), level: 'quick' });
  assert.deepEqual([quick.state, quick.did.join().includes('clock')], ['passed', false]);

  // An isolated Python loads no module of ours, and nothing is claimed for it.
  const { verdict: unmoved, text: words } = await grade('isolated', ran('waits', '-I'));
  assert.deepEqual([unmoved.state, unmoved.did.join().includes('clock')], ['passed', false]);
  assert.match(words, /Not tried +a clock that is 1 day ahead, and 1 hour behind: the clock of your program could not/);
  const { verdict: again } = await grade('isolated', { ...ran('waits', '-I'), only: parseSchedule(line) });
  assert.equal(again.state, 'not-exercised');
  assert.match(again.why ?? '', /1 hour behind.* could not be moved/);
});
