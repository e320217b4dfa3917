import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '#src/clock.ts';
import { replaceFile } from '#src/files.ts';
import { backUp, type Backup } from '#src/journal/backup.ts';
import { EVENTS_FILE } from '#src/journal/event-log.ts';
import { FORMAT_VERSION, readLine } from '#src/journal/event.ts';

/** What turns the text of `events.jsonl` from one format into the next, by the format that it starts from. */
export type Migrations = Readonly<Record<number, (text: string) => string>>;

const MIGRATIONS: Migrations = {
  // A file that says no format: its lines are those of format 1, and only the line that says so is missing.
  0: (text) => `${JSON.stringify({ format: 'events', version: 1 })}\n${text}`,
};

/** The format that a file says, wherever a merge left that line; 0 where it says none, undefined where it is empty. */
export function formatOf(text: string): number | undefined {
  if (text.trim() === '') return undefined;
  // Where two machines' lines were merged, both may say one; the newest is what the file must be read as.
  const said = text.split('\n').flatMap((line) => {
    if (!line.includes('"format"')) return [];
    const read = readLine(line);
    return read.is === 'format' ? [read.version] : [];
  });
  return Math.max(0, ...said);
}

/**
 * Brings `events.jsonl` to the format that this version writes, one step after the other. The whole folder is backed up
 * first. Whoever calls holds the journal's lock. Gives the backup, or undefined where there was nothing to do.
 */
export async function migrate(
  folder: string,
  clock: Clock,
  { migrations = MIGRATIONS, target = FORMAT_VERSION }: { migrations?: Migrations; target?: number } = {},
): Promise<Backup | undefined> {
  const path = join(folder, EVENTS_FILE);
  const text = await readFile(path, 'utf8').catch(() => '');
  const from = formatOf(text);
  if (from === undefined || from >= target) return undefined;
  let changed = text;
  for (let format = from; format < target; format++) changed = migrations[format]?.(changed) ?? changed;
  const backup = await backUp(folder, `before-format-${target}`, clock());
  await replaceFile(path, changed);
  return backup;
}
