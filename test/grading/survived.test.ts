import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { formatSchedule, parseSchedule, type Schedule } from '#src/faults/schedule.ts';
import { openSurvived, type Survived } from '#src/grading/survived.ts';

const identity = { lab: 'x', stage: 2, seed: 42, size: 100, program: 'a' };
const kill = (nth: number): Schedule =>
  parseSchedule(`v1 lab=x stage=2 seed=42 size=100 kill@1/pg.commit#${nth}:after-durable`);

async function place(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'dej-survived-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const open = (more: Record<string, unknown> = {}, afresh = false): Promise<Survived> =>
    openSurvived(folder, { ...identity, ...more }, { afresh, clock: () => 1_800_000_000_000 });
  const file = async (): Promise<string> => join(folder, (await readdir(folder))[0] ?? '');
  return { folder, open, file };
}

test('what was survived is known to the same program, and to no other', async (t) => {
  const { open } = await place(t);
  const first = await open();
  assert.equal(first.at(kill(1)), undefined);
  await first.keep(kill(1));
  assert.equal((await open()).at(kill(1)), 1_800_000_000_000);
  assert.equal((await open()).at(kill(2)), undefined);
  for (const other of [{ program: 'b' }, { seed: 43 }, { size: 99 }, { stage: 3 }, { engines: { postgres: '18.5' } }])
    assert.equal((await open(other)).at(kill(1)), undefined, JSON.stringify(other));
  assert.equal((await open()).at(kill(1)), 1_800_000_000_000, 'and looking with another forgets nothing');
  assert.equal((await open({}, true)).at(kill(1)), undefined);
  assert.equal((await open()).at(kill(1)), undefined, 'afresh forgets for good');
});

test('what turned red is not known any more', async (t) => {
  const { open } = await place(t);
  const first = await open();
  await first.keep(kill(1));
  await first.forget(kill(1));
  await first.forget(kill(2));
  for (const one of [first, await open()]) assert.deepEqual([one.at(kill(1)), one.at(kill(2))], [undefined, undefined]);
  await first.keep(kill(1));
  assert.ok((await open()).at(kill(1)) !== undefined);
});

test('wherever a file was torn, it tells nothing that was not written, and goes on being written', async (t) => {
  const { open, file } = await place(t);
  const first = await open();
  await first.keep(kill(1));
  await first.keep(kill(12));
  const whole = await readFile(await file(), 'utf8');
  const lines = whole.split('\n').filter((line) => line !== '').length;
  assert.equal(lines, 2);
  const end = whole.indexOf('\n') + 1;
  for (let length = end; length < whole.length; length++) {
    await writeFile(await file(), whole.slice(0, length));
    const torn = await open();
    const known = [1, 2, 12].map((nth) => torn.at(kill(nth)) !== undefined);
    assert.deepEqual(known, [true, false, false], `${length} bytes`);
    await torn.keep(kill(3));
    const later = await open();
    assert.deepEqual(
      [1, 12, 3].map((nth) => later.at(kill(nth)) !== undefined),
      // All but the end of its line: that much says it is whole.
      [true, length === whole.length - 1, true],
      `${length} bytes`,
    );
  }
  await writeFile(await file(), whole);
  await appendFile(await file(), `1800000000000 ${formatSchedule(kill(4))} 0\n${'\0'.repeat(64)}\n`);
  assert.equal((await open()).at(kill(4)), undefined, 'a line whose sum is wrong');
});

test('only the versions that were checked last are kept, of each stage', async (t) => {
  const { folder, open } = await place(t);
  for (const program of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const before = await readdir(folder);
    for (const name of before) await utimes(join(folder, name), 1, 1 + before.indexOf(name));
    await (await open({ program, stage: 12 })).keep(kill(1));
    await (await open({ program, stage: 1 })).keep(kill(1));
  }
  const names = await readdir(folder);
  for (const stage of [1, 12])
    assert.ok(names.filter((name) => name.startsWith(`x.${stage}.`)).length <= 5, `${stage}`);
  for (const program of ['e', 'f'])
    assert.ok((await open({ program, stage: 12 })).at(kill(1)) !== undefined, `${program} is known`);
});

test('a place that can not be written takes nothing from a check', async (t) => {
  const { folder } = await place(t);
  await writeFile(join(folder, 'file'), '');
  const one = await openSurvived(join(folder, 'file'), identity, { clock: () => 1 });
  await one.keep(kill(1));
  await one.forget(kill(1));
  assert.equal(one.at(kill(1)), undefined);
});
