import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

import { loadLab, type Lab } from '#src/content/lab.ts';

/** A known-wrong program of a lab, as far as cards need it at every start. */
export interface Mistake {
  /** The lab's id. */
  readonly lab: string;
  /** Its folder in wrong/. */
  readonly name: string;
  readonly stage: number;
  readonly anomaly: string;
  /** What it does wrong, in the words of its first comment. */
  readonly words: string;
  /** Changes when the program does. */
  readonly hash: string;
  /** A failing run of it is recorded in pictures/. */
  readonly picture: boolean;
}

export const PICTURES = 'pictures';

export function pictureFile(lab: Pick<Lab, 'folder'>, name: string): string {
  return join(lab.folder, PICTURES, `${name}.json`);
}

/** The mistakes of a lab. A lab whose lab.yaml can't be read has none here; whoever uses the lab is told why. */
export async function readMistakes(root: string, path: string): Promise<Mistake[]> {
  const lab = await loadLab(root, path).catch(() => undefined);
  if (lab === undefined) return [];
  return Promise.all(
    Object.entries(lab.wrong).map(async ([name, { stage, anomaly, over }]) => {
      const files = await filesUnder(join(lab.folder, 'wrong', name));
      const below = over === undefined ? {} : await filesUnder(join(lab.folder, over), Object.keys(files));
      const first = Object.entries(files)
        .map(([file, text]) => [commentOf(file, text), commentOf(file, below[file] ?? '')])
        .find(([own, theirs]) => own !== '' && own !== theirs);
      const hash = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
      const words = first?.[0] ?? `${name.replaceAll('-', ' ')}.`;
      return { lab: lab.id, name, stage, anomaly, words, hash, picture: existsSync(pictureFile(lab, name)) };
    }),
  );
}

/** The texts of a folder by name, of those that are wanted. */
export async function filesUnder(folder: string, wanted?: readonly string[]): Promise<Record<string, string>> {
  const found = (await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isFile() && /\.(py|ts|sql|sh)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const names = found.filter((name) => wanted?.includes(name) !== false).sort();
  const texts = names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(texts));
}

/** The comment at the top of a program says what it does, or what it does wrong. */
const TOP: Readonly<Record<string, RegExp>> = {
  '.py': /^"""([\s\S]*?)"""\s*/,
  '.ts': /^\/\*\*([\s\S]*?)\*\/\s*/,
};

function commentOf(file: string, text: string): string {
  const [paragraph = ''] = (TOP[extname(file)]?.exec(text)?.[1] ?? '')
    .replace(/^[^\S\n]*\*[^\S\n]?/gm, '')
    .split(/\n\s*\n/);
  return paragraph.replace(/\s+/g, ' ').trim();
}

/** The same program without the comments, which would give away whether it is right. */
export function withoutComments(file: string, text: string): string {
  const code = text.replace(TOP[extname(file)] ?? '', '');
  return code.replace(/^[^\S\n]*(?:#|\/\/)[^\n]*\n/gm, '');
}
