import assert from 'node:assert/strict';
import { glob, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { until } from '#src/deadline.ts';
import { parseSchedule } from '#src/faults/schedule.ts';
import { linesTwice, otherOrder, partialWrites, type Stage } from '#src/grading/api.ts';
import { SOON } from '#test/engines/clone.ts';
import { grader, loadOrders, type Grader } from '#test/grading/bench.ts';

const noun = { one: 'order', many: 'orders' };

/** The orders, with a reader beside the program. */
const whileRead: Stage = async (input) => {
  const plan = await loadOrders(input);
  return {
    ...plan,
    reader: 'SELECT count(*)::int AS n FROM orders',
    judge: async (trial) => [
      ...(await plan.judge(trial)),
      ...partialWrites(trial.samples, { column: 'n', whole: [0, input.size], noun }),
    ],
  };
};

test('what the grader can and can’t tell, and what it does when it is stopped', { timeout: 400_000 }, async (t) => {
  const own = await grader(t);
  await whatItTells(t, own);
  await whatItRemembers(t, own);
});

async function whatItTells(t: TestContext, { grade }: Grader): Promise<void> {
  await t.test('a program that hangs after its restart did not finish, because an undisturbed one did', async () => {
    const only = parseSchedule('v1 lab=tiny stage=2 seed=42 size=40 kill@1/pg.commit#1:after-durable');
    const { verdict, text } = await grade('hangs', { only, size: 40, patienceMs: 2000 });
    assert.deepEqual([verdict.state, verdict.findings[0]?.anomaly], ['failed', 'did-not-finish'], text);
    assert.match(text, /your program ends, as it did undisturbed/);
  });

  await t.test('a program that never ends is no failure while nothing is known to end', async () => {
    const { verdict, text } = await grade('sleeps', { level: 'quick', calmLimitMs: 2000 });
    assert.equal(verdict.state, 'unknown', text);
    assert.match(text, /your program had not ended after 2\.0 s/);
  });

  await t.test('commits of a thread beside it are told apart by what they write', async () => {
    const red = await grade('beating-after', { level: 'quick' });
    assert.equal(red.verdict.findings[0]?.anomaly, 'duplicate', red.text);
    assert.match(red.verdict.schedule ?? '', /kill@1\/pg\.commit\[orders\]#\d:/);
    assert.match(red.text, /at commit \d to orders, after PostgreSQL/);
    const green = await grade('beating-same-transaction', { level: 'quick' });
    assert.equal(green.verdict.state, 'unknown', green.text);
    assert.match(green.text, /commits to beats, so those could not be broken|found nothing to strike/);
  });

  await t.test('what a reader sees between two commits is seen every time', async () => {
    const { verdict, text } = await grade('swap', { level: 'quick', stageFunction: whileRead });
    assert.equal(verdict.state, 'passed', text);
    const partial = await grade('upsert', { level: 'quick', stageFunction: whileRead });
    assert.deepEqual([partial.verdict.findings[0]?.anomaly, partial.verdict.findings[0]?.count], ['partial-write', 4]);
    assert.match(partial.text, /a reader sees 0 or 100 orders at any time/);
    assert.match(partial.text, /20 orders, 40 orders/);
  });

  await t.test('a second run, and the same input in another form, must leave the same', async () => {
    const rerun: Stage = async (input) => ({ ...(await loadOrders(input)), attack: [], rerun: true });
    const twice = await grade('none', { level: 'quick', stageFunction: rerun });
    assert.equal(twice.verdict.findings[0]?.anomaly, 'not-idempotent', twice.text);
    assert.match(twice.text, /ran your program once more after it had finished/);
    assert.equal((await grade('upsert', { level: 'quick', stageFunction: rerun })).verdict.state, 'passed');
    const fed: Stage = async (input) => {
      const plan = await loadOrders(input);
      return { ...plan, attack: [], feeds: [otherOrder(plan.inputs, input.random), linesTwice(plan.inputs)] };
    };
    const doubled = await grade('none', { level: 'full', stageFunction: fed });
    assert.equal(doubled.verdict.findings[0]?.anomaly, 'duplicate', doubled.text);
    assert.match(doubled.text, /gave your program every line of its input twice/);
    assert.match(doubled.verdict.schedule ?? '', /size=\d+ feed@1\/input#1:before=lines-twice$/);
    assert.equal((await grade('upsert', { level: 'quick', stageFunction: fed })).verdict.state, 'passed');
  });
}

async function whatItRemembers(t: TestContext, { grade, folder }: Grader): Promise<void> {
  await t.test(
    'what failed once is tried first, and forgotten by nobody but a program that has lost the point',
    async () => {
      const runs = join(folder, 'runs', 'remembered');
      const tried: string[] = [];
      const tell = ({ words }: { readonly words: string }): void => void tried.push(words);
      await grade('after', { level: 'quick', runs });
      const kept = await readFile(join(runs, 'regressions.txt'), 'utf8');
      assert.match(kept, /^v1 lab=tiny stage=2 seed=42 size=100 kill@1\/pg\.commit#1:after-durable\n$/);
      const gone = 'v1 lab=tiny stage=2 seed=42 size=100 kill@1/pg.commit#5:client-moved-on';
      await writeFile(join(runs, 'regressions.txt'), `${gone}\n${gone.replace('#5', '#99')}\n${kept}`);
      const { verdict, text } = await grade('same-transaction', { level: 'quick', runs, tell, workers: 1 });
      assert.equal(verdict.state, 'passed', text);
      const first = tried.find((words) => words.startsWith('trying'));
      assert.match(first ?? '', /at commit 5, after your program had been told/);
    },
  );

  await t.test('overnight ends when it is stopped, and then holds what it has seen', async () => {
    const stop = new AbortController();
    const { verdict, text } = await grade('same-transaction', {
      level: 'overnight',
      size: 40,
      signal: stop.signal,
      tell: ({ points }) => (points.combined?.tried ?? 0) >= 3 && stop.abort(),
    });
    assert.deepEqual([verdict.state, verdict.stopped, verdict.points.survived], ['passed', true, 6], text);
    assert.match(text, /survived 6 of 6 crash points and [345] of [345] pairs and triples/);
  });

  await t.test('stopped while it looks a second time, it says what it was looking at', async () => {
    const stop = new AbortController();
    const { verdict, text } = await grade('after', {
      signal: stop.signal,
      tell: ({ words }) => words.startsWith('something is wrong') && stop.abort(),
    });
    assert.deepEqual([verdict.state, verdict.stopped, verdict.findings[0]?.anomaly], ['unknown', true, 'duplicate']);
    assert.match(text, /you stopped it while a failure was being looked at a second time/);
    assert.match(text, /Again +\.\/dej replay/);
  });

  await t.test('stopped in its first run, it leaves a picture of it', async () => {
    const stop = new AbortController();
    const alive = async (): Promise<boolean> => {
      for await (const _ of glob(join(folder, 'scratch', '*', 'output', 'alive'))) return true;
      return false;
    };
    const graded = grade('sleeps', { signal: stop.signal });
    await until('the program', alive, SOON);
    stop.abort();
    const { verdict, list } = await graded;
    assert.deepEqual([verdict.state, verdict.stopped], ['unknown', true]);
    assert.match(list.join('\n'), /program, start 1: python pipe\.py sleeps/);
    assert.ok((await stat(join(folder, 'runs', 'sleeps', 'latest', 'timeline.svg'))).size > 500);
  });
}
