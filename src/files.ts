import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';

import { LearnerError } from '#src/error.ts';

/**
 * Replaces a file so that a reader, or a machine that loses power, sees the old content or the new, never a part:
 * temporary file in the same folder, fsync, rename, fsync of the folder (the rename itself lives there).
 */
export async function writeAtomic(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** The same for a file of the learner's: it keeps who may read it, and where it is a link, the link. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const real = await realpath(path).catch(() => path);
  const mode = await stat(real).then(
    (found) => found.mode & 0o777,
    () => 0o644,
  );
  await writeAtomic(real, content, mode);
}

/** Makes durable which names a folder holds: a file that was made or renamed survives a loss of power only then. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The real path of `path` below `root`, links resolved, or an error: nothing outside the root is ever touched. */
export async function resolveInside(root: string, path: string): Promise<string> {
  const outside = (): LearnerError =>
    new LearnerError(`${JSON.stringify(path)} is not inside ${basename(root)}/`, 'Give a path inside that folder.');
  if (path.includes('\0')) throw outside();
  const realRoot = await realpath(root);
  const wanted = resolve(realRoot, path);
  if (wanted !== realRoot && !wanted.startsWith(realRoot + sep)) throw outside();
  const real = await realpath(wanted);
  if (real !== realRoot && !real.startsWith(realRoot + sep)) throw outside();
  return real;
}
