import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { attack, type Attacked, type AttackOptions } from '#src/faults/attack.ts';
import { startProgram } from '#src/faults/program.ts';
import type { Fault, Point } from '#src/faults/schedule.ts';
import { until, within } from '#src/deadline.ts';
import { ownRoot } from '#src/paths.ts';
import { freePort } from '#src/ports.ts';
import { isAlive } from '#src/process.ts';
import { SOON } from '#test/engines/clone.ts';

const programs = join(ownRoot(import.meta.dirname), 'test', 'input', 'faults');
const payments = ['p-1', 'p-2', 'p-3'].map((id) => ({ id }));

function kill(nth: number, point: Point, action = 'kill', incarnation = 1): Fault {
  return { action, incarnation, boundary: 'http.request', nth, point };
}

async function run(
  t: TestContext,
  argv: readonly string[],
  faults: readonly Fault[],
  options: Partial<AttackOptions> = {},
): Promise<Attacked & { readonly told: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-attack-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const attacked = await attack({
    schedule: { lab: 'x', stage: 1, seed: 1, size: 3, faults },
    argv: [process.execPath, ...argv],
    cwd: folder,
    env: {},
    http: { payments, pageSize: 2 },
    watch: [folder],
    deadlineMs: 30_000,
    ...options,
  });
  return { ...attacked, told: await readFile(join(folder, 'settled.txt'), 'utf8').catch(() => '') };
}

const settle = join(programs, 'settle.ts');

test('an undisturbed program is started once, and what it did is in order', async (t) => {
  const { ended, exits, http, history, fired } = await run(t, [settle, 'keyed'], []);
  assert.deepEqual([ended, exits, fired], ['completed', [{ code: 0, signal: null }], []]);
  assert.deepEqual(http?.settled, { 'p-1': 1, 'p-2': 1, 'p-3': 1 });
  const points = history.flatMap(({ nth, point }) => (nth === undefined ? [] : [`${nth}:${point}`]));
  assert.deepEqual(
    points,
    [1, 2, 3].flatMap((nth) => [`${nth}:before`, `${nth}:after-durable`, `${nth}:client-moved-on`]),
  );
  const files = history.filter(({ lane }) => lane === 'file');
  assert.ok(files.length >= 1, 'the file beside it was seen to change');
});

test('killed at any point it is started again; only the key keeps money from moving twice', async (t) => {
  for (const [way, point, settled] of [
    ['keyed', 'before', [1, 1, 1]],
    ['keyed', 'after-durable', [1, 1, 1]],
    ['keyed', 'client-moved-on', [1, 1, 1]],
    ['bare', 'before', [2, 1, 1]],
    ['bare', 'after-durable', [2, 2, 1]],
    ['bare', 'client-moved-on', [2, 2, 1]],
  ] as const) {
    const { ended, exits, http, fired, history, told } = await run(t, [settle, way], [kill(2, point)]);
    const what = `${way}, ${point}`;
    assert.deepEqual([ended, fired], ['completed', [true]], what);
    assert.deepEqual(
      exits.map(({ code, signal }) => code ?? signal),
      ['SIGKILL', 0],
      what,
    );
    assert.deepEqual(Object.values(http?.settled ?? {}), settled, what);
    // The program wrote this down once it had been answered.
    assert.equal(told.split('p-2').length - 1, point === 'client-moved-on' ? 2 : 1, what);
    assert.equal(history.filter(({ kind }) => kind === 'fired').length, 1, what);
  }
});

test('a program that ends has gone on from its last answer', async (t) => {
  const { ended, fired, http } = await run(t, [settle, 'keyed'], [kill(3, 'client-moved-on')]);
  assert.deepEqual([ended, fired], ['completed', [true]]);
  assert.deepEqual(http?.settled, { 'p-1': 1, 'p-2': 1, 'p-3': 1 });
});

test('several faults in several starts each fire once', async (t) => {
  const faults = [kill(1, 'after-durable'), kill(1, 'before', 'kill', 2), kill(2, 'after-durable', 'kill', 3)];
  const { ended, exits, fired, http } = await run(t, [settle, 'bare'], faults);
  assert.deepEqual([ended, exits.length, fired], ['completed', 4, [true, true, true]]);
  assert.deepEqual(http?.settled, { 'p-1': 3, 'p-2': 2, 'p-3': 1 });
});

test('a fault that never comes is said not to have fired', async (t) => {
  const { ended, fired } = await run(t, [settle, 'keyed'], [kill(9, 'before')]);
  assert.deepEqual([ended, fired], ['completed', [false]]);
});

test('a cut connection ends no program of ours; one that gives up is started again', async (t) => {
  const { ended, exits, lastLines } = await run(t, [settle, 'keyed'], [kill(1, 'after-durable', 'cut')]);
  assert.deepEqual([ended, exits.length, exits[0]?.code], ['completed', 2, 1]);
  assert.match(lastLines.join('\n'), /fetch failed/);
});

test('a program that fails by itself, never ends, or is stopped, is told apart', async (t) => {
  const crashed = await run(t, ['-e', 'console.error("no luck"); process.exit(3)'], []);
  assert.deepEqual(
    [crashed.ended, crashed.exits, crashed.lastLines],
    ['crashed', [{ code: 3, signal: null }], ['no luck']],
  );
  const wanted = await run(t, ['-e', 'process.exit(3)'], [], { expectedExit: 3 });
  assert.equal(wanted.ended, 'completed');
  const endless = await run(t, ['-e', 'setInterval(() => undefined, 1e6)'], [], { deadlineMs: 500 });
  assert.equal(endless.ended, 'deadline');
  const stopped = await run(t, ['-e', 'setInterval(() => undefined, 1e6)'], [], { signal: AbortSignal.abort() });
  assert.equal(stopped.ended, 'stopped');
});

