import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join, relative, sep } from 'node:path';

import { gradeStage } from '#src/commands/check.ts';
import type { Context } from '#src/commands/context.ts';
import { programIn } from '#src/commands/labs.ts';
import { readPortfolio } from '#src/commands/portfolio.ts';
import type { Portfolio, PortfolioLab, PortfolioStage } from '#src/commands/portfolio-data.ts';
import { pointsWords } from '#src/commands/portfolio-pages.ts';
import { findLab, type Lab } from '#src/content/lab.ts';
import { LearnerError } from '#src/error.ts';
import { filesOf } from '#src/grading/program.ts';
import type { Verdict } from '#src/grading/verdict.ts';

export interface ShownCode {
  readonly lab: string;
  readonly run: readonly string[];
  readonly build: readonly string[] | undefined;
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

export type ClaimState = 'holds' | 'does not hold' | "can't be told";

export interface ClaimResult {
  readonly lab: string;
  readonly stage: number;
  readonly claim: string;
  readonly state: ClaimState;
  /** What was seen, or what was in the way. */
  readonly why: string;
}

/** A portfolio and all code of it that verifying would run: to be read before it is. */
export async function openPortfolio(folder: string): Promise<{ portfolio: Portfolio; code: readonly ShownCode[] }> {
  const portfolio = await readPortfolio(folder);
  if (portfolio === undefined) {
    const isThere = (await readdir(folder).catch(() => undefined)) !== undefined;
    throw new LearnerError(
      `${folder} ${isThere ? 'holds no portfolio that this version can read' : 'is not there'}`,
      'Name the folder that ./dej export made: portfolio.json lies in it.',
    );
  }
  const code = await Promise.all(
    portfolio.labs.map(async ({ id, run, build }): Promise<ShownCode> => {
      const root = codeOf(folder, id);
      const paths = await filesOf(root).catch(() => []);
      const files = paths.map(async (path) => ({
        path: relative(root, path).split(sep).join('/'),
        text: await readFile(path, 'utf8'),
      }));
      return { lab: id, run, build, files: await Promise.all(files) };
    }),
  );
  return { portfolio, code };
}

function codeOf(folder: string, id: string): string {
  // An id comes from a file that anybody may have written; it must not lead out of the folder.
  if (!/^[a-z][a-z0-9-]*$/.test(id))
    throw new LearnerError(`${JSON.stringify(id)} is no lab`, 'Look into portfolio.json.');
  return join(folder, 'code', id);
}

/** Runs each claim again with the rights of whoever runs this: only after they have seen the code and agreed. */
export async function* verifyPortfolio(
  { folder, portfolio, signal }: { folder: string; portfolio: Portfolio; signal?: AbortSignal | undefined },
  context: Context,
): AsyncGenerator<ClaimResult> {
  const scratch = join(context.paths.scratch, `portfolio-${randomUUID().slice(0, 8)}`);
  await mkdir(scratch, { recursive: true });
  try {
    for (const lab of portfolio.labs)
      for (const stage of lab.stages) {
        if (signal?.aborted === true) return;
        yield {
          lab: lab.id,
          stage: stage.stage,
          claim: claimWords(stage),
          ...(await judged({ folder, lab, stage, scratch, signal }, context)),
        };
        if (stage.firstRed !== undefined)
          yield {
            lab: lab.id,
            stage: stage.stage,
            claim: `it was red with ${stage.firstRed.anomaly} first`,
            state: "can't be told",
            why: 'the program of that day is not in the portfolio',
          };
      }
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

function claimWords({ title, level, seed }: PortfolioStage): string {
  return `passes “${title}” at level ${level} with seed ${seed}`;
}

interface Claim {
  readonly folder: string;
  readonly lab: PortfolioLab;
  readonly stage: PortfolioStage;
  readonly scratch: string;
  readonly signal: AbortSignal | undefined;
}

async function judged(claim: Claim, context: Context): Promise<Pick<ClaimResult, 'state' | 'why'>> {
  const { lab: claimed, stage, folder, scratch, signal } = claim;
  const lab = await findLab(context.paths.root, claimed.id).catch(() => undefined);
  const own = lab?.stages[stage.stage - 1];
  if (lab === undefined || lab.id !== claimed.id || own === undefined)
    return { state: "can't be told", why: 'this clone has no such lab or stage' };
  const changed =
    claimed.code === stage.hash ? '' : '; the program has changed since it was graded, and this is the newer one';
  try {
    const verdict = await graded({ lab, claimed, stage, folder, scratch, signal }, context);
    const [worst] = verdict.findings;
    if (verdict.state === 'passed') return { state: 'holds', why: `${pointsWords(verdict.points)}${changed}` };
    if (verdict.state === 'failed')
      return {
        state: 'does not hold',
        why: `${worst?.anomaly ?? 'failed'}: ${worst?.found ?? ''}${changed}. ./dej replay '${verdict.schedule ?? ''}'`,
      };
    return { state: "can't be told", why: verdict.why ?? verdict.state };
  } catch (error) {
    // One program that can't be started must not keep the others from being judged.
    return { state: "can't be told", why: (error as Error).message };
  }
}

async function graded(
  { lab, claimed, stage, folder, scratch, signal }: Omit<Claim, 'lab'> & { lab: Lab; claimed: PortfolioLab },
  context: Context,
): Promise<Verdict> {
  const { language, run, build } = claimed;
  const program = await programIn(codeOf(folder, claimed.id), language, { run, build }, context);
  const { level, seed, size } = stage;
  // Level overnight goes on until it is stopped; full is its beginning.
  const shorter = level === 'overnight' ? 'full' : level;
  const request = { lab, program, n: stage.stage, level: shorter, seed, size, runs: join(scratch, 'runs'), signal };
  for await (const event of gradeStage(request, context)) if (event.type === 'verdict') return event.verdict;
  throw new LearnerError('the grading ended without a verdict', 'Run it again.');
}
