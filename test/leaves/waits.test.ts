import assert from 'node:assert/strict';
import test from 'node:test';

import { channel } from '#src/channel.ts';
import { pause, until, within } from '#src/deadline.ts';
import { WorldError } from '#src/error.ts';

test('until gives what the probe found, and says what it waited for when it did not', async () => {
  let calls = 0;
  assert.equal(
    await until('three calls', () => (++calls >= 3 ? 'done' : undefined), { deadlineMs: 5000, everyMs: 1 }),
    'done',
  );
  await assert.rejects(
    until('the moon', () => false, { deadlineMs: 20, evidence: () => ({ lastLines: ['last'], logPath: 'log' }) }),
    (error: unknown) =>
      error instanceof WorldError && /the moon: not within/.test(error.message) && error.lastLines[0] === 'last',
  );
});

test('a probe that fails ends the wait with its own error', async () => {
  await assert.rejects(
    until('x', () => Promise.reject(new Error('broken')), { deadlineMs: 1000 }),
    /broken/,
  );
});

test('waits end at once when they are stopped', async () => {
  const stop = new AbortController();
  const waits = [pause(60_000, stop.signal), until('never', () => false, { deadlineMs: 60_000, signal: stop.signal })];
  const never = within('never', new Promise(() => undefined), { deadlineMs: 60_000, signal: stop.signal });
  stop.abort(new Error('stop now'));
  for (const wait of [...waits, never]) await assert.rejects(wait, /stop now/);
  const late = within('late', new Promise(() => undefined), { deadlineMs: 60_000, signal: stop.signal });
  await assert.rejects(late, /stop now/);
});

test('within passes the value on, or the error of the work', async () => {
  assert.equal(await within('x', Promise.resolve(1), { deadlineMs: 1000 }), 1);
  await assert.rejects(within('x', Promise.reject(new Error('mine')), { deadlineMs: 1000 }), /mine/);
  await assert.rejects(within('slow work', new Promise(() => undefined), { deadlineMs: 5 }), /slow work: not within/);
});

test('a channel keeps order, across pushes before and after the reader comes', async () => {
  const numbers = channel<number>();
  numbers.push(1);
  const read = (async () => {
    const seen: number[] = [];
    for await (const value of numbers) seen.push(value);
    return seen;
  })();
  await Promise.resolve();
  numbers.push(2);
  numbers.push(3);
  numbers.end();
  numbers.push(4);
  assert.deepEqual(await read, [1, 2, 3]);
});

test('a channel hands its error over after what was queued', async () => {
  const values = channel<number>();
  values.push(1);
  values.end(new Error('failed'));
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const value of values) seen.push(value);
  }, /failed/);
  assert.deepEqual(seen, [1]);
});
