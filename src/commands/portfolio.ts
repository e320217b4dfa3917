import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';

import type { Context } from '#src/commands/context.ts';
import { shown } from '#src/commands/labs.ts';
import {
  gatherLab,
  PORTFOLIO_FILE,
  PORTFOLIO_VERSION,
  portfolioSchema,
  privateWords,
  type GatheredLab,
  type Portfolio,
} from '#src/commands/portfolio-data.ts';
import { portfolioPages } from '#src/commands/portfolio-pages.ts';
import { LearnerError } from '#src/error.ts';

/** What could go into a portfolio. Nothing of it leaves before it is chosen. */
export interface PortfolioOffer {
  /** Where it is made unless another folder is named, as the learner reads it. */
  readonly folder: string;
  /** It stands there already, and is made anew. */
  readonly made: boolean;
  readonly labs: readonly {
    readonly id: string;
    readonly title: string;
    readonly stages: readonly number[];
    readonly files: readonly string[];
    /** Why it can't go in as it is. */
    readonly trouble: string | undefined;
  }[];
  readonly insights: readonly { readonly id: string; readonly day: string | undefined; readonly text: string }[];
}

export interface PortfolioRequest {
  /** Where; `journal/portfolio` where none is given. */
  readonly folder?: string | undefined;
  /** Ids of labs; all that have a passed stage where none is given. */
  readonly labs?: readonly string[] | undefined;
  /** Ids of entries in the log; none unless they are named. */
  readonly insights?: readonly string[] | undefined;
}

export interface MadePortfolio {
  readonly folder: string;
  readonly files: readonly string[];
  readonly labs: number;
  readonly claims: number;
  readonly insights: number;
}

export async function portfolioOffer(context: Context): Promise<PortfolioOffer> {
  const { labs } = await context.content();
  const folder = usualFolder(context);
  const found = await Promise.all(
    labs.map(async ({ id, title }) => {
      try {
        const gathered = await gatherLab(id, context);
        if (gathered === undefined) return [];
        const stages = gathered.lab.stages.map(({ stage }) => stage);
        return [{ id, title, stages, files: gathered.files.map(({ path }) => path), trouble: undefined }];
      } catch (error) {
        if (!(error instanceof LearnerError)) throw error;
        return [{ id, title, stages: [], files: [], trouble: `${error.message}. ${error.remedy}` }];
      }
    }),
  );
  return {
    folder: shown(folder, context),
    made: (await readPortfolio(folder)) !== undefined,
    labs: found.flat(),
    insights: (await insightsOf(context)).map(({ id, day, text }) => ({ id, day, text })),
  };
}

async function insightsOf(context: Context) {
  const { entries } = await context.journal().log();
  return entries.filter(({ kind }) => kind === 'insight');
}

function usualFolder(context: Context): string {
  return join(context.paths.journal, 'portfolio');
}

/** Makes the folder: whole or not at all, and never in the place of one that it did not make. */
export async function makePortfolio(request: PortfolioRequest, context: Context): Promise<MadePortfolio> {
  const folder = request.folder === undefined ? usualFolder(context) : resolve(request.folder);
  await refuseOthers(folder);
  const labs = await labsOf(request.labs, context);
  const insights = await chosen(request.insights ?? [], context);
  if (labs.length === 0)
    throw new LearnerError('there is nothing to show yet', 'Pass a stage of a lab: ./dej check <lab>.');
  const portfolio: Portfolio = {
    format: 'portfolio',
    version: PORTFOLIO_VERSION,
    journal: await ownVersion(context),
    made: context.zone(context.clock()),
    labs: labs.map(({ lab }) => lab),
    insights,
    files: [],
  };
  const files = new Map(portfolioPages(portfolio, labs));
  const all = { ...portfolio, files: [...files.keys()].sort() };
  files.set(PORTFOLIO_FILE, `${JSON.stringify(all, undefined, 2)}\n`);
  refusePrivate(files, context);
  await replaceFolder(folder, files);
  return {
    folder: shown(folder, context),
    files: [...files.keys()].sort(),
    labs: labs.length,
    claims: labs.reduce((sum, { lab }) => sum + lab.stages.length, 0),
    insights: insights.length,
  };
}

async function labsOf(wanted: readonly string[] | undefined, context: Context): Promise<GatheredLab[]> {
  const { labs } = await context.content();
  const unknown = wanted?.find((id) => !labs.some((lab) => lab.id === id));
  if (unknown !== undefined)
    throw new LearnerError(
      `there is no lab ${JSON.stringify(unknown)}`,
      `Labs: ${labs.map(({ id }) => id).join(', ')}.`,
    );
  const ids = wanted ?? labs.map(({ id }) => id);
  const gathered = await Promise.all(ids.map((id) => gatherLab(id, context)));
  return gathered.filter((lab) => lab !== undefined);
}

async function chosen(ids: readonly string[], context: Context): Promise<Portfolio['insights']> {
  const known = await insightsOf(context);
  return ids.map((id) => {
    const found = known.find((entry) => entry.id === id);
    if (found === undefined)
      throw new LearnerError(`no insight of your log is called ${JSON.stringify(id)}`, 'Look at the list again.');
    return { ...(found.day === undefined ? {} : { day: found.day }), text: found.text };
  });
}

async function ownVersion({ paths }: Context): Promise<string> {
  const { version } = JSON.parse(await readFile(join(paths.root, 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** The last look before anything is written: a path of this machine in any page is a mistake of ours. */
function refusePrivate(files: ReadonlyMap<string, string>, context: Context): void {
  for (const [name, content] of files)
    for (const word of privateWords(context))
      if (content.includes(word))
        throw new LearnerError(
          `${name} would have ${JSON.stringify(word)} in it, which tells of your machine`,
          'Take it out of the insight or the command that you chose.',
        );
}

async function refuseOthers(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new LearnerError(`${folder} can't be used: ${error.message}`, 'Name another folder.');
  });
  if (names.length === 0) return;
  const remedy = 'Name a folder that does not exist: nothing of yours is overwritten.';
  const before = await readPortfolio(folder);
  if (before === undefined)
    throw new LearnerError(`${folder} is no portfolio of the journal’s, and it is not empty`, remedy);
  const made = new Set([...before.files, PORTFOLIO_FILE]);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const others = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((name) => !made.has(name));
  if (others.length > 0)
    throw new LearnerError(`${folder} holds what the journal did not put there: ${others.join(', ')}`, remedy);
}

/** What a folder claims; undefined where it is no portfolio. */
export async function readPortfolio(folder: string): Promise<Portfolio | undefined> {
  const json = await readFile(join(folder, PORTFOLIO_FILE), 'utf8').catch(() => undefined);
  if (json === undefined) return undefined;
  try {
    const parsed = portfolioSchema.safeParse(JSON.parse(json));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

async function replaceFolder(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  const half = `${folder}.half`;
  const old = `${folder}.old`;
  await rm(half, { recursive: true, force: true });
  for (const [name, content] of files) {
    await mkdir(dirname(join(half, name)), { recursive: true });
    await writeFile(join(half, name), content);
  }
  await rm(old, { recursive: true, force: true });
  await rename(folder, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(half, folder);
  await rm(old, { recursive: true, force: true });
}
