import { randomUUID } from 'node:crypto';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Clock } from '#src/clock.ts';
import { WorldError } from '#src/error.ts';
import { syncFolder } from '#src/files.ts';
import { FORMAT_VERSION, versionOf, type JournalEvent, type NewEvent } from '#src/journal/event.ts';
import { readEvents, withAdded, type Reading } from '#src/journal/reading.ts';

export interface EventLog {
  /** What the file says now; read anew only when it changed. */
  read(): Promise<Reading>;
  /**
   * Adds events and resolves when they are on the disk. The caller holds the journal's lock. Rejects, and takes back
   * what was written, when not all of it could be.
   */
  append(events: readonly NewEvent[]): Promise<readonly JournalEvent[]>;
}

export const EVENTS_FILE = 'events.jsonl';

export function eventLog(folder: string, machine: string, clock: Clock): EventLog {
  const path = join(folder, EVENTS_FILE);
  let known: { stamp: string; reading: Reading } | undefined;
  const read = async (): Promise<Reading> => {
    for (;;) {
      const stamp = await stampOf(path);
      if (known?.stamp === stamp) return known.reading;
      const reading = readEvents(await textOf(path));
      // Somebody may have written while we read; then what we read has no stamp of its own.
      if ((await stampOf(path)) === stamp) return (known = { stamp, reading }).reading;
    }
  };
  return {
    read,
    async append(events) {
      // Reading first refuses a file of a newer format before a byte of it is touched.
      const before = await read();
      const { lastSeq } = before;
      const first = (lastSeq.get(machine) ?? 0) + 1;
      const at = new Date(clock()).toISOString();
      const written = events.map((event, index): JournalEvent => ({
        id: randomUUID(),
        at,
        machine,
        seq: first + index,
        v: versionOf(event.kind),
        ...event,
      }));
      const lines = written.map((event) => JSON.stringify(event));
      const sizes = await appendLines(path, lines);
      const stamp = await stampOf(path);
      // A long file is not read again for a line that we know; anything else than that line in it is a reason to.
      const isOnlyOurs = known?.stamp.startsWith(`${inodeOf(stamp)} ${sizes.before} `) === true;
      if (isOnlyOurs && stamp.startsWith(`${inodeOf(stamp)} ${sizes.after} `))
        known = { stamp, reading: withAdded(before, written) };
      return written;
    },
  };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw unreadable(path, error);
  }
}

/** Changes whenever the file does: a merge puts another file in its place, an append makes it longer. */
async function stampOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw unreadable(path, error);
  }
}

function inodeOf(stamp: string): string {
  return stamp.split(' ')[0] ?? '';
}

/** Gives the file's sizes before and after. */
async function appendLines(path: string, lines: readonly string[]): Promise<{ before: number; after: number }> {
  let file: FileHandle;
  try {
    file = await open(path, 'a+');
  } catch (error) {
    throw unwritable(path, error);
  }
  try {
    const { size } = await file.stat();
    const head = size === 0 ? `${JSON.stringify({ format: 'events', version: FORMAT_VERSION })}\n` : '';
    // The last writer may have died in the middle of a line: it must not swallow the first of ours.
    const gap = size > 0 && (await lastByte(file, size)) !== 0x0a ? '\n' : '';
    const bytes = Buffer.from(`${head}${gap}${lines.join('\n')}\n`);
    try {
      const { bytesWritten } = await file.write(bytes);
      if (bytesWritten < bytes.length) throw new Error(`only ${bytesWritten} of ${bytes.length} bytes fitted`);
      await file.sync();
    } catch (error) {
      // Nothing of it was acknowledged. Where even this fails, the next append starts on a line of its own.
      await file.truncate(size).catch(() => undefined);
      throw unwritable(path, error);
    }
    if (size === 0) await syncFolder(dirname(path));
    return { before: size, after: size + bytes.length };
  } finally {
    await file.close();
  }
}

async function lastByte(file: FileHandle, size: number): Promise<number | undefined> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0];
}

function unreadable(path: string, cause: unknown): WorldError {
  return new WorldError(`can't read ${path}: ${messageOf(cause)}`, {
    remedy: 'Make it readable for you; nothing was changed.',
    cause,
  });
}

export function unwritable(path: string, cause: unknown): WorldError {
  return new WorldError(`could not save to ${path}: ${messageOf(cause)}`, {
    remedy: 'Make room on the disk, or make the folder writable for you, and do it again: this was not saved.',
    cause,
  });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
