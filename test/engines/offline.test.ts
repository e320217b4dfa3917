import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';

import { ENGINE_NAMES, type EngineName } from '#src/engines/engine.ts';
import { registry } from '#src/engines/registry.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { capture } from '#src/process.ts';

/** A shell that puts the program into a network of its own in which nothing but this machine's own address answers. */
const ALONE = 'ip link set lo up && exec "$@"';

/** The first way into such a network that works here, or undefined. */
async function wayAlone(): Promise<readonly string[] | undefined> {
  for (const way of [
    ['unshare', '--net'],
    ['unshare', '--map-root-user', '--net'],
  ]) {
    const [program = '', ...flags] = way;
    const tried = await capture([program, ...flags, 'sh', '-c', ALONE, 'sh', 'true']).catch(() => undefined);
    if (tried?.code === 0) return way;
  }
  return undefined;
}

test('after its first use no engine needs a network', async (t: TestContext) => {
  if (process.platform !== 'linux') return t.skip('networks of their own for processes are a matter of Linux');
  const way = await wayAlone();
  if (way === undefined) return t.skip('this machine lets nobody make a network of his own (unshare, ip)');
  const engines = registry(pathsOf(ownRoot()));
  const usable: EngineName[] = [];
  for (const name of ENGINE_NAMES) {
    const found = await engines[name].find();
    if (found.state === 'missing') t.diagnostic(`without ${name}: ${found.why}`);
    else usable.push(name);
    // The first use, which fetches.
    if (found.state === 'available') await found.install(() => undefined);
  }
  const [program = '', ...flags] = way;
  const script = join(import.meta.dirname, 'offline-blocks.ts');
  const argv = [program, ...flags, 'sh', '-c', ALONE, 'sh', process.execPath, script, ...usable] as const;
  const { code, stdout, stderr } = await capture(argv, { cwd: ownRoot() });
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { engine: string; answer: string });
  const wrong = answers.filter(({ answer }) => !answer.split('\n').includes('42'));
  assert.deepEqual(wrong, [], stderr);
  assert.deepEqual(
    answers.map(({ engine }) => engine),
    usable,
    stderr,
  );
  assert.equal(code, 0, stderr);
});

test('such a network is alone indeed', async (t: TestContext) => {
  const way = process.platform === 'linux' ? await wayAlone() : undefined;
  if (way === undefined) return t.skip('no network of its own here');
  const [program = '', ...flags] = way;
  const look = 'cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d " "; cat /proc/net/route | tail -n +2';
  const { stdout } = await capture([program, ...flags, 'sh', '-c', ALONE, 'sh', 'sh', '-c', look]);
  assert.equal(stdout.trim(), 'lo');
});
