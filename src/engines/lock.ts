import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';

import { startedAt } from '#src/process.ts';

export interface Lock {
  release(): Promise<void>;
}

export interface Owner {
  readonly pid: number;
  readonly startedAt: string;
}

/** Takes a lock file for this process, or gives undefined when a living process holds it. A dead one's is taken over. */
export async function lock(path: string, owner: Owner): Promise<Lock | undefined> {
  const mine = `${path}.${owner.pid}`;
  await writeFile(mine, JSON.stringify(owner), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      // A link appears whole or not at all, so nobody reads a half-written owner.
      if (await link(mine, path).then(() => true, isTaken)) return { release: () => release(path, owner) };
      const holder = await readOwner(path);
      if (holder !== undefined && (await isAlive(holder))) return undefined;
      await takeAway(path, `${mine}.stale`);
    }
    return undefined;
  } finally {
    await rm(mine, { force: true });
  }
}

function isTaken(error: NodeJS.ErrnoException): false {
  if (error.code === 'EEXIST') return false;
  throw error;
}

/** Moves a stale lock out of the way; one that somebody took just before the move is put back. */
async function takeAway(path: string, aside: string): Promise<void> {
  await rename(path, aside).catch(() => undefined);
  const moved = await readOwner(aside);
  if (moved !== undefined && (await isAlive(moved))) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function release(path: string, owner: Owner): Promise<void> {
  const holder = await readOwner(path);
  if (holder?.pid === owner.pid && holder.startedAt === owner.startedAt) await rm(path, { force: true });
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, startedAt: began }: Owner): Promise<boolean> {
  return (await startedAt(pid)) === began;
}
