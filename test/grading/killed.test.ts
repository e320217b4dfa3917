import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { until, within } from '#src/deadline.ts';
import { ownRoot } from '#src/paths.ts';
import { isAlive, signal, start } from '#src/process.ts';
import { clone, SOON } from '#test/engines/clone.ts';

const root = ownRoot(import.meta.dirname);

test('a grader that is killed leaves no survivor, and its successor clears up', { timeout: 180_000 }, async (t) => {
  const place = await clone(t);
  const supervisor = await place.connect();
  await supervisor.install('python');
  const journal = await mkdtemp(join(tmpdir(), 'dej-killed-'));
  t.after(() => rm(journal, { recursive: true, force: true }));
  const own = join(journal, 'labs', 'batch-error-handling');
  await cp(join(root, 'test', 'input', 'grading', 'bad'), own, { recursive: true });
  await writeFile(join(own, 'lab.yaml'), 'language: python\nrun: [python, survives_its_grader.py]\n');
  const env = { ...process.env, DEJ_STATE: place.paths.state, DEJ_JOURNAL: journal, PIDS: '' };
  const begin = async (pids: string) => {
    // What a program is given is chosen by the grader, so the file's name goes by the program's own text.
    const source = await readFile(join(root, 'test', 'input', 'grading', 'bad', 'survives_its_grader.py'), 'utf8');
    await writeFile(join(own, 'survives_its_grader.py'), source.replaceAll('os.environ["PIDS"]', JSON.stringify(pids)));
    // The process itself and not the launcher before it, so that the signal reaches the grader.
    const script = "await (await import('#src/cli/main.ts')).main(['check', 'batch-error-handling', '--stage', '1']);";
    const argv = [process.execPath, '--input-type=module-typescript', '-e', script] as const;
    return start([...argv], { cwd: root, env, output: 'ignore' });
  };
  const file = join(journal, 'pids');
  const first = await begin(file);
  const written = async (): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined);
  const pids = (await until('the program', written, { deadlineMs: 120_000 })).split(' ').map(Number);
  for (const pid of pids) assert.ok(await isAlive(pid), `${pid} runs`);
  signal(first.pid, 'SIGKILL');
  await within('its end', first.exited, SOON);
  const left = async (): Promise<boolean> => (await Promise.all(pids.map(isAlive))).includes(true);
  await until('end of what it had started', async () => !(await left()), SOON);
  const scratch = (): Promise<string[]> => readdir(join(place.paths.state, 'scratch')).catch(() => []);
  const [before = ''] = (await scratch()).filter((name) => name.startsWith('grade-'));
  assert.notEqual(before, '', 'its folder is still there');
  await rm(file, { force: true });
  const second = await begin(file);
  await until('the second program', written, { deadlineMs: 120_000 });
  assert.ok(!(await scratch()).includes(before), 'and gone now');
  signal(second.pid, 'SIGINT');
  await within('its end', second.exited, SOON);
  await supervisor.close();
});
