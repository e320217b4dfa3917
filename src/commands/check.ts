import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { channel } from '#src/channel.ts';
import type { Context } from '#src/commands/context.ts';
import { unsaved } from '#src/commands/journal.ts';
import { recordVerdict } from '#src/commands/lab-record.ts';
import { identityOf } from '#src/commands/same-program.ts';
import { graderOf, labOf, learnersProgram, runsOf, shown, stageOf } from '#src/commands/labs.ts';
import type { Lab } from '#src/content/lab.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { LearnerError } from '#src/error.ts';
import { plainLine } from '#src/faults/output.ts';
import type { Schedule } from '#src/faults/schedule.ts';
import { ANOMALIES } from '#src/grading/anomaly.ts';
import { copyProgram, type Program } from '#src/grading/program.ts';
import { grade, type Graded, type GradeOptions } from '#src/grading/grade.ts';
import type { Progress } from '#src/grading/search.ts';
import { openSurvived, type Survived } from '#src/grading/survived.ts';
import type { Level, Verdict } from '#src/grading/verdict.ts';
import { capture, isRunning } from '#src/process.ts';

export type CheckEvent =
  | { readonly type: 'stage'; readonly stage: number; readonly of: number; readonly title: string }
  /** `what` is the kind of step, where it is one of the search's. */
  | ({ readonly type: 'progress'; readonly words: string } & Partial<Omit<Progress, 'words'>>)
  /** The verdict holds, but could not be written down in the learner's folder. */
  | { readonly type: 'unsaved'; readonly message: string; readonly remedy: string }
  | { readonly type: 'verdict'; readonly verdict: Verdict; readonly text: string; readonly list: readonly string[] };

