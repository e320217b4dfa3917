import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { until } from '#src/deadline.ts';
import { checkSpace, diskBytes, diskFull, isDiskFull } from '#src/engines/disk.ts';
import type { OnProgress } from '#src/engines/engine.ts';
import { lock, type Lock } from '#src/lock.ts';
import type { Interpreter } from '#src/engines/python-interpreter.ts';
import { WorldError } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';
import { ownRoot, type Paths } from '#src/paths.ts';
import { capture, startedAt } from '#src/process.ts';

/** Packages that one environment holds, locked by version and hash. */
export interface FamilySpec {
  readonly name: string;
  /** What a person is told that it is; the Python packages, unless said otherwise. */
  readonly what?: string;
  /** Path of the lock file. */
  readonly requirements: string;
  /** Path of the lock file of packages that come as source alone; what builds them stands in `requirements`. */
  readonly sources?: string;
  /** Without what the packages say they depend on. */
  readonly alone?: boolean;
  /** Wheels and the tool that fetches them, in bytes, about. */
  readonly downloadBytes: number;
  /** What the wheels take once unpacked, in bytes, about. */
  readonly unpackedBytes: number;
}

/** Measured for Linux x64 and CPython 3.11 on 2026-11-25; other platforms are alike. */
export const BASE_FAMILY: FamilySpec = {
  name: 'base',
  requirements: join(ownRoot(), 'src', 'engines', 'python', 'base.txt'),
  downloadBytes: 80_000_000,
  unpackedBytes: 200_000_000,
};

export interface ReadyFamily {
  readonly state: 'ready';
  readonly interpreter: string;
  readonly version: string;
  readonly diskBytes: number;
}

/** An environment: there, or what it takes to make it. */
export type Family =
  | ReadyFamily
  | {
      readonly state: 'absent';
      readonly downloadBytes: number;
      install(interpreter: Interpreter, onProgress: OnProgress, signal?: AbortSignal): Promise<ReadyFamily>;
    };

interface Ready {
  readonly interpreter: string;
  readonly version: string;
  readonly diskBytes: number;
  /** The name of the program behind the interpreter's links, like python3.11. */
  readonly program: string;
}

/**
 * A virtual environment can't be moved, so each attempt makes one at a place of its own; a small file that is written
 * last says which one counts. An attempt that was interrupted is therefore never used, and what it fetched is.
 */
export async function findFamily(paths: Pick<Paths, 'cache'>, spec: FamilySpec = BASE_FAMILY): Promise<Family> {
  const home = join(paths.cache, 'python');
  const key = `${spec.name}-${await digest(...lockFiles(spec))}`;
  const ready = await readReady(home, key);
  if (ready !== undefined) return ready;
  return {
    state: 'absent',
    downloadBytes: spec.downloadBytes,
    async install(interpreter, onProgress, signal) {
      await mkdir(home, { recursive: true });
      onProgress({ what: `Getting ${wordsFor(spec)}, once`, totalBytes: spec.downloadBytes });
      // Clones share the cache, and families the tool that fetches: one is made at a time, the others wait.
      const held = await until(`another installation of ${wordsFor(spec)}`, () => holdInstalls(home), {
        deadlineMs: 900_000,
        signal,
      });
      try {
        return (await readReady(home, key)) ?? (await make({ home, key, spec, interpreter, onProgress, signal }));
      } catch (error) {
        // Half an environment would only fill the disk further; what was fetched stays for the next attempt.
        await removeAttempts(home, key);
        throw isDiskFull(String(error)) ? diskFull() : error;
      } finally {
        await held.release();
      }
    },
  };
}

/** Keeps installations in this folder from beginning; undefined while another holds it. */
export async function holdInstalls(home: string): Promise<Lock | undefined> {
  const owner = { pid: process.pid, startedAt: (await startedAt(process.pid)) ?? '' };
  return lock(join(home, 'install.lock'), owner);
}

/** The file that says where the environment is, as JSON, once there is one. */
export async function pointerOf(paths: Pick<Paths, 'cache'>, spec: FamilySpec): Promise<string> {
  return join(paths.cache, 'python', `${spec.name}-${await digest(...lockFiles(spec))}.json`);
}

/** Removes the environment, and those of its earlier locks. */
export async function removeFamily(paths: Pick<Paths, 'cache'>, { name }: FamilySpec): Promise<void> {
  const home = join(paths.cache, 'python');
  const isOurs = new RegExp(`^${name}-[0-9a-f]{12}(\\.json|-[0-9a-f]{6})$`);
  for (const entry of (await readdir(home).catch(() => [])).filter((file) => isOurs.test(file)))
    await rm(join(home, entry), { recursive: true, force: true, maxRetries: 3 });
}

