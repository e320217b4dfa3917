import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import type { Lab } from '#src/content/lab.ts';
import { inherited } from '#src/faults/addresses.ts';
import { hashProgram, holdsLinks, LINKED, type Program } from '#src/grading/program.ts';
import type { Identity } from '#src/grading/survived.ts';
import type { Paths } from '#src/paths.ts';

interface Asked {
  readonly lab: Pick<Lab, 'id' | 'folder'>;
  readonly n: number;
  readonly seed: number;
  readonly size: number;
  /** Versions by name. */
  readonly engines: Readonly<Record<string, string>>;
}

/**
 * All that makes a check another one: the program and what runs it, the lab, the input, the engines, and this project's
 * own code. Undefined where that can't be told, because a part of the program lies elsewhere.
 */
export async function identityOf(
  program: Program,
  asked: Asked,
  { paths }: { readonly paths: Pick<Paths, 'root'> },
): Promise<Identity | undefined> {
  const { folder, language, run, build, env } = program;
  if (await holdsLinks(folder)) return undefined;
  const { lab, n, seed, size, engines } = asked;
  const path = env['PATH'] ?? '';
  // Of what a program is given of its surroundings, these change what it does; PATH counts by what is found there.
  const { TZ, LANG, LC_ALL, LC_CTYPE } = inherited();
  return {
    lab: lab.id,
    stage: n,
    seed,
    size,
    program: await hashProgram(folder),
    language,
    run,
    build,
    interpreters: await Promise.all([run[0], ...(build ?? []).slice(0, 1)].map((name) => interpreter(name, path))),
    packages: await Promise.all([...LINKED].map((name) => packages(join(folder, name)))),
    surroundings: { TZ, LANG, LC_ALL, LC_CTYPE },
    engines,
    grader: await digest([join(lab.folder, 'grader.ts'), join(lab.folder, 'lab.yaml')]),
    project: [await hashProgram(join(paths.root, 'src')), await digest([join(paths.root, 'package-lock.json')])],
  };
}

/** Which file a command is, and of what size and time: another version is another file. */
async function interpreter(name: string, path: string): Promise<readonly unknown[] | undefined> {
  // A path inside the program's folder is a part of the program.
  if (name.includes('/')) return [name];
  for (const folder of path.split(delimiter)) {
    const real = await realpath(join(folder, name)).catch(() => undefined);
    const found = real === undefined ? undefined : await stat(real).catch(() => undefined);
    if (found?.isFile() === true) return [join(folder, name), real, found.size, found.mtimeMs];
  }
  return undefined;
}

/** Packages that the learner added beside the program: their names, and when each was put there. */
async function packages(folder: string): Promise<readonly unknown[]> {
  const python = await readdir(join(folder, 'lib')).catch(() => []);
  const folders = [folder, ...python.map((name) => join(folder, 'lib', name, 'site-packages'))];
  const all = folders.map(async (at) => {
    const names = (await readdir(at).catch(() => [])).sort();
    return Promise.all(names.map(async (name) => [name, (await stat(join(at, name)).catch(() => undefined))?.mtimeMs]));
  });
  return Promise.all(all);
}

async function digest(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file)).update('\0');
  return hash.digest('hex').slice(0, 16);
}
