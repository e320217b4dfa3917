import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { livingOwner, lock, type Owner } from '#src/lock.ts';
import { start, startedAt } from '#src/process.ts';

async function place(t: test.TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-lock-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'lock');
}

async function own(): Promise<Owner> {
  return { pid: process.pid, startedAt: (await startedAt(process.pid)) ?? assert.fail() };
}

/** A process that lives until the test's end. */
async function another(t: test.TestContext): Promise<Owner> {
  const child = await start([process.execPath, '-e', 'setInterval(() => {}, 1000)']);
  t.after(async () => {
    process.kill(child.pid, 'SIGKILL');
    await child.exited;
  });
  return { pid: child.pid, startedAt: (await startedAt(child.pid)) ?? assert.fail() };
}

test('one holds it, and the next has it when it is given back', async (t) => {
  const path = await place(t);
  const mine = await own();
  const theirs = await another(t);
  const held = (await lock(path, mine)) ?? assert.fail();
  assert.deepEqual(await livingOwner(path), mine);
  assert.equal(await lock(path, theirs), undefined);
  assert.ok(await held.isHeld());
  await held.release();
  assert.ok(await lock(path, theirs));
  assert.equal(await held.isHeld(), false);
  // Whoever has lost it can't take it away from its next holder.
  await held.release();
  assert.deepEqual(await livingOwner(path), theirs);
});

for (const [what, content] of [
  ['a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1' })],
  ['an earlier process with the same id as a living one', JSON.stringify({ pid: process.pid, startedAt: '1' })],
  ['nobody, by a file that is cut off', '{"pid": 12'],
] as const) {
  test(`what ${what} holds is taken over`, async (t) => {
    const path = await place(t);
    await writeFile(path, content);
    assert.equal(await livingOwner(path), undefined);
    const held = (await lock(path, await own())) ?? assert.fail();
    assert.ok(await held.isHeld());
    assert.deepEqual(await readdir(join(path, '..')), ['lock']);
  });
}

test('of many who take over a stale one at once, one holds it', async (t) => {
  const path = await place(t);
  const owners = await Promise.all([own(), another(t), another(t), another(t)]);
  for (let round = 0; round < 20; round++) {
    await writeFile(path, '{"pid": 12');
    const taken = await Promise.all(owners.map((owner) => lock(path, owner)));
    const holders = await Promise.all(taken.map(async (held) => held?.isHeld()));
    assert.equal(holders.filter((held) => held === true).length, 1);
  }
});