function wordsFor({ what = 'the Python packages' }: FamilySpec): string {
  return what;
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function lockFiles({ requirements, sources }: FamilySpec): string[] {
  return sources === undefined ? [requirements] : [requirements, sources];
}

async function digest(...paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(await readFile(path));
  return hash.digest('hex').slice(0, 12);
}

async function readReady(home: string, key: string): Promise<ReadyFamily | undefined> {
  try {
    const {
      interpreter,
      version,
      diskBytes: bytes,
      program,
    } = JSON.parse(await readFile(join(home, `${key}.json`), 'utf8')) as Ready;
    // The Python it was made from may have been removed since, or replaced by one that would not find the packages.
    const isSame = basename(await realpath(interpreter)) === program;
    return isSame ? { state: 'ready', interpreter, version, diskBytes: bytes } : undefined;
  } catch {
    return undefined;
  }
}

interface Making {
  readonly home: string;
  readonly key: string;
  readonly spec: FamilySpec;
  readonly interpreter: Interpreter;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal | undefined;
}

async function make(making: Making): Promise<ReadyFamily> {
  const { home, key, spec, interpreter, signal } = making;
  await removeAttempts(home, key);
  const uv = await findInstaller(making);
  await checkSpace(home, Math.max(0, spec.unpackedBytes - (await diskBytes(join(home, 'fetched')))));
  const folder = attempt(home, key);
  // What was fetched lies there until the environment is whole, so that an interrupted attempt is taken up again.
  const fetched = join(home, 'fetched');
  await execute(
    [interpreter.path, '-I', '-m', 'venv', '--without-pip', folder],
    'The Python environment could not be made',
    signal,
  );
  const own = join(folder, 'bin', 'python');
  const how = [
    ...['--require-hashes', '--compile-bytecode', '--no-config', '--no-python-downloads'],
    ...['--cache-dir', fetched, '--python', own],
  ];
  const install = (...more: readonly string[]): Promise<void> =>
    execute([uv, 'pip', 'install', ...how, ...more], `${sentence(wordsFor(spec))} could not be fetched`, signal);
  await watch(fetched, making, async () => {
    const alone = spec.alone === true ? ['--no-deps'] : [];
    await install('--only-binary', ':all:', ...alone, '-r', spec.requirements);
    // Built with what was just installed and nothing else, so that what builds is locked too.
    if (spec.sources !== undefined) await install('--no-deps', '--no-build-isolation', '-r', spec.sources);
  });
  const program = basename(await realpath(own));
  const ready: Ready = { interpreter: own, version: interpreter.version, diskBytes: await diskBytes(folder), program };
  await writeAtomic(join(home, `${key}.json`), JSON.stringify(ready));
  await rm(fetched, { recursive: true, force: true });
  return { state: 'ready', interpreter: own, version: ready.version, diskBytes: ready.diskBytes };
}

/**
 * Path of uv, which arrives as a wheel through pip, by hash; it then fetches the packages in seconds where pip takes half
 * a minute. Called by who holds the lock.
 */
export async function findInstaller({
  home,
  interpreter,
  signal,
}: Pick<Making, 'home' | 'interpreter' | 'signal'>): Promise<string> {
  const requirements = join(ownRoot(), 'src', 'engines', 'python', 'installer.txt');
  const key = `uv-${await digest(requirements)}`;
  const pointer = join(home, key);
  const known = await readFile(pointer, 'utf8').catch(() => '');
  if (existsSync(known)) return known;
  await removeAttempts(home, key);
  const folder = attempt(home, key);
  await execute([interpreter.path, '-I', '-m', 'venv', folder], 'The Python environment could not be made', signal);
  const how = ['--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '--require-hashes'] as const;
  await execute(
    [join(folder, 'bin', 'python'), '-m', 'pip', 'install', ...how, '-r', requirements],
    'The tool that installs Python packages could not be fetched',
    signal,
  );
  const uv = join(folder, 'bin', 'uv');
  await writeAtomic(pointer, uv);
  return uv;
}

function attempt(home: string, key: string): string {
  return join(home, `${key}-${randomBytes(3).toString('hex')}`);
}

/** Called only by who holds the lock and found nothing that counts. */
async function removeAttempts(home: string, key: string): Promise<void> {
  const left = (await readdir(home)).filter((name) => name.startsWith(`${key}-`));
  for (const name of left) await rm(join(home, name), { recursive: true, force: true, maxRetries: 3 });
}

async function execute(
  argv: readonly [string, ...string[]],
  failure: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const env: NodeJS.ProcessEnv = { ...process.env };
  // These are pip's names; uv has its own for the same.
  if (env['PIP_CERT'] !== undefined) env['SSL_CERT_FILE'] ??= env['PIP_CERT'];
  if (env['PIP_INDEX_URL'] !== undefined) env['UV_DEFAULT_INDEX'] ??= env['PIP_INDEX_URL'];
  signal?.throwIfAborted();
  const { code, stdout, stderr } = await capture(argv, { env, group: true, abort: signal });
  signal?.throwIfAborted();
  if (code === 0) return;
  const said = `${stdout}\n${stderr}`;
  if (isDiskFull(said)) throw diskFull();
  const lastLines = said.trim().split('\n').slice(-30);
  throw new WorldError(failure, {
    remedy: 'Check the network and the free disk space, then run it again: what was fetched is not fetched twice.',
    lastLines,
  });
}

/** Tells how much has arrived, by what lies unpacked on the disk. */
async function watch(folder: string, { spec, onProgress }: Making, work: () => Promise<void>): Promise<void> {
  const what = `Getting ${wordsFor(spec)}, once`;
  const totalBytes = spec.downloadBytes;
  const timer = setInterval(() => {
    const tell = (bytes: number): void =>
      onProgress({ what, doneBytes: Math.round(totalBytes * Math.min(1, bytes / spec.unpackedBytes)), totalBytes });
    void diskBytes(folder).then(tell, () => undefined);
  }, 1000);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
}
