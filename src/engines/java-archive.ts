import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '#src/deadline.ts';
import type { StartContext } from '#src/engines/engine.ts';
import type { Paths } from '#src/paths.ts';
import { majorOf, type ReadyJava } from '#src/engines/java.ts';
import { lock } from '#src/lock.ts';
import { startedAt } from '#src/process.ts';

/** The first version that writes the archive by itself at the end of one run. */
const WITH_ARCHIVE = 25;

export interface Program {
  /** Of its file. */
  readonly name: string;
  /** As it is told to who waits for it. */
  readonly title: string;
  readonly java: ReadyJava;
  /** The archive holds for exactly these jars in this order, and these flags. */
  readonly classPath: readonly string[];
  readonly flags: readonly string[];
  /** Runs the program once with the flags given until it has answered, and ends it in order. */
  readonly train: (flags: readonly string[]) => Promise<void>;
}

/**
 * Flags by which Java finds the program's classes loaded and linked. The archive is made once on the machine, at the first
 * start, by a run for nothing but that; a program starts without it where that fails, only slower.
 */
export async function archiveFlags(program: Program, context: StartContext): Promise<readonly string[]> {
  const { name, title, java } = program;
  if (majorOf(java.version) < WITH_ARCHIVE) return [];
  const home = join(context.paths.cache, 'java');
  const path = join(home, `${name}-${keyOf(program)}.aot`);
  const flags = [`-XX:AOTCache=${path}`];
  if (existsSync(path)) return flags;
  await mkdir(home, { recursive: true });
  const owner = { pid: process.pid, startedAt: (await startedAt(process.pid)) ?? '' };
  const what = `Preparing ${title} for quick starts, once`;
  context.onProgress({ what });
  const held = await until(what, () => lock(`${path}.lock`, owner), { deadlineMs: 600_000, signal: context.signal });
  const partial = `${path}.${process.pid}-${randomBytes(3).toString('hex')}`;
  try {
    if (existsSync(path)) return flags;
    await program.train([`-XX:AOTCacheOutput=${partial}`]);
    await rename(partial, path);
    await removeOld(home, name, path);
    return flags;
  } catch (error) {
    context.signal?.throwIfAborted();
    context.log.write(`no archive of classes for ${name}: ${String(error)}`);
    return [];
  } finally {
    for (const left of [partial, `${partial}.config`]) await rm(left, { force: true });
    await held.release();
  }
}

export async function removeArchives(paths: Pick<Paths, 'cache'>, name: string): Promise<void> {
  await removeOld(join(paths.cache, 'java'), name, '');
}

/** Archives of the same program with other jars or flags; who still runs from one keeps it open. */
async function removeOld(home: string, name: string, path: string): Promise<void> {
  const old = (await readdir(home).catch(() => [])).filter((file) =>
    /^[0-9a-f]{12}\.aot$/.test(file.slice(name.length + 1)),
  );
  for (const file of old)
    if (file.startsWith(`${name}-`) && join(home, file) !== path) await rm(join(home, file), { force: true });
}

function keyOf({ java, classPath, flags }: Program): string {
  return createHash('sha256')
    .update([java.program, java.version, ...classPath, ...flags].join('\n'))
    .digest('hex')
    .slice(0, 12);
}
