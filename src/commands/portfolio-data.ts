import { readdir, readFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { basename, join, relative, sep } from 'node:path';

import { z } from 'zod';

import type { Context } from '#src/commands/context.ts';
import { copyOf, copySpec, runsOf } from '#src/commands/labs.ts';
import { loadLab } from '#src/content/lab.ts';
import { LearnerError } from '#src/error.ts';
import type { HistoryEvent } from '#src/faults/history.ts';
import { filesOf, hashProgram } from '#src/grading/program.ts';
import { parseVerdict, type Verdict } from '#src/grading/verdict.ts';
import { readHistory } from '#src/grading/run-folder.ts';

/** The format of portfolio.json that this version writes and reads. */
export const PORTFOLIO_VERSION = 1;
export const PORTFOLIO_FILE = 'portfolio.json';

const text = z.string();
const count = z.int().nonnegative();

const stageSchema = z.strictObject({
  stage: z.int().positive(),
  title: text,
  level: z.enum(['quick', 'full', 'overnight']),
  seed: z.int(),
  size: count,
  points: z.strictObject({ survived: count, tried: count, possible: count }),
  /** Of the program as it was graded. */
  hash: text,
  engines: z.record(text, text),
  at: text,
  /** The first failure that is known, and whether a picture of it was kept. */
  firstRed: z
    .strictObject({ anomaly: text, schedule: text.optional(), at: text, found: text.optional(), picture: z.boolean() })
    .optional(),
  picture: z.boolean(),
});

const labSchema = z.strictObject({
  id: text,
  title: text,
  outcome: text,
  language: text,
  run: z.array(text).min(1),
  build: z.array(text).min(1).optional(),
  /** Of the files in code/<id>/. */
  code: text,
  stages: z.array(stageSchema).min(1),
});

/** portfolio.json: each claim as data, so that another clone can run it again. */
export const portfolioSchema = z.strictObject({
  format: z.literal('portfolio'),
  version: z.literal(PORTFOLIO_VERSION),
  journal: text,
  made: text,
  labs: z.array(labSchema),
  insights: z.array(z.strictObject({ day: text.optional(), text })),
  /** What was made beside this file, so that a file of the learner's in the folder is known as one. */
  files: z.array(text),
});

export type Portfolio = z.infer<typeof portfolioSchema>;
export type PortfolioLab = Portfolio['labs'][number];
export type PortfolioStage = PortfolioLab['stages'][number];

/** A lab with what its pages need beside the claims. */
export interface GatheredLab {
  readonly lab: PortfolioLab;
  /** Path below code/<id>/, text. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** By stage: the run that passed, and the first one that failed, where they are kept. */
  readonly runs: ReadonlyMap<number, { readonly green: KeptRun; readonly red: KeptRun | undefined }>;
}

export interface KeptRun {
  readonly verdict: Verdict;
  readonly history: readonly HistoryEvent[];
}

/** What a lab can show of itself; undefined where no stage has a passed run that is kept. */
export async function gatherLab(id: string, context: Context): Promise<GatheredLab | undefined> {
  const entry = (await context.content()).labs.find((one) => one.id === id);
  if (entry?.written !== true) return undefined;
  const lab = await loadLab(context.paths.root, entry.path);
  const kept = await keptRuns(runsOf(lab, context));
  const folder = copyOf(lab, context);
  const files = await filesOf(folder).catch(() => []);
  if (files.length === 0) return undefined;
  const runs = new Map<number, { green: KeptRun; red: KeptRun | undefined }>();
  const stages: PortfolioStage[] = [];
  const failures = (await context.journal().read()).events.flatMap((event) =>
    event.kind === 'graded' && event.lab === id && event.state === 'failed' ? [event] : [],
  );
  for (const [i, { title }] of lab.stages.entries()) {
    const ofStage = kept.filter(({ verdict }) => verdict.stage === i + 1 && verdict.replayed !== true);
    const green = ofStage.findLast(({ verdict }) => verdict.state === 'passed');
    if (green === undefined) continue;
    const red = ofStage.find(({ verdict }) => verdict.state === 'failed');
    const failure = failures.find(({ stage }) => stage === i + 1);
    runs.set(i + 1, { green, red });
    const { level, seed, size, points, program, engines, startedAt } = green.verdict;
    stages.push({
      stage: i + 1,
      title,
      level,
      seed,
      size,
      points: { survived: points.survived, tried: points.tried, possible: points.possible },
      hash: program.hash,
      engines,
      at: startedAt,
      ...(failure === undefined && red === undefined ? {} : { firstRed: firstRed(failure, red) }),
      picture: green.history.length > 0,
    });
  }
  if (stages.length === 0) return undefined;
  const { language, run, build } = await copySpec(lab, context);
  const shown = await codeOf(folder, files, context);
  return {
    lab: {
      id,
      title: lab.title,
      outcome: entry.outcome,
      language,
      run,
      ...(build === undefined ? {} : { build }),
      code: await hashProgram(folder),
      stages,
    },
    files: shown,
    runs,
  };
}

type Failure = { readonly at: string; readonly anomaly?: string | undefined; readonly schedule?: string | undefined };

function firstRed(failure: Failure | undefined, red: KeptRun | undefined): NonNullable<PortfolioStage['firstRed']> {
  const worst = red?.verdict.findings[0];
  const schedule = failure?.schedule ?? red?.verdict.schedule;
  return {
    anomaly: failure?.anomaly ?? worst?.anomaly ?? 'failed',
    ...(schedule === undefined ? {} : { schedule }),
    // A run is kept when it ends and its event is written after that: the earlier of the two is the day it was red.
    at: [failure?.at, red?.verdict.startedAt].filter((at) => at !== undefined).sort()[0] ?? '',
    ...(worst === undefined ? {} : { found: worst.found }),
    picture: (red?.history.length ?? 0) > 0,
  };
}

/** The oldest first. */
async function keptRuns(runs: string): Promise<KeptRun[]> {
  const names = (await readdir(runs).catch(() => [])).filter((name) => /^\d{8}-\d{6}-stage/.test(name)).sort();
  const read = names.map(async (name): Promise<KeptRun[]> => {
    const folder = join(runs, name);
    const verdict = parseVerdict(await readFile(join(folder, 'verdict.json'), 'utf8').catch(() => ''));
    return verdict === undefined ? [] : [{ verdict, history: await ownHistory(folder) }];
  });
  return (await Promise.all(read)).flat();
}

/** What a program prints may tell of the machine it ran on, so that none of it goes along. */
async function ownHistory(folder: string): Promise<HistoryEvent[]> {
  return (await readHistory(folder)).flatMap((event) => {
    if (event.lane !== 'program') return [event];
    return event.kind === 'line' ? [] : [{ ...event, text: event.kind }];
  });
}

async function codeOf(folder: string, files: readonly string[], context: Context) {
  const secrets = privateWords(context);
  const read = files.map(async (path) => {
    const name = relative(folder, path).split(sep).join('/');
    // Hidden files hold settings and passwords rather than a program.
    if (name.split('/').some((part) => part.startsWith('.'))) return [];
    const code = await readFile(path, 'utf8');
    const found = secrets.find((word) => code.includes(word));
    if (found !== undefined)
      throw new LearnerError(
        `${basename(folder)}/${name} has ${JSON.stringify(found)} in it, which tells of your machine`,
        'Take it out of the file, or leave this lab out with --lab.',
      );
    return [{ path: name, text: code }];
  });
  return (await Promise.all(read)).flat();
}

/** Paths that name this machine's user; none of them may stand in what is given away. */
export function privateWords({ paths }: Context): string[] {
  return [...new Set([paths.root, paths.journal, paths.state, homedir(), `/home/${userInfo().username}`])].filter(
    (word) => word.length > 3,
  );
}