test('a program that can’t be started is the learner’s to name', async (t) => {
  await assert.rejects(run(t, [], [], { argv: ['no-such-program'] }), {
    name: 'LearnerError',
    message: 'your program can\'t be started: "no-such-program", there is no such program',
  });
  await assert.rejects(run(t, [], [], { argv: [join(programs, 'family.ts')] }), /it may not be executed/);
});

test('a server that is not there is no mistake of the program', async (t) => {
  const postgres = { host: '127.0.0.1', port: await freePort(), user: 'x', password: 'x', database: 'x' };
  await assert.rejects(run(t, [settle, 'keyed'], [], { postgres }), { name: 'WorldError' });
});

test('output without end keeps its beginning and its end, and takes no memory', async (t) => {
  const noisy =
    'for (let i = 0; i < 300000; i++) process.stdout.write(`line ${i}\\n`); process.stdout.write("\\xff".repeat(1e6))';
  const { output, lastLines, history } = await run(t, ['-e', noisy], []);
  assert.ok(output.startsWith('line 0\nline 1\n'));
  assert.match(output, /lines are left out here/);
  assert.ok(output.length < 100_000, `${output.length} characters`);
  assert.equal(lastLines.length, 32);
  assert.ok(history.length < 2000, `${history.length} events`);
});

test('what the program leaves running is ended with it, and does not keep it from being done', async (t) => {
  const leaves =
    'const { spawn } = require("node:child_process"); const child = spawn(process.execPath, ["-e", ' +
    '"setInterval(() => undefined, 1e6)"], { detached: true, stdio: "inherit" }); child.unref(); console.log(child.pid)';
  const { ended, output } = await run(t, ['-e', leaves], []);
  assert.equal(ended, 'completed');
  assert.equal(await isAlive(Number(output.trim())), false);
});

test('a child that hides from its group, its parent and the marker was seen while it lived', async () => {
  const lines: string[] = [];
  const program = await startProgram({
    argv: [process.execPath, join(programs, 'hide.ts')],
    cwd: programs,
    env: process.env,
    marker: `hide-${process.pid}`,
    onLine: (line) => void lines.push(line),
  });
  await within('its end', program.ended, SOON);
  const child = await until('the child', () => /^child (\d+)$/.exec(lines[0] ?? '')?.[1], SOON);
  assert.ok(await isAlive(Number(child)));
  await program.kill();
  assert.equal(await isAlive(Number(child)), false);
});

test('nothing survives a kill, not even a child in a session of its own', async () => {
  const lines: string[] = [];
  const program = await startProgram({
    argv: [process.execPath, join(programs, 'family.ts')],
    cwd: programs,
    env: process.env,
    marker: `family-${process.pid}`,
    onLine: (line) => void lines.push(line),
  });
  const child = await until('the child', () => /^child (\d+)$/.exec(lines[0] ?? '')?.[1], SOON);
  assert.ok(await isAlive(Number(child)));
  assert.equal((await program.kill()).signal, 'SIGKILL');
  assert.equal(await isAlive(Number(child)), false);
});

test('a stream runs until what went in has come out, over all its starts, and is then told to stop', async (t) => {
  for (const [how, faults] of [
    ['listens', []],
    ['deaf', []],
    ['listens', [kill(2, 'after-durable')]],
  ] as const) {
    const cwd = await mkdtemp(join(tmpdir(), 'dej-stream-'));
    t.after(() => rm(cwd, { recursive: true, force: true }));
    const done = async (): Promise<boolean> =>
      (await readFile(join(cwd, 'settled.txt'), 'utf8').catch(() => '')).includes('3:');
    let calls = 0;
    const { ended, exits, fired, http } = await run(t, [join(programs, 'stream.ts'), how], faults, {
      cwd,
      stream: {
        graceMs: 300,
        drive: async (signal) => {
          calls++;
          await until('all settled', done, { ...SOON, signal });
        },
      },
    });
    assert.deepEqual(
      [ended, calls, exits.length, fired],
      ['completed', 1, faults.length + 1, faults.map(() => true)],
      how,
    );
    assert.deepEqual(http?.settled, { 'p-1': 1, 'p-2': 1, 'p-3': 1 });
    assert.equal(exits.at(-1)?.signal, how === 'deaf' ? 'SIGKILL' : null);
  }
});

test('a stream that ends by itself has crashed, and one that could not be fed tells nothing', async (t) => {
  const stream = join(programs, 'stream.ts');
  const forEver = async (signal: AbortSignal): Promise<void> => {
    await until('nothing', () => false, { ...SOON, signal });
  };
  const left = await run(t, [stream, 'leaves'], [], { stream: { graceMs: 300, drive: forEver } });
  assert.deepEqual([left.ended, left.exits.at(-1)?.code], ['crashed', 0]);
  const failing = { graceMs: 300, drive: () => Promise.reject(new Error('no feed')) };
  await assert.rejects(run(t, [stream, 'listens'], [], { stream: failing }), /no feed/);
});
