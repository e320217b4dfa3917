import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** A place in the learner's own files where all the words stand. */
export interface Passage {
  /** Below the learner's folder, with slashes. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** What runs leave behind, packages and what tools make is nobody's writing. */
const LEFT_OUT = /^(?:\..*|runs|backups|node_modules|__pycache__|dist|build|target|venv|portfolio)$/;
const PROSE = new Set(['.md', '.txt']);
/** How a comment begins, by the ending of a file. */
const COMMENTS: Readonly<Record<string, RegExp>> = {
  '.py': /#(.*)$/,
  '.sql': /--(.*)$/,
  '.ts': /(?:\/\/|\/\*|^\s*\*)(.*)$/,
  '.js': /(?:\/\/|\/\*|^\s*\*)(.*)$/,
  '.java': /(?:\/\/|\/\*|^\s*\*)(.*)$/,
  '.go': /(?:\/\/|\/\*|^\s*\*)(.*)$/,
  '.sh': /#(.*)$/,
  '.yaml': /#(.*)$/,
};
const MOST_BYTES = 512 * 1024;
const MOST_FILES = 2000;

/**
 * Searches what the learner wrote: their Markdown and text, and the comments of their code. `isTheirs` says of a line of
 * code whether the learner wrote it; what came with a starter is not theirs. All words must stand in one paragraph, in any
 * order; case and accents don't matter.
 */
export async function searchFolder(
  folder: string,
  query: string,
  isTheirs: (path: string, line: string) => boolean,
): Promise<readonly Passage[]> {
  const words = wordsIn(query);
  if (words.length === 0) return [];
  const found: Passage[] = [];
  for (const path of await filesIn(folder)) {
    const text = await textOf(join(folder, path));
    const lines = text.split(/\r?\n/);
    const comment = COMMENTS[extname(path)];
    for (const part of comment === undefined ? paragraphs(lines) : comments(lines, comment)) {
      const plain = folded(part.text);
      if (!words.every((word) => plain.includes(word))) continue;
      if (comment !== undefined && !isTheirs(path, lines[part.line - 1] ?? '')) continue;
      found.push({ path, ...part });
    }
  }
  return found;
}

/** The words of a query, without case and accents. */
export function wordsIn(query: string): readonly string[] {
  return folded(query)
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** Without case and accents. The length may change; places in it are no places in the text. */
export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** An item of a list is a paragraph of its own; a mark of ours is no text. */
function paragraphs(lines: readonly string[]): { line: number; text: string }[] {
  const parts: { line: number; text: string }[] = [];
  let isOpen = false;
  for (const [at, raw] of lines.entries()) {
    const text = raw
      .replace(/<!--.*?-->/g, '')
      .replaceAll('<br>', ' ')
      .trim();
    const last = parts.at(-1);
    const begins = /^(?:[-*+] |\d+[.)] |#|\||>)/.test(text);
    if (text === '') isOpen = false;
    else if (isOpen && !begins && last !== undefined) last.text += ` ${text}`;
    else {
      parts.push({ line: at + 1, text });
      isOpen = !text.startsWith('#');
    }
  }
  return parts.map(({ line, text }) => ({ line, text: text.replace(/^(?:[-*+]|#+|>) +(?:\[[ xX]\] +)?/, '') }));
}

function comments(lines: readonly string[], pattern: RegExp): { line: number; text: string }[] {
  return lines.flatMap((text, at) => {
    const words =
      pattern
        .exec(text)?.[1]
        ?.replace(/\*\/\s*$/, '')
        .trim() ?? '';
    return words === '' ? [] : [{ line: at + 1, text: words }];
  });
}

async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  const walk = async (below: string): Promise<void> => {
    const entries = await readdir(join(folder, below), { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (LEFT_OUT.test(entry.name) || files.length >= MOST_FILES) continue;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      // A link may lead anywhere, and round in circles; what it leads to is found where it lies.
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile() && isText(entry.name)) files.push(path);
    }
  };
  await walk('');
  return files;
}

function isText(name: string): boolean {
  const ending = extname(name);
  return PROSE.has(ending) || COMMENTS[ending] !== undefined;
}

/** A file that can't be read, or is too long to be somebody's writing, has nothing to find. */
async function textOf(path: string): Promise<string> {
  const { size } = await stat(path).catch(() => ({ size: Number.POSITIVE_INFINITY }));
  return size > MOST_BYTES ? '' : readFile(path, 'utf8').catch(() => '');
}
