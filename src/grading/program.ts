import { createHash } from 'node:crypto';
import { cp, lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

import { LearnerError } from '#src/error.ts';

/** A learner's program (or one of a lab's own): a folder and how it is run. */
export interface Program {
  readonly folder: string;
  /** Where it stands in what it prints, when `folder` is a copy. */
  readonly home?: string | undefined;
  readonly language: string;
  /** An argument vector; nothing of it passes through a shell. */
  readonly run: readonly [string, ...string[]];
  /** Run once before the program is tried, in a copy of its folder. */
  readonly build?: readonly [string, ...string[]] | undefined;
  /** Beside what a run adds: PATH with the lab's interpreters first. */
  readonly env: Readonly<Record<string, string>>;
}

/** Made by tools and never part of what a learner writes; node_modules and .venv are linked, the others left out. */
export const LINKED: ReadonlySet<string> = new Set(['node_modules', '.venv']);
const LEFT_OUT = new Set(['.git', '__pycache__', '.dej', '.mypy_cache', '.ruff_cache', '.pytest_cache', '.DS_Store']);
const MAX_FILES = 2000;

/** Everything of one run lies in a folder of its own, so that runs see nothing of each other and can go side by side. */
export interface Workplace {
  readonly cwd: string;
  readonly inputs: string;
  readonly outputs: string;
  readonly temporary: string;
}

export async function layOut(
  folder: string,
  program: Program,
  inputs: Readonly<Record<string, string | Uint8Array>>,
  root: string,
): Promise<Workplace> {
  const place = {
    cwd: join(folder, 'program'),
    inputs: join(folder, 'input'),
    outputs: join(folder, 'output'),
    temporary: join(folder, 'tmp'),
  };
  for (const path of [place.inputs, place.outputs, place.temporary]) await mkdir(path, { recursive: true });
  await copyProgram(program.folder, place.cwd, root);
  await writeInputs(place, inputs);
  return place;
}

/** What lay in the folder of inputs is gone, and other files lie there. */
export async function replaceInputs(place: Workplace, inputs: Readonly<Record<string, string | Uint8Array>>) {
  await rm(place.inputs, { recursive: true, force: true, maxRetries: 3 });
  await mkdir(place.inputs);
  await writeInputs(place, inputs);
}

async function writeInputs(place: Workplace, inputs: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(inputs)) {
    const path = resolve(place.inputs, name);
    if (!path.startsWith(place.inputs + sep)) throw new Error(`an input lies outside its folder: ${name}`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

export async function copyProgram(from: string, to: string, root: string): Promise<void> {
  await exists(from);
  await cp(from, to, {
    recursive: true,
    filter: async (source) => {
      const name = basename(source);
      if (source === from) return true;
      if (LEFT_OUT.has(name) || LINKED.has(name)) return false;
      // A socket or a pipe can't be copied, and is no part of a program.
      const found = await lstat(source);
      return found.isFile() || found.isDirectory() || found.isSymbolicLink();
    },
  });
  for (const name of LINKED) {
    const own = await stat(join(from, name)).catch(() => undefined);
    if (own !== undefined) await symlink(join(from, name), join(to, name));
  }
  // A starter's packages are found also where the journal lies outside the clone, and where the learner added others:
  // Node looks into the folders above, too.
  const above = join(dirname(to), 'node_modules');
  await symlink(join(root, 'node_modules'), above).catch(() => undefined);
}

async function exists(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new LearnerError(`there is no program in ${folder}`, 'Begin with ./dej start <lab>.');
}

/** Names what was graded: the same files give the same hash on every machine. */
export async function hashProgram(folder: string): Promise<string> {
  await exists(folder);
  const hash = createHash('sha256');
  for (const path of await filesOf(folder)) {
    hash.update(`${relative(folder, path)}\0`);
    hash.update(await readFile(path));
    hash.update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

/** Whether a part of the program is a link: what it leads to may change while the program's own files stay the same. */
export async function holdsLinks(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) {
    if (LEFT_OUT.has(entry.name) || LINKED.has(entry.name)) continue;
    if (entry.isSymbolicLink()) return true;
    if (entry.isDirectory() && (await holdsLinks(join(folder, entry.name)))) return true;
  }
  return false;
}

/** The learner's own files, sorted by path. */
export async function filesOf(folder: string): Promise<string[]> {
  const files: string[] = [];
  const walk = async (at: string): Promise<void> => {
    const entries = await readdir(at, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (LEFT_OUT.has(entry.name) || LINKED.has(entry.name)) continue;
      const path = join(at, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) files.push(path);
      if (files.length > MAX_FILES)
        throw new LearnerError(
          `${folder} holds more than ${MAX_FILES} files`,
          'Keep data out of the program’s folder; what it writes belongs in OUTPUT_DIR.',
        );
    }
  };
  await walk(folder);
  return files;
}
