import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '#src/deadline.ts';
import { diskBytes } from '#src/engines/disk.ts';
import { JAVA_FAMILY } from '#src/engines/java.ts';
import { BASE_FAMILY, holdInstalls, pointerOf } from '#src/engines/python-family.ts';
import { LAKE, PYSPARK } from '#src/engines/python.ts';
import type { Paths } from '#src/paths.ts';
import { titled } from '#src/process.ts';

/** An environment that another version of the app has made, and this one would not use. */
export interface OldEnvironment {
  /** The family's name and what its lock file held, like `base-81aecdeff0fd`. */
  readonly key: string;
  readonly bytes: number;
}

export interface Removal {
  readonly removed: readonly OldEnvironment[];
  /** Those that a program runs from now. */
  readonly kept: readonly OldEnvironment[];
}

const FAMILIES = [BASE_FAMILY, LAKE.family, PYSPARK.family, JAVA_FAMILY];
const ENTRY = new RegExp(`^((?:${FAMILIES.map(({ name }) => name).join('|')})-[0-9a-f]{12})(?:\\.json|-[0-9a-f]{6})$`);

/**
 * What other locks have left in the cache that clones share. Another clone, of an older version, may still want it: so it is
 * told and removed on demand, never by itself; that clone would fetch it again.
 */
export async function oldEnvironments(paths: Pick<Paths, 'cache'>): Promise<OldEnvironment[]> {
  const home = join(paths.cache, 'python');
  const current = new Set(await Promise.all(FAMILIES.map((spec) => pointerOf(paths, spec))));
  const byKey = Map.groupBy(await readdir(home).catch(() => []), (entry) => ENTRY.exec(entry)?.[1]);
  const old = [...byKey].flatMap(([key, entries]) =>
    key === undefined || current.has(join(home, `${key}.json`)) ? [] : [{ key, entries }],
  );
  return Promise.all(
    old.map(async ({ key, entries }) => {
      const sizes = await Promise.all(entries.map((entry) => diskBytes(join(home, entry))));
      return { key, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
    }),
  );
}

/** Removes them, but for what runs; no installation is under way meanwhile. */
export async function removeOldEnvironments(paths: Pick<Paths, 'cache'>): Promise<Removal> {
  const home = join(paths.cache, 'python');
  const removed: OldEnvironment[] = [];
  const kept: OldEnvironment[] = [];
  if ((await oldEnvironments(paths)).length === 0) return { removed, kept };
  const what = 'an installation of Python packages';
  const held = await until(what, () => holdInstalls(home), { deadlineMs: 900_000 });
  try {
    for (const old of await oldEnvironments(paths)) {
      const isRun = (await titled(join(home, `${old.key}-`))).length > 0;
      (isRun ? kept : removed).push(old);
      if (isRun) continue;
      // First what says that it counts, so that half of one is never used.
      const entries = (await readdir(home)).filter((entry) => ENTRY.exec(entry)?.[1] === old.key);
      for (const entry of entries.sort(pointersFirst))
        await rm(join(home, entry), { recursive: true, force: true, maxRetries: 3 });
    }
  } finally {
    await held.release();
  }
  return { removed, kept };
}

function pointersFirst(a: string, b: string): number {
  return Number(b.endsWith('.json')) - Number(a.endsWith('.json'));
}
