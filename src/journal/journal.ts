import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { systemClock, type Clock } from '#src/clock.ts';
import { until } from '#src/deadline.ts';
import { LearnerError } from '#src/error.ts';
import { replaceFile } from '#src/files.ts';
import { readCode, resetCode, saveCode, type CodeEdit, type CodeFile } from '#src/journal/code.ts';
import { eventLog, EVENTS_FILE, unwritable } from '#src/journal/event-log.ts';
import type { JournalEvent, NewEvent } from '#src/journal/event.ts';
import { parseLog, type Log } from '#src/journal/log.ts';
import { editLog, type LogEdit, type LogOutcome } from '#src/journal/log-edit.ts';
import { backUp, listBackups, restoreBackup, type Backup } from '#src/journal/backup.ts';
import { migrate } from '#src/journal/migrate.ts';
import { readNotes, saveNote, textOf, type NoteEdit, type NoteOutcome, type Notes } from '#src/journal/notes.ts';
import { handTicks, renderPage, type PageContent } from '#src/journal/page.ts';
import type { Reading } from '#src/journal/reading.ts';
import { lock, type Lock } from '#src/lock.ts';
import type { Paths } from '#src/paths.ts';
import { startedAt } from '#src/process.ts';

/**
 * The learner's own folder: `journal/` in the clone, or where `DEJ_JOURNAL` points. Plain files that belong to the
 * learner; it is made when the first thing is saved. Any number of processes may use it at once.
 */
export interface Journal {
  readonly folder: string;
  read(): Promise<Reading>;
  /** Resolves when the events are on the disk; rejects when they are not. */
  append(events: readonly NewEvent[]): Promise<readonly JournalEvent[]>;
  notes(guide: string): Promise<Notes>;
  saveNote(edit: NoteEdit): Promise<NoteOutcome>;
  /** What `log.md` says now. */
  log(): Promise<Log>;
  /** Changes `log.md`; resolves when it is on the disk. */
  changeLog(edit: LogEdit): Promise<LogOutcome>;
  /** What the learner wrote for an exercise; undefined where they have not begun. */
  code(file: CodeFile): Promise<string | undefined>;
  saveCode(edit: CodeEdit): Promise<NoteOutcome>;
  /** Begins an exercise anew; the file as it was is kept beside it, under the name that this gives. */
  resetCode(file: CodeFile, starter: string): Promise<string | undefined>;
  /**
   * Takes boxes that were ticked by hand into the log, then makes the block of the progress page anew. `content` gives
   * it from what the log says; a page that already says so is not written.
   */
  syncPage(content: (reading: Reading) => PageContent): Promise<void>;
  /** Copies of the folder, the oldest first. Before its format is changed, one is made by itself. */
  backups(): Promise<readonly Backup[]>;
  backUp(): Promise<Backup>;
  /** Puts the files of a backup back; what they replace is backed up before. */
  restore(name: string): Promise<{ readonly saved: Backup }>;
}

export const PAGE_FILE = 'README.md';
export const LOG_FILE = 'log.md';

/** Written once, when the folder is made; from then on they are the learner's too. */
const FIRST_FILES: Readonly<Record<string, string>> = {
  '.gitignore': `# What a run leaves behind is bulky and can be made again.
/runs/
/.lock*
*.tmp
`,
  '.gitattributes': `# Lines that two machines added are both kept; the app drops doubles and puts them in order.
events.jsonl merge=union
README.md merge=union
log.md merge=union
concepts/*.md merge=union
`,
};

