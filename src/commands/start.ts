import { cp, mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { stringify } from 'yaml';

import type { Context } from '#src/commands/context.ts';
import { copyOf, labOf, shown } from '#src/commands/labs.ts';
import { keepBase } from '#src/commands/starter-base.ts';
import type { Lab } from '#src/content/lab.ts';
import { LearnerError, WorldError } from '#src/error.ts';

export interface StartOptions {
  readonly lab: string;
  readonly language?: string | undefined;
}

export interface Started {
  readonly lab: string;
  readonly title: string;
  readonly language: string;
  /** As the learner reads it. */
  readonly folder: string;
  readonly files: readonly string[];
  /** The folder stood there before and was left as it is. */
  readonly was: boolean;
}

/** Copies a lab's starter into the learner's journal; from then on the files are theirs, and are never overwritten. */
export async function startLab(options: StartOptions, context: Context): Promise<Started> {
  const lab = await labOf(options.lab, context);
  const language = languageOf(lab, options.language);
  const folder = copyOf(lab, context);
  const told = { lab: lab.id, title: lab.title, language, folder: shown(folder, context) };
  if (await isThere(folder)) return { ...told, files: await namesIn(folder), was: true };
  await copyStarter(lab, language, folder, context);
  return { ...told, files: await namesIn(folder), was: false };
}

/** The folder appears whole or not at all, also when the machine stops in between. */
export async function copyStarter(lab: Lab, language: string, folder: string, context: Context): Promise<void> {
  const half = join(dirname(folder), `.${lab.id}.half`);
  try {
    await rm(half, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
    await cp(join(lab.folder, 'starter', language), half, {
      recursive: true,
      filter: (source) => !/(^|\/)(__pycache__|node_modules|\.venv)$/.test(source),
    });
    const how = Object.entries(lab.languages).find(([name]) => name === language)?.[1];
    const about = '# How your program is built and run; change it as you like.\n';
    await writeFile(join(half, 'lab.yaml'), about + stringify({ language, ...how }), { flag: 'wx' });
    if (language === 'typescript') await linkPackages(context.paths.root, half);
    await keepBase(lab, language, context);
    await rename(half, folder);
  } catch (cause) {
    await rm(half, { recursive: true, force: true }).catch(() => undefined);
    throw new WorldError(`the starter can't be copied to ${folder}: ${(cause as Error).message}`, {
      remedy: 'Make the folder writable, or set DEJ_JOURNAL to another.',
      cause,
    });
  }
}

/** Node looks for packages in the folders above a program; where none of them is the clone, it is led there. */
async function linkPackages(root: string, folder: string): Promise<void> {
  if (!relative(root, folder).startsWith('..')) return;
  // A junction needs no rights on Windows; elsewhere the word is ignored.
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
}

export function languageOf(lab: Lab, wanted: string | undefined): string {
  const languages = Object.keys(lab.languages);
  const [first = 'python'] = languages;
  if (wanted === undefined) return first;
  const found = languages.find((name) => name === wanted.toLowerCase());
  if (found === undefined)
    throw new LearnerError(
      `${lab.id} has no starter in ${JSON.stringify(wanted)}`,
      `There is one in ${languages.join(' and in ')}. Any language does: change run: in lab.yaml of your folder.`,
    );
  return found;
}

async function isThere(folder: string): Promise<boolean> {
  return (await stat(folder).catch(() => undefined)) !== undefined;
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith('.') && name !== 'node_modules').sort();
}
