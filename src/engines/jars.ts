import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '#src/deadline.ts';
import { diskBytes } from '#src/engines/disk.ts';
import type { OnProgress } from '#src/engines/engine.ts';
import { fetchJars, type Jar } from '#src/engines/jars-fetch.ts';
import { WorldError } from '#src/error.ts';
import { lock } from '#src/lock.ts';
import { ownRoot, type Paths } from '#src/paths.ts';
import { startedAt } from '#src/process.ts';

/** The jars that one engine runs on. `roots` and `without` are what `npm run pin:jars` resolves them from. */
export interface JarSet {
  readonly roots: readonly string[];
  /** `group:artifact` of what the roots name and the engine never loads. */
  readonly without?: readonly string[];
  readonly jars: readonly Jar[];
}

export interface ReadyJars {
  readonly state: 'ready';
  /** Paths of the jars, in an order that never changes: an archive of classes holds only for the same class path. */
  readonly paths: readonly string[];
  readonly diskBytes: number;
}

export type Jars =
  | ReadyJars
  | {
      readonly state: 'absent';
      /** What is still to be fetched. */
      readonly downloadBytes: number;
      install(onProgress: OnProgress, signal?: AbortSignal): Promise<ReadyJars>;
    };

export const PINS = join(ownRoot(), 'src', 'engines', 'jars.json');

export async function readPins(path: string = PINS): Promise<Readonly<Record<string, JarSet>>> {
  return JSON.parse(await readFile(path, 'utf8')) as Record<string, JarSet>;
}

/** The jars of an engine by the name of their set in jars.json. */
export async function findJars(paths: Pick<Paths, 'cache'>, name: string): Promise<Jars> {
  const set = (await readPins())[name];
  if (set === undefined) throw new Error(`no set of jars ${name}`);
  return findSet(paths, name, set);
}

/**
 * A jar lies in the cache, which clones share, under a name that holds the hash of its content. It is moved there only
 * after that was compared, so what lies there is whole; an attempt that was interrupted keeps the jars that were done.
 */
export async function findSet(paths: Pick<Paths, 'cache'>, name: string, set: JarSet): Promise<Jars> {
  const home = join(paths.cache, 'jars');
  const wanted = set.jars.map((jar) => ({ jar, path: join(home, fileName(jar)) }));
  const absent = await missingOf(wanted);
  const ready: ReadyJars = {
    state: 'ready',
    paths: wanted.map(({ path }) => path),
    diskBytes: sum(set.jars),
  };
  if (absent.length === 0) return ready;
  return {
    state: 'absent',
    downloadBytes: sum(absent.map(({ jar }) => jar)),
    async install(onProgress, signal) {
      await mkdir(home, { recursive: true });
      const owner = { pid: process.pid, startedAt: (await startedAt(process.pid)) ?? '' };
      const held = await until(`another installation of ${name}`, () => lock(join(home, `${name}.lock`), owner), {
        deadlineMs: 900_000,
        signal,
      });
      try {
        await fetchAll({ home, name, wanted, onProgress, signal });
      } finally {
        await held.release();
      }
      return ready;
    },
  };
}

/** Removes the jars of a set; another engine that stands on some of them fetches those anew. */
export async function removeJars(paths: Pick<Paths, 'cache'>, name: string): Promise<void> {
  const set = (await readPins())[name];
  for (const path of set === undefined ? [] : jarPaths(paths, set)) await rm(path, { force: true });
}

/** Where the jars of a set lie, or will lie. */
export function jarPaths({ cache }: Pick<Paths, 'cache'>, { jars }: JarSet): string[] {
  return jars.map((jar) => join(cache, 'jars', fileName(jar)));
}

interface Wanted {
  readonly jar: Jar;
  readonly path: string;
}

interface Fetching {
  readonly home: string;
  readonly name: string;
  readonly wanted: readonly Wanted[];
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal | undefined;
}

async function fetchAll({ home, name, wanted, onProgress, signal }: Fetching): Promise<void> {
  const absent = await missingOf(wanted);
  const totalBytes = sum(wanted.map(({ jar }) => jar));
  let doneBytes = totalBytes - sum(absent.map(({ jar }) => jar));
  const what = `Getting ${name}, once`;
  const tell = (arriving: number): void =>
    onProgress({ what, doneBytes: Math.min(doneBytes + arriving, totalBytes), totalBytes });
  tell(0);
  const partial = join(home, `${name}.partial`);
  // Halves that a killed attempt left; whoever holds the lock is alone here.
  await rm(partial, { recursive: true, force: true });
  const folder = join(partial, randomBytes(4).toString('hex'));
  await mkdir(folder, { recursive: true });
  const timer = setInterval(() => void diskBytes(folder).then(tell), 500);
  try {
    await fetchJars(
      absent.map(({ jar }) => jar),
      folder,
      {
        signal,
        async onFile(jar, file) {
          await check(jar, file);
          await rename(file, join(home, fileName(jar)));
          doneBytes += jar.bytes;
        },
      },
    );
  } finally {
    clearInterval(timer);
    await rm(partial, { recursive: true, force: true, maxRetries: 3 });
  }
  tell(0);
}

async function check(jar: Jar, file: string): Promise<void> {
  const found = await digest(file);
  if (found === jar.sha256) return;
  throw new WorldError(`${jar.coordinates} is not the file that was expected`, {
    remedy:
      'It was thrown away. Run it again; where it comes out of a mirror or a proxy, that one holds a wrong file (see docs/engines.md).',
    lastLines: [`SHA-256 expected ${jar.sha256}`, `SHA-256 of what came ${found}`],
  });
}

export async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function missingOf(wanted: readonly Wanted[]): Promise<Wanted[]> {
  const sizes = await Promise.all(
    wanted.map(({ path }) =>
      stat(path).then(
        ({ size }) => size,
        () => undefined,
      ),
    ),
  );
  return wanted.filter(({ jar }, i) => sizes[i] !== jar.bytes);
}

function fileName({ coordinates, sha256 }: Jar): string {
  const [, artifact = '', version = '', , classifier] = coordinates.split(':');
  const words = [artifact, version, classifier].filter((word) => word !== undefined);
  return `${words.join('-')}.${sha256.slice(0, 12)}.jar`;
}

function sum(jars: readonly Jar[]): number {
  return jars.reduce((bytes, jar) => bytes + jar.bytes, 0);
}