export function openJournal(paths: Paths, clock: Clock = systemClock): Journal {
  const folder = paths.journal;
  let machine: Promise<string> | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const upToDate = migration(folder, clock);
  const log = async () => eventLog(folder, await (machine ??= machineOf(paths)), clock);
  let opened: ReturnType<typeof log> | undefined;
  const events = () => (opened ??= log());

  /** One change at a time, among the tabs of this process and among processes. */
  const exclusively = <T>(change: () => Promise<T>): Promise<T> => {
    const turn = queue.then(async () => {
      await prepare(folder);
      const held = await take(folder);
      try {
        await upToDate();
        return await change();
      } finally {
        await held.release();
      }
    });
    queue = turn.catch(() => undefined);
    return turn;
  };

  const writePage = async (content: PageContent, page: string): Promise<void> => {
    const fresh = renderPage(page, content);
    if (fresh === page) return;
    const path = join(folder, PAGE_FILE);
    await replaceFile(path, fresh).catch((error: unknown) => {
      throw unwritable(path, error);
    });
  };

  return {
    folder,
    read: async () => (await events()).read(),
    append: async (fresh) => {
      const target = await events();
      return exclusively(() => target.append(fresh));
    },
    notes: (guide) => readNotes(folder, guide),
    saveNote: (edit) => exclusively(() => saveNote(folder, edit)),
    log: async () => parseLog(await textOf(join(folder, LOG_FILE))),
    changeLog: (edit) => exclusively(() => changeLog(folder, edit)),
    code: (file) => readCode(folder, file),
    saveCode: (edit) => exclusively(() => saveCode(folder, edit)),
    resetCode: (file, starter) => exclusively(() => resetCode(folder, file, starter)),
    backups: () => listBackups(folder),
    backUp: () => exclusively(() => backUp(folder, 'asked', clock())),
    restore: (name) => exclusively(() => restoreBackup(folder, name, clock())),
    syncPage: async (content) => {
      const target = await events();
      const page = await pageOf(folder);
      const before = await target.read();
      const ticks = handTicks(page);
      // Mostly there is nothing to do, and a look must neither wait for the lock nor make the folder.
      if (before.events.length === 0 && page === '') return;
      if (ticks.length === 0 && renderPage(page, content(before)) === page) return;
      await exclusively(async () => {
        const current = await pageOf(folder);
        const found = handTicks(current);
        if (found.length > 0) await target.append(found.map((tick) => ({ kind: 'ticked', ...tick })));
        await writePage(content(await target.read()), current);
      });
    },
  };
}

async function changeLog(folder: string, edit: LogEdit): Promise<LogOutcome> {
  const path = join(folder, LOG_FILE);
  const known = await textOf(path);
  const { text, outcome } = editLog(known, edit);
  if (text === known) return outcome;
  if (known === '') await addLogToMerges(folder);
  await replaceFile(path, text).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  return outcome;
}

/** A folder that was made before there was a log says how all else is merged; a line that the learner took out stays out. */
async function addLogToMerges(folder: string): Promise<void> {
  const path = join(folder, '.gitattributes');
  const known = await readFile(path, 'utf8').catch(() => '');
  if (!known.includes('events.jsonl merge=union') || known.includes(LOG_FILE)) return;
  await replaceFile(path, `${known.trimEnd()}\n${LOG_FILE} merge=union\n`).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

/** Looking at a journal never changes it; the first change brings it to the present format. */
function migration(folder: string, clock: Clock): () => Promise<void> {
  let done = false;
  return async () => {
    if (done) return;
    await migrate(folder, clock).catch((error: unknown) => {
      throw unwritable(folder, error);
    });
    done = true;
  };
}

async function pageOf(folder: string): Promise<string> {
  return readFile(join(folder, PAGE_FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}

async function prepare(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    // From the first event on the files are the learner's, who may have taken them away.
    if (await exists(join(folder, EVENTS_FILE))) return;
    for (const [name, text] of Object.entries(FIRST_FILES)) {
      await writeFile(join(folder, name), text, { flag: 'wx' }).catch(unlessThere);
    }
  } catch (error) {
    throw unwritable(folder, error);
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

async function take(folder: string): Promise<Lock> {
  const owner = { pid: process.pid, startedAt: (await startedAt(process.pid)) ?? '' };
  const path = join(folder, '.lock');
  return until(
    `the end of another process's change to ${folder}`,
    () =>
      lock(path, owner).catch((error: unknown) => {
        throw unwritable(folder, error);
      }),
    { deadlineMs: 30_000, everyMs: 2 },
  );
}

/** A name for this clone, made once; events of two clones are told apart by it. */
async function machineOf(paths: Paths): Promise<string> {
  const path = join(paths.state, 'machine');
  await mkdir(paths.state, { recursive: true });
  if (!(await exists(path))) {
    const fresh = `${path}.${randomBytes(6).toString('hex')}`;
    await writeFile(fresh, randomBytes(6).toString('hex'));
    // A link appears whole or not at all: of two that start at once, the first names the clone.
    await link(fresh, path).catch(unlessThere);
    await rm(fresh);
  }
  const name = await readFile(path, 'utf8');
  if (!/^[0-9a-f]{12}$/.test(name)) throw new LearnerError(`${path} holds no name of a machine`, 'Delete that file.');
  return name;
}
