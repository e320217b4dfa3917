import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Context } from '#src/commands/context.ts';
import { shown } from '#src/commands/labs.ts';
import type { Content } from '#src/content/content.ts';
import { LOG_FILE } from '#src/journal/journal.ts';
import { layoutOf } from '#src/journal/log.ts';
import { textOf } from '#src/journal/notes.ts';
import { searchFolder, type Passage } from '#src/journal/search.ts';

/** One place in what the learner wrote. Its words are text and never markup. */
export interface Hit {
  /** Where it is, in words: `Log: question`, `Journal of 03 · Idempotency`. */
  readonly where: string;
  readonly text: string;
  /** The file as the learner reads its name, and the line. */
  readonly file: string;
  readonly line: number;
  /** Its page in the app, where it has one. */
  readonly href: string | undefined;
}

export interface Hits {
  readonly hits: readonly Hit[];
  /** All that was found, more than `hits` where those are cut. */
  readonly total: number;
}

const MOST_HITS = 50;
const MOST_CHARACTERS = 400;

/** Searches everything the learner wrote: the log, the journals of the guides, papers, comments of their code. */
export async function search(query: string, context: Context): Promise<Hits> {
  const content = await context.content();
  const { journal } = context.paths;
  const starters = await startersOf(content, context);
  const isTheirs = (path: string, line: string): boolean => starters.get(ownerOf(path))?.has(line.trim()) !== true;
  const found = await searchFolder(journal, query.slice(0, 200), isTheirs);
  const where = await placesOf(content, context);
  const hits = found
    // What the app keeps there is no writing of the learner's.
    .filter(({ path, text }) => path !== 'README.md' || !/^\[[ xX]\]|^\|/.test(text))
    .map((passage) => ({
      text: passage.text,
      ...where(passage),
      file: shown(join(journal, passage.path), context),
    }))
    .toSorted((a, b) => a.rank - b.rank);
  return {
    hits: hits.slice(0, MOST_HITS).map(({ rank: _, text, ...hit }) => ({ ...hit, text: cut(text) })),
    total: hits.length,
  };
}

function cut(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)} …`;
}

/** An entry of the log is shown as its words, without what its line has beside them. */
type Place = Omit<Hit, 'text' | 'file'> & { readonly rank: number; readonly text?: string };

async function placesOf(content: Content, { paths }: Context): Promise<(passage: Passage) => Place> {
  const log = (await textOf(join(paths.journal, LOG_FILE)).catch(() => '')).split(/\r?\n/);
  const { found } = layoutOf(log);
  return ({ path, line }) => {
    const [folder = '', name = ''] = path.split('/');
    if (path === LOG_FILE) {
      const entry = found.find(({ from, to }) => line > from && line <= to)?.entry;
      if (entry === undefined) return { where: 'Log', href: '/log/', line, rank: 0 };
      const text = [entry.text, ...entry.answers].join('\n');
      return { where: `Log: ${entry.kind}`, href: `/log/#entry-${entry.id}`, line, rank: 0, text };
    }
    const guide = content.guides.find(({ id }) => id === name.replace(/\.md$/, ''));
    const title = guide === undefined ? name : `${guide.number} · ${guide.title}`;
    const page = guide === undefined ? undefined : `/concepts/${guide.id}/`;
    if (folder === 'concepts')
      return { where: `Journal of ${title}`, href: page && `${page}#personal-learning-journal`, line, rank: 1 };
    if (folder === 'exercises') {
      const exercise = (path.split('/')[2] ?? '').replace(/\..*$/, '');
      return { where: `Exercise ${exercise} of ${title}`, href: page && `${page}#block-${exercise}`, line, rank: 2 };
    }
    const lab = folder === 'labs' ? content.labs.find(({ id }) => id === name) : undefined;
    if (lab !== undefined) return { where: lab.title, href: lab.written ? `/${lab.path}/` : undefined, line, rank: 2 };
    return { where: path, href: undefined, line, rank: 3 };
  };
}

/** `exercises/03-idempotency/payment-handler` or `labs/batch-error-handling`: what came with a starter of its own. */
function ownerOf(path: string): string {
  const [folder = '', name = '', file = ''] = path.split('/');
  return folder === 'exercises' ? `${folder}/${name}/${file.replace(/\..*$/, '')}` : `${folder}/${name}`;
}

/** The lines that a starter or a block brought along, by the folder or file that began with them. */
async function startersOf(content: Content, { paths }: Context): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const linesOf = (text: string): ReadonlySet<string> => new Set(text.split('\n').map((line) => line.trim()));
  const exercises = content.guides.flatMap((guide) =>
    guide.blocks
      .filter((block) => block.exercise)
      .map((block) => [`exercises/${guide.id}/${block.id}`, linesOf(block.code)] as const),
  );
  const labs = content.labs
    .filter(({ written }) => written)
    .map(async ({ id, path }) => {
      const folder = join(paths.root, path, 'starter');
      const names = await readdir(folder, { recursive: true }).catch(() => []);
      const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')));
      return [`labs/${id}`, linesOf(texts.join('\n'))] as const;
    });
  return new Map([...exercises, ...(await Promise.all(labs))]);
}
