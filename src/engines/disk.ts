import { lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { WorldError } from '#src/error.ts';

/** The size of a folder's files in bytes; links are not followed, and what vanishes meanwhile counts nothing. */
export async function diskBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await lstat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A disk that becomes full to the last byte harms everybody else. */
const SPARE_BYTES = 20_000_000;

/** Fails where the folder's disk has no room for this and something beside it. */
export async function checkSpace(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < neededBytes + Math.min(neededBytes, SPARE_BYTES)) throw diskFull(neededBytes, bavail * bsize);
}

/** Whether these words of a program, of whatever kind, tell of a full disk. */
export function isDiskFull(words: string): boolean {
  return /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/i.test(words);
}

/** What is told when there is no room for what is to be fetched. */
export function diskFull(neededBytes?: number, freeBytes?: number): WorldError {
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  const how =
    neededBytes === undefined || freeBytes === undefined
      ? ''
      : `: ${megabytes(neededBytes)} are needed, ${megabytes(freeBytes)} are free`;
  return new WorldError(`The disk is full${how}`, {
    remedy: 'Make room, or set DEJ_CACHE to a folder on another disk; then run it again.',
  });
}
