import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

import { diff3Merge, diffIndices } from 'node-diff3';

import type { Context } from '#src/commands/context.ts';
import { copyOf, formerLanguage, labOf, shown } from '#src/commands/labs.ts';
import type { Lab } from '#src/content/lab.ts';
import { LearnerError } from '#src/error.ts';
import { replaceFile, writeAtomic } from '#src/files.ts';

/** A file of a starter that is not what it was when the learner began. */
export interface StarterChange {
  readonly file: string;
  readonly kind: 'changed' | 'added' | 'removed';
  /** Lines as `-` and `+`, with where they stand. */
  readonly diff: readonly string[];
}

/** The starter as it was when the lab was begun: the common ground of a merge. */
export function baseOf(lab: Pick<Lab, 'id'>, context: Context): string {
  return join(context.paths.journal, 'labs', '.base', lab.id);
}

const SKIPPED = /(^|\/)(__pycache__|node_modules|\.venv)(\/|$)/;

export async function keepBase(lab: Lab, language: string, context: Context): Promise<void> {
  const base = baseOf(lab, context);
  await rm(base, { recursive: true, force: true });
  await mkdir(dirname(base), { recursive: true });
  await cp(join(lab.folder, 'starter', language), base, {
    recursive: true,
    filter: (source) => !SKIPPED.test(source.split(sep).join('/')),
  });
}

/** What is different in the starter since the learner began; undefined where nothing tells how it was then. */
export async function starterChanges(lab: Lab, context: Context): Promise<readonly StarterChange[] | undefined> {
  const before = await textsIn(baseOf(lab, context));
  const language = await languageOfCopy(lab, context);
  if (Object.keys(before).length === 0 || language === undefined) return undefined;
  const now = await textsIn(join(lab.folder, 'starter', language));
  const files = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return files.flatMap((file): StarterChange[] => {
    const [a, b] = [before[file], now[file]];
    if (a === b) return [];
    const kind = a === undefined ? 'added' : b === undefined ? 'removed' : 'changed';
    return [{ file, kind, diff: diffLines(a ?? '', b ?? '') }];
  });
}

function languageOfCopy(lab: Lab, context: Context): Promise<string | undefined> {
  return formerLanguage(copyOf(lab, context), Object.keys(lab.languages));
}

function diffLines(before: string, now: string): string[] {
  const [a, b] = [before.split('\n'), now.split('\n')];
  return diffIndices(a, b).flatMap(({ buffer1: [from, count], buffer2: [to, added] }) => [
    `@ line ${from + 1}`,
    ...a.slice(from, from + count).map((line) => `- ${line}`),
    ...b.slice(to, to + added).map((line) => `+ ${line}`),
  ]);
}

export interface LabUpdate {
  readonly lab: string;
  readonly changes: readonly StarterChange[];
  /** What became of each file; undefined where nothing was asked to be merged. */
  readonly merged: readonly MergedFile[] | undefined;
  /** Where the learner's files as they were are kept; only where something was merged. */
  readonly snapshot: string | undefined;
}

export interface MergedFile {
  readonly file: string;
  /** `beside`: both changed the same lines, so that theirs is as it was and the new one stands beside it. */
  readonly outcome: 'merged' | 'added' | 'kept' | 'beside';
}

/** Shows how the starter of a lab changed since it was begun, and merges that into the learner's files where they ask for it. */
export async function updateLab(
  { lab: reference, merge }: { readonly lab: string; readonly merge: boolean },
  context: Context,
): Promise<LabUpdate> {
  const lab = await labOf(reference, context);
  const folder = copyOf(lab, context);
  const changes = await starterChanges(lab, context);
  if (changes === undefined) {
    const isBegun = (await readdir(folder).catch(() => [])).length > 0;
    throw new LearnerError(
      isBegun
        ? `${lab.id} was begun before the journal kept the starter as it was then`
        : `there is no program of yours for ${lab.id}`,
      isBegun
        ? `Yours keeps working. To begin anew and keep yours beside it: ./dej reset ${lab.id}.`
        : `Begin with ./dej start ${lab.id}.`,
    );
  }
  if (!merge || changes.length === 0) return { lab: lab.id, changes, merged: undefined, snapshot: undefined };
  const stamp = new Date(context.clock()).toISOString().replace(/[-:]/g, '').slice(0, 15);
  const snapshot = `${folder}.${stamp}`;
  await cp(folder, snapshot, { recursive: true, verbatimSymlinks: true, errorOnExist: true, force: false });
  const language = (await languageOfCopy(lab, context)) ?? '';
  const merged: MergedFile[] = [];
  for (const change of changes) merged.push(await mergeFile(change, { lab, language, folder }, context));
  await keepBase(lab, language, context);
  return { lab: lab.id, changes, merged, snapshot: shown(snapshot, context) };
}

async function mergeFile(
  { file, kind }: StarterChange,
  { lab, language, folder }: { lab: Lab; language: string; folder: string },
  context: Context,
): Promise<MergedFile> {
  const path = join(folder, file);
  const mine = await readFile(path, 'utf8').catch(() => undefined);
  // What the starter no longer has may be what the learner's program stands on.
  if (kind === 'removed') return { file, outcome: 'kept' };
  const theirs = await readFile(join(lab.folder, 'starter', language, file), 'utf8');
  const base = await readFile(join(baseOf(lab, context), file), 'utf8').catch(() => '');
  if (mine === undefined) {
    // The learner took it away, and it is theirs to take away.
    if (kind === 'changed') return { file, outcome: 'kept' };
    await writeAtomic(path, theirs);
    return { file, outcome: 'added' };
  }
  const parts = diff3Merge(mine.split('\n'), base.split('\n'), theirs.split('\n'), { excludeFalseConflicts: true });
  if (parts.some((part) => part.conflict !== undefined)) {
    await writeFile(`${path}.new`, theirs);
    return { file, outcome: 'beside' };
  }
  await replaceFile(path, parts.flatMap((part) => part.ok ?? []).join('\n'));
  return { file, outcome: 'merged' };
}

async function textsIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !SKIPPED.test(file) && !file.endsWith('.pyc'));
  const texts = files.map(async (file) => [file, await readFile(join(folder, file), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(texts));
}
