import assert from 'node:assert/strict';
import test from 'node:test';

import { until } from '#src/deadline.ts';
import { ENGINE_NAMES, type EngineName } from '#src/engines/engine.ts';
import { registry } from '#src/engines/registry.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { isAlive, signal, trees } from '#src/process.ts';
import {
  answerOf,
  begin,
  clone,
  listening,
  runBlock,
  SOON,
  statusOf,
  type Clone,
  type Ran,
} from '#test/engines/clone.ts';
import { BESIDE, PROGRAMS, SERVICES } from '#test/engines/programs.ts';

/** What every engine promises, whatever it is. */
for (const name of ENGINE_NAMES) {
  await test(name, async (t) => {
    const place = await clone(t);
    const found = await registry(place.paths)[name].find();
    // Not a failure of ours: the engines page names the remedy.
    if (found.state === 'missing') return t.skip(found.why);
    await using supervisor = await place.connect();
    const parts = { life, output, clean, faults, stopping, death, end };
    for (const part of Object.values(parts)) await part({ t, name, place, supervisor });
  });
}

interface Subject {
  readonly t: test.TestContext;
  readonly name: EngineName;
  readonly place: Clone;
  readonly supervisor: Supervisor;
}

/** Among what an engine's tools say beside it. */
function isFortyTwo(ran: Ran): boolean {
  return (answerOf(ran) ?? '').split('\n').includes('42');
}

async function enginePids({ place }: Subject): Promise<number[]> {
  return (await place.file()).engines.map(({ pid }) => pid);
}

async function life(subject: Subject): Promise<void> {
  const { t, name, place, supervisor } = subject;
  await t.test('is found, starts with the first block, and says how it stands', async () => {
    const before = await statusOf(supervisor, name);
    assert.equal(before.memoryBytes, undefined);
    assert.ok(['installed', 'available'].includes(before.state), before.state);
    const progress: string[] = [];
    await using lease = await supervisor.lease(
      name,
      { data: undefined },
      { onProgress: ({ what }) => progress.push(what) },
    );
    assert.ok(lease.address.kind === 'postgres' || lease.address.engine === name);
    assert.ok(progress.length > 0, 'whoever waits is told for what');
    const now = await statusOf(supervisor, name);
    assert.deepEqual([now.state, now.sandboxes], ['running', 1]);
    assert.match(now.version ?? '', /^\d+\.\d+/);
    assert.ok((now.memoryBytes ?? 0) > 1e6 && (now.diskBytes ?? 0) > 1e6);
  });
  await t.test('listens on loopback only', async () => {
    await using _lease = await supervisor.lease(name, { data: undefined });
    const { pid } = await place.file();
    const addresses = await listening([pid, ...(await enginePids(subject))]);
    assert.deepEqual(
      addresses.filter((address) => !/^(127\.0\.0\.1|\[::1\]):/.test(address)),
      [],
    );
    if (name === 'postgres') assert.equal(addresses.length, 1);
  });
}

async function output({ t, name, supervisor }: Subject): Promise<void> {
  await t.test('runs code and gives its result', async () => {
    const ran = await runBlock(supervisor, name, PROGRAMS[name].answer);
    assert.ok(isFortyTwo(ran), JSON.stringify(ran));
    assert.equal(ran.state, 'ok');
  });
  await t.test('has the data set where it is asked for', async () => {
    const ran = await runBlock(supervisor, name, PROGRAMS[name].orders, 'shop');
    assert.ok(Number(/\d+$/.exec(answerOf(ran) ?? '')?.[0]) > 100, JSON.stringify(ran));
  });
  await t.test('says which data there is', async () => {
    await assert.rejects(supervisor.lease(name, { data: 'no such' }), /there is no data "no such"/);
  });
}

async function clean({ t, name, supervisor }: Subject): Promise<void> {
  await t.test('shows nothing of one block to the next', async () => {
    for (let i = 0; i < 3; i++) {
      assert.equal(Number(answerOf(await runBlock(supervisor, name, PROGRAMS[name].count))), 0);
      const littered = await runBlock(supervisor, name, PROGRAMS[name].litter);
      assert.equal(littered.state, 'ok', JSON.stringify(littered.events));
    }
    assert.equal(Number(answerOf(await runBlock(supervisor, name, PROGRAMS[name].count))), 0);
  });
  await t.test('keeps blocks that run at the same time apart', async () => {
    const { answer, litter, count } = PROGRAMS[name];
    const ran = await Promise.all(
      [litter, count, answer, litter, count].map((code) => runBlock(supervisor, name, code)),
    );
    assert.deepEqual(
      ran.map(({ state }) => state),
      ['ok', 'ok', 'ok', 'ok', 'ok'],
    );
    const [, first = assert.fail(), second = assert.fail(), , third = assert.fail()] = ran;
    assert.deepEqual([first, third].map(answerOf).map(Number), [0, 0]);
    assert.ok(isFortyTwo(second));
  });
}

