import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

import type { History } from '#src/faults/history.ts';

const MAX_FILES = 200;
const MAX_DEPTH = 4;

/** Notices which files changed between two looks, by what the file system says of them; nothing is watched meanwhile. */
export interface Changes {
  /** Tells the history each file that was made or written since the last look, at the time it was written. */
  look(): Promise<void>;
}

export async function watchChanges(folders: readonly string[], history: History): Promise<Changes> {
  let known = await snapshot(folders);
  const look = async (): Promise<void> => {
    const now = await snapshot(folders);
    for (const [path, { name, mtimeMs, size, inode }] of now) {
      const before = known.get(path);
      if (before?.mtimeMs === mtimeMs && before.size === size && before.inode === inode) continue;
      history.tell({
        atMs: history.timeOf(mtimeMs),
        lane: 'file',
        kind: 'changed',
        text: `${name} ${before === undefined ? 'appeared' : 'was written'}`,
        detail: { path: name, bytes: size },
      });
    }
    known = now;
  };
  // Two points may come at once; one look at a time keeps what is known whole.
  let last = Promise.resolve();
  return {
    look: () => {
      last = last.then(look, look);
      return last;
    },
  };
}

interface Seen {
  readonly name: string;
  readonly mtimeMs: number;
  readonly size: number;
  readonly inode: number;
}

async function snapshot(folders: readonly string[]): Promise<Map<string, Seen>> {
  const seen = new Map<string, Seen>();
  for (const folder of folders) await walk(folder, folder, 0, seen);
  return seen;
}

async function walk(root: string, folder: string, depth: number, seen: Map<string, Seen>): Promise<void> {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (seen.size >= MAX_FILES) return;
    if (entry.name === 'node_modules' || entry.name === '__pycache__' || entry.name === '.venv') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth < MAX_DEPTH) await walk(root, path, depth + 1, seen);
      continue;
    }
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true) continue;
    seen.set(path, { name: relative(root, path), mtimeMs: found.mtimeMs, size: found.size, inode: found.ino });
  }
}
