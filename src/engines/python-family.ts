import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '#src/deadline.ts';
import { diskBytes } from '#src/engines/disk.ts';
import type { OnProgress } from '#src/engines/engine.ts';
import { lock } from '#src/engines/lock.ts';
import type { Interpreter } from '#src/engines/python-interpreter.ts';
import { WorldError } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';
import { ownRoot, type Paths } from '#src/paths.ts';
import { capture, startedAt } from '#src/process.ts';

/** The environment of the base packages: there, or what it takes to make it. */
export type Family =
  | { readonly state: 'ready'; readonly interpreter: string; readonly version: string; readonly diskBytes: number }
  | {
      readonly state: 'absent';
      readonly downloadBytes: number;
      install(interpreter: Interpreter, onProgress: OnProgress, signal?: AbortSignal): Promise<Extract<Family, { state: 'ready' }>>;
    };

/** Wheels of the lock file for Linux x64 and CPython 3.11, measured on 2026-11-24; other platforms are alike. */
const DOWNLOAD_BYTES = 75_000_000;

interface Ready {
  readonly interpreter: string;
  readonly version: string;
  readonly diskBytes: number;
}

/**
 * A virtual environment can't be moved, so it is made at its place; `ready.json` is written last, and without it the
 * folder counts as half made and is made anew. Packages come by the locked versions and hashes only.
 */
export async function findFamily(paths: Paths): Promise<Family> {
  const requirements = join(ownRoot(), 'src', 'engines', 'python', 'requirements.txt');
  const installer = join(ownRoot(), 'src', 'engines', 'python', 'installer.txt');
  const hash = createHash('sha256').update(await readFile(requirements)).digest('hex').slice(0, 12);
  const home = join(paths.cache, 'python', `base-${hash}`);
  const ready = await readReady(home);
  if (ready !== undefined) return { state: 'ready', ...ready };
  return {
    state: 'absent',
    downloadBytes: DOWNLOAD_BYTES,
    async install(interpreter, onProgress, signal) {
      await mkdir(join(paths.cache, 'python'), { recursive: true });
      const owner = { pid: process.pid, startedAt: (await startedAt(process.pid)) ?? '' };
      // Clones share the cache: one makes the environment, the others wait for it.
      const held = await until('another installation of the Python packages', () => lock(`${home}.lock`, owner), { deadlineMs: 600_000, signal });
      try {
        return { state: 'ready', ...((await readReady(home)) ?? (await make({ home, requirements, installer, interpreter, paths, onProgress }))) };
      } finally {
        await held.release();
      }
    },
  };
}

async function readReady(home: string): Promise<Ready | undefined> {
  try {
    const ready = JSON.parse(await readFile(join(home, 'ready.json'), 'utf8')) as Ready;
    // The Python it was made from may have been removed since.
    return existsSync(ready.interpreter) ? ready : undefined;
  } catch {
    return undefined;
  }
}

interface Making {
  readonly home: string;
  readonly requirements: string;
  readonly installer: string;
  readonly interpreter: Interpreter;
  readonly paths: Paths;
  readonly onProgress: OnProgress;
}

async function make({ home, requirements, installer, interpreter, paths, onProgress }: Making): Promise<Ready> {
  const what = 'Getting the Python packages, once';
  onProgress({ what, totalBytes: DOWNLOAD_BYTES });
  const uv = await tool(join(paths.cache, 'python', 'uv'), installer, interpreter);
  await rm(home, { recursive: true, force: true });
  await execute([interpreter.path, '-m', 'venv', '--without-pip', home], 'The Python environment could not be made');
  const own = join(home, 'bin', 'python');
  const install = [uv, 'pip', 'install', '--require-hashes', '--no-config', '--python', own, '-r', requirements] as const;
  await watch(home, what, onProgress, () => execute(install, 'The Python packages could not be fetched'));
  const ready = { interpreter: own, version: interpreter.version, diskBytes: await diskBytes(home) };
  await writeAtomic(join(home, 'ready.json'), JSON.stringify(ready));
  return ready;
}

/** uv arrives as a wheel through pip, by hash; it then fetches the packages in seconds where pip takes half a minute. */
async function tool(home: string, installer: string, interpreter: Interpreter): Promise<string> {
  const uv = join(home, 'bin', 'uv');
  const stamp = join(home, 'ready');
  const wanted = await readFile(installer, 'utf8');
  if (existsSync(uv) && (await readFile(stamp, 'utf8').catch(() => '')) === wanted) return uv;
  await rm(home, { recursive: true, force: true });
  await execute([interpreter.path, '-m', 'venv', home], 'The Python environment could not be made');
  const pip = [join(home, 'bin', 'python'), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r', installer] as const;
  await execute(pip, 'The Python installer uv could not be fetched');
  await writeAtomic(stamp, wanted);
  return uv;
}

async function execute(argv: readonly [string, ...string[]], failure: string): Promise<void> {
  const env: NodeJS.ProcessEnv = { ...process.env };
  // pip's certificate setting is for pip; uv reads the general one.
  if (env['PIP_CERT'] !== undefined) env['SSL_CERT_FILE'] ??= env['PIP_CERT'];
  const { code, stdout, stderr } = await capture(argv, { env });
  if (code === 0) return;
  const lastLines = `${stdout}\n${stderr}`.trim().split('\n').slice(-30);
  throw new WorldError(failure, {
    remedy: 'Check the network and the free disk space, then run it again: what was fetched is not fetched twice.',
    lastLines,
  });
}

/** Tells how much has arrived, by what lies on the disk (unpacked, so it runs ahead of the download). */
async function watch<T>(home: string, what: string, onProgress: OnProgress, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    void diskBytes(home).then((bytes) => onProgress({ what, doneBytes: Math.min(DOWNLOAD_BYTES, Math.round(bytes / 3)), totalBytes: DOWNLOAD_BYTES }));
  }, 500);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
