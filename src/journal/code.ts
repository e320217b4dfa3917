import { copyFile, constants, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { replaceFile, syncFolder } from '#src/files.ts';
import { unwritable } from '#src/journal/event-log.ts';
import { merge, textOf, tidy, type NoteOutcome } from '#src/journal/notes.ts';

/** The learner's own file of an exercise: `exercises/03-idempotency/payment-handler.py` in their folder. */
export interface CodeFile {
  readonly guide: string;
  readonly exercise: string;
  /** `py` or `sql`. */
  readonly extension: string;
}

export interface CodeEdit extends CodeFile {
  /** The block as the guide shows it, which stands for a file that is not there yet. */
  readonly starter: string;
  readonly text: string;
  /** What the editor held when it last agreed with the file. */
  readonly base: string;
}

/** Below the learner's folder. */
export function codePath({ guide, exercise, extension }: CodeFile): string {
  return join('exercises', guide, `${exercise}.${extension}`);
}

export async function readCode(folder: string, file: CodeFile): Promise<string | undefined> {
  const path = join(folder, codePath(file));
  return (await exists(path)) ? tidy(await textOf(path)) : undefined;
}

/** Writes the file, with a change from outside where the two did not touch. The caller holds the journal's lock. */
export async function saveCode(folder: string, edit: CodeEdit): Promise<NoteOutcome> {
  const path = join(folder, codePath(edit));
  const known = await readCode(folder, edit);
  const theirs = known ?? tidy(edit.starter);
  const text = merge(tidy(edit.text), tidy(edit.base), theirs);
  if (text === undefined) return { kind: 'conflict', theirs };
  if (text !== theirs) await write(path, text);
  return { kind: 'saved', text };
}

/** Puts the starter into the file; what was there is copied first. The caller holds the journal's lock. */
export async function resetCode(folder: string, file: CodeFile, starter: string): Promise<string | undefined> {
  const path = join(folder, codePath(file));
  const known = await readCode(folder, file);
  if (known === undefined || known === tidy(starter)) return undefined;
  const kept = await copied(folder, file);
  await write(path, tidy(starter));
  return kept;
}

/** The first free of `payment-handler.1.py`, `payment-handler.2.py` … */
async function copied(folder: string, file: CodeFile): Promise<string> {
  const from = join(folder, codePath(file));
  for (let n = 1; ; n++) {
    const kept = codePath({ ...file, exercise: `${file.exercise}.${n}` });
    try {
      await copyFile(from, join(folder, kept), constants.COPYFILE_EXCL);
      await syncFolder(dirname(from));
      return kept;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(join(folder, kept), error);
    }
  }
}

async function write(path: string, text: string): Promise<void> {
  await replaceFile(path, `${text}\n`).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
