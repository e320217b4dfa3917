import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { channel, type Channel } from '#src/channel.ts';
import { DEFAULT_SEED, gradeStage } from '#src/commands/check.ts';
import type { Context } from '#src/commands/context.ts';
import { graderModule, labsProgram, stageOf, type OwnProgram } from '#src/commands/labs.ts';
import { checkLab, type LabProblem } from '#src/content/lab-check.ts';
import { findLab, labPaths, loadLab, type Lab } from '#src/content/lab.ts';
import { pictureFile } from '#src/content/mistakes.ts';
import { LearnerError } from '#src/error.ts';
import { parseSchedule, type Schedule } from '#src/faults/schedule.ts';
import { writeAtomic } from '#src/files.ts';
import { ANOMALIES } from '#src/grading/anomaly.ts';
import { GraderError } from '#src/grading/grader-error.ts';
import { pictureOf, pictureText, readPicture } from '#src/grading/kept-picture.ts';
import type { Program } from '#src/grading/program.ts';
import { latestOfStage, readHistory } from '#src/grading/run-folder.ts';
import type { Level, Verdict } from '#src/grading/verdict.ts';

export type VerifyLabsEvent =
  | ({ readonly type: 'problem' } & LabProblem)
  | ProgramResult
  | { readonly type: 'summary'; readonly labs: number; readonly counts: Counts };

/** One of a lab's own programs, held to what the lab declares. */
export interface ProgramResult {
  readonly type: 'program';
  readonly lab: string;
  /** Below the lab's folder. */
  readonly program: string;
  readonly state: 'as declared' | 'different' | 'unknown';
  /** Like `passes every stage` or `duplicate at stage 2`. */
  readonly expected: string;
  readonly found: string;
  /** The verdict that differs, as a learner would read it. */
  readonly text?: string;
  readonly remedy?: string;
  readonly elapsedMs: number;
}

interface Counts {
  readonly problems: number;
  readonly asDeclared: number;
  readonly different: number;
  readonly unknown: number;
}

export interface VerifyLabsOptions {
  /** All of them where none is named; `lab#wrong/no-key` names one program of a lab. */
  readonly only: readonly string[];
  /**
   * A few crash points for programs that are right; for a wrong one the schedule of its picture, where the lab keeps one, and
   * of the stages before its own the last one, undisturbed.
   */
  readonly quick: boolean;
  /** Keeps the picture of each wrong program's failure in its lab's pictures/. */
  readonly record?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Crash points that a program which is right is tried at in each stage. */
const QUICK_SCHEDULES = 4;
/** Much of a lab's time is spent waiting for pauses that it asks for. */
const AT_ONCE = 2;

/** The graders graded: what is right passes, and what is wrong is failed at its stage with its anomaly's name. */
export async function* verifyLabs(options: VerifyLabsOptions, context: Context): AsyncGenerator<VerifyLabsEvent> {
  const { root } = context.paths;
  const { labs: catalogue } = await context.content();
  const counts = { problems: 0, asDeclared: 0, different: 0, unknown: 0 };
  const labs =
    options.only.length === 0
      ? await Promise.all((await labPaths(root)).map((path) => loadLab(root, path)))
      : await Promise.all(labsIn(options.only).map((name) => findLab(root, name)));
  for (const lab of labs) {
    const planned = catalogue.find(({ id }) => id === lab.id);
    if (planned === undefined)
      throw new LearnerError(`${lab.path} is not in plan/catalogue.yaml`, 'Add it there, under labs.');
    const module = await graderModule(lab).catch((error: unknown) => {
      throw authors(error, 'as it was read');
    });
    const exported = Object.keys(module);
    const { title, stages } = planned;
    for (const problem of checkLab(root, lab, { title, stages, anomalies: ANOMALIES, exported })) {
      counts.problems++;
      yield { type: 'problem', ...problem };
    }
  }
  // What a mistake in the folders leaves out would only be told a second time.
  if (counts.problems === 0) {
    for await (const result of runAll(labs, options, context)) {
      if (result.state === 'as declared') counts.asDeclared++;
      else counts[result.state]++;
      yield result;
    }
  }
  yield { type: 'summary', labs: labs.length, counts };
}

function labsIn(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.split('#')[0] ?? ''))];
}

/** Whoever verifies a lab may be its author: a mistake in a grader is theirs to mend. */
function authors(error: unknown, doing: string): unknown {
  if (!(error instanceof GraderError)) return error;
  return new LearnerError(`${error.message} (${doing})`, 'Mend the grader.');
}

interface Task {
  readonly lab: Lab;
  readonly own: OwnProgram;
  /** Undefined where the program must pass every stage. */
  readonly due: { readonly stage: number; readonly anomaly: string; readonly level?: Level } | undefined;
}

function tasksOf(lab: Lab): Task[] {
  const languages = Object.keys(lab.languages);
  return [
    ...languages.map((language) => ({ lab, own: { folder: `starter/${language}`, language }, due: lab.starter })),
    ...languages.map((language) => ({ lab, own: { folder: `solution/${language}`, language }, due: undefined })),
    ...Object.entries(lab.correct).map(([name, one]) => ({
      lab,
      own: { folder: `correct/${name}`, ...one },
      due: undefined,
    })),
    ...Object.entries(lab.wrong).map(([name, { stage, anomaly, level, ...one }]) => ({
      lab,
      own: { folder: `wrong/${name}`, ...one },
      due: { stage, anomaly, level },
    })),
  ];
}

