import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';

import { LearnerError } from '#src/error.ts';
import { syncFolder } from '#src/files.ts';

/** A copy of what the learner wrote and did, beside it in `journal/backups/`. */
export interface Backup {
  /** `20260105-090000-before-format-2` */
  readonly name: string;
  readonly folder: string;
  /** As many as it holds. */
  readonly files: number;
}

export const BACKUPS = 'backups';
/** The newest that are kept of those that were made by themselves; one that the learner asked for stays. */
const KEPT = 5;
const ASKED = 'asked';
/** What can be made again, what is ours alone, and what is large and not the learner's. */
const LEFT_OUT =
  /(^|[\\/])(runs|backups|portfolio|\.lock[^\\/]*|node_modules|\.venv|__pycache__|\.git|[^\\/]*\.tmp)([\\/]|$)/;

/** Copies the learner's folder. The copy appears whole or not at all; whoever calls holds the journal's lock. */
export async function backUp(journal: string, reason: string, nowMs: number): Promise<Backup> {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const all = join(journal, BACKUPS);
  const name = await freeName(all, `${stamp}-${reason}`);
  const half = join(all, `.${name}.half`);
  await mkdir(half, { recursive: true });
  // It belongs to this machine; a repository of the learner's has its own history.
  await writeFile(join(all, '.gitignore'), '*\n');
  for (const entry of await readdir(journal))
    if (!LEFT_OUT.test(entry))
      await cp(join(journal, entry), join(half, entry), {
        recursive: true,
        verbatimSymlinks: true,
        preserveTimestamps: true,
        filter: (source) => !LEFT_OUT.test(relative(journal, source)),
      });
  await syncFolder(half);
  await rename(half, join(all, name));
  await syncFolder(all);
  await prune(all);
  return { name, folder: join(all, name), files: (await filesIn(join(all, name))).length };
}

async function freeName(all: string, wanted: string): Promise<string> {
  const taken: readonly string[] = await readdir(all).catch(() => []);
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`;
    if (!taken.includes(name)) return name;
  }
}

async function prune(all: string): Promise<void> {
  const own = (await names(all)).filter((name) => !name.includes(`-${ASKED}`));
  for (const name of own.slice(0, -KEPT)) await rm(join(all, name), { recursive: true, force: true });
  const halves = (await readdir(all)).filter((name) => name.endsWith('.half'));
  for (const name of halves) await rm(join(all, name), { recursive: true, force: true });
}

/** The oldest first. */
async function names(all: string): Promise<string[]> {
  return (await readdir(all).catch(() => [])).filter((name) => /^\d{8}-\d{6}-/.test(name)).sort();
}

export async function listBackups(journal: string): Promise<Backup[]> {
  const all = join(journal, BACKUPS);
  return Promise.all(
    (await names(all)).map(async (name) => ({
      name,
      folder: join(all, name),
      files: (await filesIn(join(all, name))).length,
    })),
  );
}

/**
 * Puts the files of a backup back. What they replace is backed up before; a file that is not in the backup stays, because
 * nothing of the learner's is ever deleted.
 */
export async function restoreBackup(
  journal: string,
  wanted: string,
  nowMs: number,
): Promise<{ readonly saved: Backup }> {
  const found = (await listBackups(journal)).find(({ name }) => name === wanted);
  if (found === undefined)
    throw new LearnerError(
      `there is no backup ${JSON.stringify(wanted)}`,
      './dej backup list names those that are there.',
    );
  // Read before the new backup is made: making one prunes the oldest, which may be the one that is wanted.
  const files = await Promise.all(
    (await filesIn(found.folder)).map(async (path) => ({ path, content: await readFile(join(found.folder, path)) })),
  );
  const saved = await backUp(journal, 'before-restore', nowMs);
  for (const { path, content } of files) await putBack(join(journal, path), content);
  return { saved };
}

async function putBack(path: string, content: Uint8Array): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  const fresh = join(path, '..', `.${basename(path)}.restored.tmp`);
  await writeFile(fresh, content);
  await rename(fresh, path);
}

/** Below the folder, with slashes. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