async function faults({ t, name, supervisor }: Subject): Promise<void> {
  await t.test('names the line of an error', async () => {
    const { code, words } = PROGRAMS[name].fail;
    const { state, events } = await runBlock(supervisor, name, code);
    const error = events.findLast((event) => event.type === 'error');
    assert.equal(state, 'error');
    assert.match(error?.message ?? '', words);
    assert.equal(error?.line, 3);
  });
}

async function stopping({ t, name, supervisor }: Subject): Promise<void> {
  await t.test('stops a block that computes for ever, and serves the next', async () => {
    const block = begin(supervisor, name, PROGRAMS[name].forever);
    await block.begun;
    block.stop();
    assert.equal((await block.ended).state, 'stopped');
    assert.equal(Number(answerOf(await runBlock(supervisor, name, PROGRAMS[name].count))), 0);
    await until('no sandbox held', async () => (await statusOf(supervisor, name)).sandboxes === 0, SOON);
  });
  await t.test('gives back a sandbox that its asker no longer wanted', async () => {
    const gaveUp = new AbortController();
    const asked = supervisor.lease(name, { data: undefined }, { signal: gaveUp.signal });
    gaveUp.abort(new Error('changed my mind'));
    await assert.rejects(asked, /changed my mind/);
    await until('no sandbox held', async () => (await statusOf(supervisor, name)).sandboxes === 0, SOON);
  });
}

async function death(subject: Subject): Promise<void> {
  const { t, name, supervisor } = subject;
  await t.test(
    'survives the kill of all its processes: the block says so, the log too, the next one runs',
    async () => {
      const block = begin(supervisor, name, PROGRAMS[name].forever);
      await block.begun;
      const victims = await trees(await allPids(subject));
      for (const pid of victims) signal(pid, 'SIGKILL');
      const { state, events } = await block.ended;
      assert.equal(state, 'unknown', JSON.stringify(events));
      const trouble = events.findLast((event) => event.type === 'trouble');
      assert.match(trouble?.message ?? '', /ended in the middle of the block/);
      assert.notEqual(trouble?.remedy ?? '', '');
      // The lines of the next start may push this one out of those that are kept.
      const before = await supervisor.logs(name);
      let next = await runBlock(supervisor, name, PROGRAMS[name].answer);
      // All died at once: the end of another, or of a spare, may be noticed only now; whoever is told so runs it again.
      if (next.state === 'unknown') next = await runBlock(supervisor, name, PROGRAMS[name].answer);
      assert.ok(isFortyTwo(next), JSON.stringify(next));
      const isTold = async (): Promise<boolean> =>
        [...before, ...(await supervisor.logs(name))].some((line) => /ended by itself \(SIGKILL\)/.test(line));
      await until('its end in the log', isTold, SOON);
      for (const pid of victims) assert.equal(await isAlive(pid), false);
    },
  );
}

/** Its top processes now; the workers of an engine come and go without being written down. */
async function allPids({ place }: Subject): Promise<number[]> {
  const { pid, engines } = await place.file();
  const below = (await trees([pid])).filter((other) => other !== pid);
  return [...new Set([...engines.map((engine) => engine.pid), ...below])];
}

async function end(subject: Subject): Promise<void> {
  const { t, name, supervisor } = subject;
  await t.test('leaves no process when it is stopped in the middle of a block, and starts again', async () => {
    const block = begin(supervisor, name, PROGRAMS[name].forever);
    await block.begun;
    const pids = await trees(await allPids(subject));
    for (const engine of [name, ...(SERVICES[name] ?? BESIDE[name] ?? [])]) await supervisor.stop(engine);
    for (const pid of pids) assert.equal(await isAlive(pid), false, `process ${pid}`);
    assert.notEqual((await block.ended).state, 'ok');
    assert.notEqual((await statusOf(supervisor, name)).state, 'running');
    assert.ok(isFortyTwo(await runBlock(supervisor, name, PROGRAMS[name].answer)));
  });
}
