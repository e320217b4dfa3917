import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';

import { until } from '#src/deadline.ts';
import { capture, descendants, forEachLine, freezeTrees, isAlive, killTrees } from '#src/process.ts';
import { marked, start, startedAt, titled, wakeUp } from '#src/process.ts';

/** Linux has files that say all of this; elsewhere `ps` does, and it is asked here, too. */
Object.defineProperty(process, 'platform', { value: 'darwin' });
const skip = await capture(['ps', '-o', 'pid=', '-p', String(process.pid)]).then(
  ({ code }) => code !== 0 && 'this machine has no ps that answers',
  () => 'this machine has no ps',
);

const FAMILY = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  child.unref();
  console.log(child.pid);
  setInterval(() => {}, 1000);
`;

async function family(marker: string) {
  const child = await start([process.execPath, '-e', FAMILY], { marker, group: true });
  return { child, stray: Number(await new Promise<string>((resolve) => forEachLine(child.stdout, resolve))) };
}

test('by ps alone, a tree stands still, goes on, and ends with what left its group', { skip }, async () => {
  const marker = randomUUID();
  const { child, stray } = await family(marker);
  assert.deepEqual(await descendants(child.pid), [stray]);
  const still = await freezeTrees([child.pid], { marker });
  assert.deepEqual(still.toSorted(), [child.pid, stray].toSorted());
  wakeUp(still);
  await killTrees([child.pid], { marker });
  assert.deepEqual([await isAlive(child.pid), await isAlive(stray)], [false, false]);
});

test(
  'by ps alone, a survivor is found by its marker and by its words, and told from a later one',
  { skip },
  async () => {
    const marker = randomUUID();
    const { child, stray } = await family(`${marker}/1`);
    const began = await startedAt(stray);
    assert.equal(typeof began, 'string');
    process.kill(child.pid, 'SIGKILL');
    await child.exited;
    assert.deepEqual(await marked(marker), [stray]);
    assert.ok((await titled('setInterval(() => {}, 1000)')).includes(stray));
    assert.equal(await startedAt(stray), began);
    await killTrees([], { marker });
    await until('its end', async () => !(await isAlive(stray)), { deadlineMs: 5000 });
    assert.equal(await startedAt(stray), undefined);
  },
);