export interface CheckOptions {
  readonly lab: string;
  /** One stage; else all from the first, until one does not pass. */
  readonly stage?: number | undefined;
  readonly level: Level;
  readonly seed?: number | undefined;
  readonly hint?: string | undefined;
  /** Forget what the same program survived before, and try everything. */
  readonly afresh?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const DEFAULT_SEED = 42;
/** Level quick where each run waits for a broker, too. */
const SLOW_BUDGET_MS = 60_000;
const BUILD_LIMIT_MS = 10 * 60_000;

/** Grades the learner's program. Leaving the loop early stops the run, which still leaves what was known. */
export async function* checkStages(options: CheckOptions, context: Context): AsyncGenerator<CheckEvent> {
  const lab = await labOf(options.lab, context);
  const program = await learnersProgram(lab, context);
  const last = lab.stages.length;
  const from = options.stage ?? 1;
  stageOf(lab, from);
  for (let n = from; n <= (options.stage ?? last); n++) {
    const { title } = stageOf(lab, n);
    yield { type: 'stage', stage: n, of: last, title };
    const { level, seed = DEFAULT_SEED, hint = `./dej hint ${lab.id}` } = options;
    let state: Verdict['state'] | undefined;
    const goesOn = { afresh: options.afresh === true };
    const request = { lab, program, n, level, seed, hint, goesOn, signal: options.signal };
    for await (const event of gradeStage(request, context)) {
      if (event.type === 'verdict') {
        state = event.verdict.state;
        const trouble = await recordVerdict(event.verdict, context).then(() => undefined, unsaved);
        if (trouble !== undefined) yield { type: 'unsaved', ...trouble };
      }
      yield event;
    }
    if (state !== 'passed') return;
  }
}

export interface GradeRequest {
  readonly lab: Lab;
  readonly program: Program;
  readonly n: number;
  readonly level: Level;
  readonly seed: number;
  readonly size?: number | undefined;
  readonly only?: Schedule | undefined;
  readonly maxSchedules?: number | undefined;
  readonly budgetMs?: number | undefined;
  readonly hint?: string | undefined;
  /** Where the run's folder is made; the journal's own where it isn't given. */
  readonly runs?: string | undefined;
  /** A learner's check keeps what is survived, and goes on from what was; nobody else's does. */
  readonly goesOn?: { readonly afresh: boolean } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One stage of any program: what happens, and at last the verdict. */
export async function* gradeStage(request: GradeRequest, context: Context): AsyncGenerator<CheckEvent> {
  const events = channel<CheckEvent>();
  const stop = new AbortController();
  const signal = request.signal === undefined ? stop.signal : AbortSignal.any([request.signal, stop.signal]);
  const work = gradeNow({ ...request, signal }, context, (event) => events.push(event)).then(
    ({ verdict, text, list }) => {
      events.push({ type: 'verdict', verdict, text, list });
      events.end();
    },
    (error: unknown) => events.end(error),
  );
  try {
    yield* events;
  } finally {
    stop.abort();
    await work;
  }
}

async function gradeNow(request: GradeRequest, context: Context, tell: (event: CheckEvent) => void): Promise<Graded> {
  const { lab, n } = request;
  const stage = stageOf(lab, n);
  const marker = `grade-${process.pid}-${randomUUID().slice(0, 8)}`;
  const scratch = join(context.paths.scratch, marker);
  await clearLeftovers(context.paths.scratch);
  const supervisor = await context.supervisor();
  // Should we be killed, the supervisor ends what we started.
  const guard = await supervisor.guard(marker);
  try {
    const { engines, isTheirs } = await ready(supervisor, request, tell);
    const size = request.size ?? stage.size[request.level === 'quick' ? 'quick' : 'full'];
    const kept = request.goesOn !== undefined && !isTheirs;
    // What is saved meanwhile belongs to the next check: what is kept must be true of these very files.
    const source = kept ? await snapshot(request.program, scratch, context) : request.program;
    const survived = kept ? await survivedBy(source, { ...request, size, engines }, context) : undefined;
    const program = await built(source, { scratch, marker }, context, request.signal);
    const runs = request.runs ?? runsOf(lab, context);
    const options: GradeOptions = {
      lab: lab.id,
      stage: {
        n,
        title: stage.title,
        allows: ANOMALIES.filter((name) => stage.allows.includes(name)),
        read: stage.read,
      },
      level: request.level,
      seed: request.seed,
      size,
      maxSchedules: request.maxSchedules,
      survived,
      budgetMs: request.budgetMs ?? (lab.engines.length > 0 ? SLOW_BUDGET_MS : undefined),
      minSize: Math.min(stage.size.quick, 100),
      calmLimitMs: lab.calmLimitSeconds * 1000,
      workers: workers(),
      bench: {
        supervisor,
        program,
        stage: await graderOf(lab, n),
        scratch,
        root: context.paths.root,
        marker,
        signal: request.signal,
      },
      engines,
      runs,
      runsShown: shown(runs, context),
      hint: request.hint,
      clock: context.clock,
      tell: (progress) => tell({ type: 'progress', ...progress }),
      ...(request.only === undefined ? {} : { only: request.only }),
    };
    return await grade(options);
  } finally {
    await guard[Symbol.asyncDispose]();
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Half of the processors, because each run is a program beside a database. */
export function workers(): number {
  return Math.max(2, Math.min(4, Math.floor(availableParallelism() / 2)));
}

async function ready(
  supervisor: Supervisor,
  { lab, program, signal }: Pick<GradeRequest, 'lab' | 'program' | 'signal'>,
  tell: (event: CheckEvent) => void,
): Promise<{ readonly engines: Record<string, string>; readonly isTheirs: boolean }> {
  const onProgress = ({ what }: { readonly what: string }): void => tell({ type: 'progress', words: what });
  if (program.language === 'python') await supervisor.install('python', { onProgress, signal });
  const names = ['postgres', ...lab.engines] as const;
  for (const name of names) await supervisor.start(name, { onProgress, signal });
  const status = await supervisor.status();
  const versionOf = (name: string): string => {
    const found = status.find((one) => one.name === name);
    return found !== undefined && 'version' in found ? (found.version ?? '') : '';
  };
  const engines = Object.fromEntries(names.map((name) => [name, versionOf(name)]));
  // Of a server of the learner's own we don't know what else changes there.
  const isTheirs = status.some(({ name, at }) => at !== undefined && names.some((one) => one === name));
  return { engines: { ...engines, node: process.versions.node }, isTheirs };
}

/** Scratch folders of graders that were killed. */
export async function clearLeftovers(scratch: string): Promise<void> {
  for (const name of await readdir(scratch).catch(() => [])) {
    const owner = Number(/^grade-(\d+)-/.exec(name)?.[1]);
    if (!Number.isInteger(owner) || (await isRunning(owner))) continue;
    await rm(join(scratch, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

async function snapshot(program: Program, scratch: string, { paths }: Context): Promise<Program> {
  const folder = join(scratch, 'source');
  await copyProgram(program.folder, folder, paths.root);
  return { ...program, folder, home: program.folder };
}

async function survivedBy(
  program: Program,
  asked: GradeRequest & { readonly size: number; readonly engines: Readonly<Record<string, string>> },
  context: Context,
): Promise<Survived | undefined> {
  const identity = await identityOf(program, asked, context);
  if (identity === undefined) return undefined;
  const { goesOn } = asked;
  return openSurvived(join(context.paths.state, 'survived'), identity, { ...goesOn, clock: context.clock });
}

/** What a build makes lies in a copy, so that the learner's folder holds what the learner wrote. */
async function built(
  program: Program,
  { scratch, marker }: { readonly scratch: string; readonly marker: string },
  { paths }: Context,
  signal: AbortSignal | undefined,
): Promise<Program> {
  if (program.build === undefined) return program;
  const folder = join(scratch, 'built');
  await copyProgram(program.folder, folder, paths.root);
  const env = { ...process.env, ...program.env };
  const { code, stdout, stderr } = await capture(program.build, {
    cwd: folder,
    env,
    group: true,
    marker,
    abort: signal,
    timeoutMs: BUILD_LIMIT_MS,
  });
  signal?.throwIfAborted();
  if (code === 0) return { ...program, folder };
  const lines = `${stdout}\n${stderr}`.trim().split('\n').slice(-20).map(plainLine);
  const how =
    code === null ? `was ended by us after ${BUILD_LIMIT_MS / 60_000} minutes` : `failed with exit code ${code}`;
  throw new LearnerError(
    [`the build ${how}: ${program.build.join(' ')}`, ...lines].join('\n  | '),
    'Mend what its last lines name, then check again.',
  );
}