async function* runAll(
  labs: readonly Lab[],
  options: VerifyLabsOptions,
  context: Context,
): AsyncGenerator<ProgramResult> {
  const results: Channel<ProgramResult> = channel();
  const programs = options.only.flatMap((name) => name.split('#').slice(1));
  const all = labs.flatMap(tasksOf);
  const named = all.map(({ own }) => own.folder);
  const waiting = all.filter(({ own }) => programs.length === 0 || programs.includes(own.folder));
  if (waiting.length === 0)
    throw new LearnerError(`no lab has a program ${programs.join(' or ')}`, `There are: ${named.join(', ')}.`);
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const work = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined && !signal.aborted; task = waiting.shift())
      results.push(await verifyProgram(task, { ...options, signal }, context));
  };
  const ended = Promise.all(Array.from({ length: AT_ONCE }, work)).then(
    () => results.end(),
    (error: unknown) => results.end(error),
  );
  try {
    yield* results;
  } finally {
    stop.abort();
    await ended;
  }
}

async function verifyProgram(task: Task, options: VerifyLabsOptions, context: Context): Promise<ProgramResult> {
  const { lab, own, due } = task;
  const beganMs = performance.now();
  const scratch = join(context.paths.scratch, `labs-${randomUUID().slice(0, 8)}`);
  const expected = due === undefined ? 'passes every stage' : `${due.anomaly} at stage ${due.stage}`;
  const told = (result: Pick<ProgramResult, 'state' | 'found' | 'text' | 'remedy'>): ProgramResult => ({
    type: 'program',
    lab: lab.id,
    program: own.folder,
    expected,
    elapsedMs: Math.round(performance.now() - beganMs),
    ...result,
  });
  try {
    const program = await labsProgram(lab, own, scratch, context);
    const from = options.quick && due !== undefined ? Math.max(1, due.stage - 1) : 1;
    for (let n = from; n <= (due?.stage ?? lab.stages.length); n++) {
      const isLast = n === due?.stage;
      const { verdict, text } = await graded({ task, program, n, isLast, scratch }, options, context);
      const found = foundOf(verdict);
      if (verdict.state !== 'passed' && verdict.state !== 'failed') return told({ state: 'unknown', found, text });
      const [worst] = verdict.findings;
      if (isLast && verdict.state === 'failed' && worst?.anomaly === due?.anomaly) {
        if (options.record === true) await recordPicture(task, n, scratch);
        return told({ state: 'as declared', found });
      }
      if (isLast || verdict.state === 'failed') return told({ state: 'different', found, text, remedy: REMEDY });
    }
    return told({ state: 'as declared', found: expected });
  } catch (error) {
    throw authors(error, `with ${own.folder}`);
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What brought a mistake out when its picture was made; that the search finds it, too, is for a whole run to show. */
async function knownSchedule(lab: Lab, name: string): Promise<Schedule | undefined> {
  return existsSync(pictureFile(lab, name)) ? parseSchedule((await readPicture(lab, name)).schedule) : undefined;
}

/** An undisturbed run shows nothing to find a mistake by, so only what a fault brought out is kept. */
async function recordPicture({ lab, own }: Task, n: number, scratch: string): Promise<void> {
  const run = await latestOfStage(join(scratch, 'runs'), n);
  if (run?.verdict.schedule === undefined || parseSchedule(run.verdict.schedule).faults.length === 0) return;
  const picture = pictureOf(run.verdict, await readHistory(run.folder));
  if (picture !== undefined) await writeAtomic(pictureFile(lab, basename(own.folder)), pictureText(picture));
}

const REMEDY = 'Mend the program, or what lab.yaml says of it; if both are right, the grader is wrong.';

function foundOf({ state, stage, findings }: Verdict): string {
  const [worst] = findings;
  return worst === undefined ? `${state} at stage ${stage}` : `${worst.anomaly} at stage ${stage}`;
}

interface StageRun {
  readonly task: Task;
  readonly program: Program;
  readonly n: number;
  /** The stage that the program must be failed at. */
  readonly isLast: boolean;
  readonly scratch: string;
}

async function graded(
  { task: { lab, own, due }, program, n, isLast, scratch }: StageRun,
  { quick, record, signal }: VerifyLabsOptions,
  context: Context,
): Promise<{ verdict: Verdict; text: string }> {
  const { quick: size } = stageOf(lab, n).size;
  // Before a wrong program's own stage it is enough, where time is short, to see that it is right undisturbed.
  const calm = { lab: lab.id, stage: n, seed: DEFAULT_SEED, size, faults: [] };
  const known = quick && record !== true && isLast ? await knownSchedule(lab, basename(own.folder)) : undefined;
  const only = quick && due !== undefined && !isLast ? calm : known;
  const request = {
    lab,
    program,
    n,
    level: (!quick && due === undefined) || (isLast && due?.level === 'full') ? ('full' as const) : ('quick' as const),
    seed: DEFAULT_SEED,
    size,
    runs: join(scratch, 'runs'),
    // A busy machine must not decide how much of a program is tried.
    budgetMs: Infinity,
    signal,
    ...(only === undefined ? {} : { only }),
    ...(quick && due === undefined ? { maxSchedules: QUICK_SCHEDULES } : {}),
  };
  for await (const event of gradeStage(request, context)) if (event.type === 'verdict') return event;
  throw new LearnerError('the grading ended without a verdict', 'Run it again.');
}
