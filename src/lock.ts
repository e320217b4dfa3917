import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';

import { startedAt } from '#src/process.ts';

export interface Lock {
  /** Two that take over a stale lock at once may for a moment both believe to hold it; one of them sees here that it does not. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

export interface Owner {
  readonly pid: number;
  readonly startedAt: string;
}

/** Two attempts of one process must not share the file that each links into place. */
let attempts = 0;

/** Takes a lock file for this process, or gives undefined when a living process holds it. A dead one's is taken over. */
export async function lock(path: string, owner: Owner): Promise<Lock | undefined> {
  const mine = `${path}.${owner.pid}.${attempts++}`;
  await writeFile(mine, JSON.stringify(owner), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      // A link appears whole or not at all, so nobody reads a half-written owner.
      if (await link(mine, path).then(() => true, isTaken))
        return { isHeld: () => isHeldBy(path, owner), release: () => release(path, owner) };
      if ((await livingOwner(path)) !== undefined) return undefined;
      await takeAway(path, `${mine}.stale`);
    }
    return undefined;
  } finally {
    await rm(mine, { force: true });
  }
}

/** Who holds the lock now, if that process lives. */
export async function livingOwner(path: string): Promise<Owner | undefined> {
  const holder = await readOwner(path);
  return holder !== undefined && (await isAlive(holder)) ? holder : undefined;
}

function isTaken(error: NodeJS.ErrnoException): false {
  if (error.code === 'EEXIST') return false;
  throw error;
}

/** Moves a stale lock out of the way; one that somebody took just before the move is put back. */
async function takeAway(path: string, aside: string): Promise<void> {
  await rename(path, aside).catch(() => undefined);
  if ((await livingOwner(aside)) !== undefined) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isHeldBy(path: string, { pid, startedAt: began }: Owner): Promise<boolean> {
  const holder = await readOwner(path);
  return holder?.pid === pid && holder.startedAt === began;
}

async function release(path: string, owner: Owner): Promise<void> {
  if (await isHeldBy(path, owner)) await rm(path, { force: true });
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
