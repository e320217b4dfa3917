import { appendFile, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { CheckEvent } from '#src/commands/check.ts';
import type { WatchEvent } from '#src/commands/watch.ts';
import { pause } from '#src/deadline.ts';
import { reportOf } from '#src/error.ts';
import { startedAt } from '#src/process.ts';

/**
 * What a grading tells is also written into a file of the lab's runs while it goes on, so that the app shows it too when
 * a terminal began it, and again when a page is opened in its middle.
 */
export interface Began {
  readonly type: 'began';
  readonly verb: 'check' | 'watch' | 'replay';
  readonly from: 'terminal' | 'app';
  /** ISO 8601. */
  readonly at: string;
  readonly pid: number;
  /** With the pid it names one process. */
  readonly startedAt: string;
}

export type LiveEvent =
  | Began
  | CheckEvent
  | WatchEvent
  /** With what ended it, where that was trouble. */
  | { readonly type: 'ended'; readonly trouble?: { readonly message: string; readonly remedy: string } }
  /** Its process is gone and had no time to say so. */
  | { readonly type: 'vanished' };

export interface Run {
  readonly file: string;
  readonly began: Began;
}

const FOLDER = 'live';

/** Passes events on and writes them down. That they can't be written must not disturb the run. */
export async function* told<T extends CheckEvent | WatchEvent>(
  events: AsyncGenerator<T>,
  { runs, verb, from, at }: { runs: string; at: Date } & Pick<Began, 'verb' | 'from'>,
): AsyncGenerator<T> {
  const writer = await openWriter(runs, {
    type: 'began',
    verb,
    from,
    at: at.toISOString(),
    pid: process.pid,
    startedAt: (await startedAt(process.pid)) ?? '',
  });
  let end: LiveEvent = { type: 'ended' };
  try {
    for await (const event of events) {
      writer.write(event);
      yield event;
    }
  } catch (error) {
    const { message, remedy } = reportOf(error);
    end = { type: 'ended', trouble: { message, remedy } };
    throw error;
  } finally {
    writer.write(end);
    await writer.close();
  }
}

interface Writer {
  write(event: LiveEvent): void;
  close(): Promise<void>;
}

async function openWriter(runs: string, began: Began): Promise<Writer> {
  const folder = join(runs, FOLDER);
  const name = `${began.at.replace(/[-:.]/g, '')}-${process.pid}.jsonl`;
  let waiting: LiveEvent[] = [began];
  let work: Promise<void> | undefined;
  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting.map((event) => `${JSON.stringify(event)}\n`).join('');
      waiting = [];
      await appendFile(join(folder, name), lines);
    }
  };
  const begin = (): Promise<void> =>
    (work ??= flush()
      .catch(() => undefined)
      .finally(() => (work = undefined)));
  await sweep(folder);
  await mkdir(folder, { recursive: true }).catch(() => undefined);
  await begin();
  return {
    write(event) {
      // Of what is only on its way, the newest is enough.
      const last = waiting.at(-1);
      if (event.type === 'progress' && last?.type === 'progress') waiting[waiting.length - 1] = event;
      else waiting.push(event);
      void begin();
    },
    close: async () => {
      await begin();
      await begin();
    },
  };
}

/** Files of runs that are over go when the next one begins, so that a page had time to read their end. */
async function sweep(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    const began = await readBegan(join(folder, name));
    if (began === undefined || !(await lives(began)) || (await isOver(join(folder, name))))
      await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}

/** The newest run of a lab that goes on now, in whatever process. */
export async function currentRun(runs: string): Promise<Run | undefined> {
  const folder = join(runs, FOLDER);
  for (const name of (await namesIn(folder)).reverse()) {
    const file = join(folder, name);
    const began = await readBegan(file);
    if (began !== undefined && (await lives(began)) && !(await isOver(file))) return { file, began };
  }
  return undefined;
}

const EVERY_MS = 100;
/** How many looks without news until it is asked whether the process still lives. */
const QUIET_LOOKS = 20;

/** All that a run told so far and what it goes on to tell, until it ends. */
export async function* follow({ file, began }: Run, signal: AbortSignal): AsyncGenerator<LiveEvent> {
  let position = 0;
  let quiet = 0;
  let lived = true;
  while (!signal.aborted) {
    const fresh = await readFrom(file, position);
    position += fresh?.byteLength ?? 0;
    for (const line of (fresh?.toString('utf8') ?? '').split('\n')) {
      const event = parseLine(line);
      if (event !== undefined) yield event;
      if (event?.type === 'ended') return;
    }
    quiet = (fresh?.byteLength ?? 0) > 0 ? 0 : quiet + 1;
    // What it wrote last was read after it was seen to be gone.
    if (fresh === undefined || !lived) {
      yield { type: 'vanished' };
      return;
    }
    if (quiet % QUIET_LOOKS === QUIET_LOOKS - 1) lived = await lives(began);
    else if (quiet > 0) await pause(EVERY_MS, signal).catch(() => undefined);
  }
}

/** Whole characters only: bytes after the last line's end are read again next time. */
async function readFrom(file: string, position: number): Promise<Buffer | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.max(0, size - position));
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, position);
    const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    return buffer.subarray(0, end + 1);
  } finally {
    await handle.close();
  }
}

function parseLine(line: string): LiveEvent | undefined {
  try {
    return JSON.parse(line) as LiveEvent;
  } catch {
    return undefined;
  }
}

async function readBegan(file: string): Promise<Began | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const event = parseLine(text.split('\n', 1)[0] ?? '');
  return event?.type === 'began' ? event : undefined;
}

async function isOver(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return parseLine(text.trimEnd().split('\n').at(-1) ?? '')?.type === 'ended';
}

async function lives({ pid, startedAt: began }: Began): Promise<boolean> {
  return (await startedAt(pid)) === began;
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.jsonl')).sort();
}
