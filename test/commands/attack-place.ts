import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

import { findFamily } from '#src/engines/python-family.ts';
import { findInterpreter } from '#src/engines/python-interpreter.ts';
import type { Verdict } from '#src/grading/verdict.ts';
import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';
import { dej } from '#test/cli/dej.ts';
import { clone, type Clone } from '#test/engines/clone.ts';

export const programs = join(ownRoot(import.meta.dirname), 'test', 'input', 'attack');

/** What an attack said last: its verdict, as data and in words. */
export function verdictIn(stdout: string, stderr: string): { verdict: Verdict; text: string } {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  assert.match(last, /^\{"type":"verdict"/, `${stdout.slice(-1000)}\n${stderr}`);
  return JSON.parse(last) as { verdict: Verdict; text: string };
}

/** Attacks real programs: an environment with the packages that a file of `programs` pins, and engines of the test's own. */
export async function example(t: TestContext, pinned: string) {
  const folder = await mkdtemp(join(tmpdir(), 'dej-example-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const interpreter = await findInterpreter();
  if ('why' in interpreter) throw new Error(interpreter.why);
  const bin = join(folder, 'venv', 'bin');
  const pip = [join(bin, 'python'), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'] as const;
  const steps: [string, ...string[]][] = [
    [interpreter.path, '-m', 'venv', join(folder, 'venv')],
    [...pip, '--only-binary', ':all:', '-r', join(programs, pinned)],
  ];
  for (const argv of steps) {
    const { code, stderr } = await capture(argv, { timeoutMs: 600_000 });
    assert.equal(code, 0, `${argv.join(' ')}\n${stderr}`);
  }
  const own = await clone(t);
  const path = [bin, process.env['PATH'] ?? ''].join(delimiter);
  const env = { DEJ_STATE: own.paths.state, DEJ_JOURNAL: join(folder, 'journal'), PATH: path };
  return async (...args: string[]) => {
    const { code, stdout, stderr } = await dej(['attack', '--json', ...args], env);
    return { code, ...verdictIn(stdout, stderr) };
  };
}

export interface Place extends Clone {
  readonly env: NodeJS.ProcessEnv;
  readonly journal: string;
}

/** Engines and a journal of the test's own, and a Python with a PostgreSQL client first in PATH. */
export async function place(t: TestContext): Promise<Place> {
  const own = await clone(t);
  const supervisor = await own.connect();
  await supervisor.install('python');
  await supervisor.close();
  const family = await findFamily(own.paths);
  if (family.state !== 'ready') throw new Error('the Python environment was not made');
  const journal = await mkdtemp(join(tmpdir(), 'dej-attack-'));
  t.after(() => rm(journal, { recursive: true, force: true }));
  const path = [dirname(family.interpreter), process.env['PATH'] ?? ''].join(delimiter);
  return { ...own, journal, env: { DEJ_STATE: own.paths.state, DEJ_JOURNAL: journal, PATH: path } };
}
