import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import type { CheckEvent } from '#src/commands/check.ts';
import { currentRun, follow, told, type LiveEvent } from '#src/commands/live.ts';
import { channel } from '#src/channel.ts';
import { until } from '#src/deadline.ts';
import { LearnerError } from '#src/error.ts';
import { start, startedAt } from '#src/process.ts';

async function runsFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-live-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'runs');
}

const never = new AbortController().signal;
const progress = (words: string): CheckEvent => ({ type: 'progress', words });
const about = (runs: string) => ({ runs, verb: 'check', from: 'terminal', at: new Date() }) as const;

async function* steps(source: AsyncIterable<CheckEvent>): AsyncGenerator<CheckEvent> {
  yield* source;
}

async function all(events: AsyncIterable<LiveEvent>): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) seen.push(event.type === 'progress' ? event.words : event.type);
  return seen;
}

test('whoever looks in the middle gets what was told before, what comes, and the end', async (t) => {
  const runs = await runsFolder(t);
  assert.equal(await currentRun(runs), undefined);
  const source = channel<CheckEvent>();
  const work = all(told(steps(source), about(runs)));
  source.push(progress('one'));
  const run = await until('the run', () => currentRun(runs), { deadlineMs: 10_000 });
  assert.deepEqual([run.began.verb, run.began.from], ['check', 'terminal']);
  const seen: string[] = [];
  const reading = (async () => {
    for await (const event of follow(run, never)) {
      seen.push(event.type === 'progress' ? event.words : event.type);
      // Said only when the one before was read, so that none replaces another on its way.
      if (seen.at(-1) === 'one') source.push(progress('zwei, größer'));
      if (seen.at(-1) === 'zwei, größer') source.end();
    }
  })();
  assert.deepEqual(await work, ['one', 'zwei, größer']);
  await reading;
  assert.deepEqual(seen, ['began', 'one', 'zwei, größer', 'ended']);
  assert.equal(await currentRun(runs), undefined, 'a run that ended goes on no more');
});

test('what ended a run in trouble is told to who follows it, and to who began it', async (t) => {
  const runs = await runsFolder(t);
  const source = channel<CheckEvent>();
  const work = all(told(steps(source), about(runs)));
  const run = await until('the run', () => currentRun(runs), { deadlineMs: 10_000 });
  source.end(new LearnerError('the build failed', 'Mend it.'));
  await assert.rejects(work, /the build failed/);
  const events: LiveEvent[] = [];
  for await (const event of follow(run, never)) events.push(event);
  assert.deepEqual(events.at(-1), { type: 'ended', trouble: { message: 'the build failed', remedy: 'Mend it.' } });
});

test('a run whose process was killed counts no more, and who follows it is let go', async (t) => {
  const runs = await runsFolder(t);
  const child = await start(['sleep', '600']);
  t.after(() => void child.exited);
  const began = { type: 'began', verb: 'watch', from: 'terminal', at: new Date().toISOString(), pid: child.pid };
  const file = join(runs, 'live', '20260101T000000000Z-1.jsonl');
  await mkdir(join(runs, 'live'), { recursive: true });
  await writeFile(file, `${JSON.stringify({ ...began, startedAt: await startedAt(child.pid) })}\n`);
  await appendFile(file, `${JSON.stringify(progress('one'))}\n{"half`);
  const run = await currentRun(runs);
  assert.ok(run !== undefined);
  const reading = all(follow(run, never));
  process.kill(child.pid, 'SIGKILL');
  await child.exited;
  assert.deepEqual(await reading, ['began', 'one', 'vanished']);
  assert.equal(await currentRun(runs), undefined);
  await all(told(steps([] as unknown as AsyncIterable<CheckEvent>), about(runs)));
  assert.equal((await readdir(join(runs, 'live'))).includes('20260101T000000000Z-1.jsonl'), false, 'it is swept away');
});

test('who stops looking is let go at once', async (t) => {
  const runs = await runsFolder(t);
  const source = channel<CheckEvent>();
  const work = all(told(steps(source), about(runs)));
  const run = await until('the run', () => currentRun(runs), { deadlineMs: 10_000 });
  const leave = new AbortController();
  const reading = all(follow(run, leave.signal));
  leave.abort();
  await reading;
  source.end();
  await work;
});
