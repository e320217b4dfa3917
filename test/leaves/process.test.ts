import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';

import { until } from '#src/deadline.ts';
import { capture, descendants, forEachLine, isAlive, killTrees, marked, start, startedAt, stop } from '#src/process.ts';

const NODE = process.execPath;

/** A program that starts a child of its own, which leaves the group and the parent, and prints both process ids. */
const FAMILY = `
  process.on('SIGTERM', () => {});
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  child.unref();
  console.log(process.pid + ' ' + child.pid);
  setInterval(() => {}, 1000);
`;

async function family(marker: string) {
  const child = await start([NODE, '-e', FAMILY], { marker, group: true });
  const line = await new Promise<string>((resolve) => forEachLine(child.stdout, resolve));
  const [, stray = 0] = line.split(' ').map(Number);
  return { child, stray };
}

test('what a program prints is captured, and its exit code', async () => {
  const result = await capture([NODE, '-e', 'console.log("out"); console.error("err"); process.exit(3)']);
  assert.deepEqual([result.code, result.stdout, result.stderr], [3, 'out\n', 'err\n']);
});

test('arguments are never read by a shell', async () => {
  const { stdout } = await capture([NODE, '-p', 'process.argv[1]', '$(id); `id` && x']);
  assert.equal(stdout, '$(id); `id` && x\n');
});

test('a program that is not there is the world’s fault, by name', async () => {
  await assert.rejects(capture(['no-such-program-here']), /can't start no-such-program-here/);
});

test('a program past its time is killed', async () => {
  const { signal } = await capture([NODE, '-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 200 });
  assert.equal(signal, 'SIGKILL');
});

test('a program that is no longer wanted is killed with all of its group', async () => {
  const abort = new AbortController();
  const parent = `console.log(require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']).pid); setInterval(() => {}, 1000)`;
  let child = 0;
  const onLine = (line: string): void => {
    child = Number(line);
    abort.abort();
  };
  const { signal } = await capture([NODE, '-e', parent], { group: true, abort: abort.signal, onLine });
  assert.equal(signal, 'SIGKILL');
  await until('end of its child', async () => !(await isAlive(child)), { deadlineMs: 5000 });
  assert.equal((await capture([NODE, '-e', parent], { group: true, abort: abort.signal })).signal, 'SIGKILL');
});

test('a whole tree ends, also what left its group and ignores SIGTERM', async () => {
  const marker = randomUUID();
  const { child, stray } = await family(marker);
  assert.deepEqual(await descendants(child.pid), [stray]);
  const exit = await stop(child, { graceMs: 50, marker });
  assert.equal(exit.signal, 'SIGKILL');
  assert.deepEqual([await isAlive(child.pid), await isAlive(stray)], [false, false]);
  assert.deepEqual(await marked(marker), []);
});

test('survivors of a killed parent are found by their marker', async () => {
  const marker = randomUUID();
  const { child, stray } = await family(marker);
  process.kill(child.pid, 'SIGKILL');
  await child.exited;
  assert.deepEqual(await marked(marker), [stray]);
  await killTrees([], { marker });
  await until('end of the stray', async () => !(await isAlive(stray)), { deadlineMs: 5000 });
});

test('a process is told from a later one with its id by when it started', async () => {
  const own = await startedAt(process.pid);
  assert.equal(typeof own, 'string');
  assert.equal(await startedAt(process.pid), own);
  const gone = await start([NODE, '-e', '0']);
  await gone.exited;
  assert.equal(await startedAt(gone.pid), undefined);
});
