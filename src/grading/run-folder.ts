import { mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { parseSchedule, formatSchedule, type Schedule } from '#src/faults/schedule.ts';
import type { HistoryEvent } from '#src/faults/history.ts';
import { WorldError } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';
import type { Verdict } from '#src/grading/verdict.ts';
import { parseVerdict } from '#src/grading/verdict.ts';

/** `journal/runs/<lab>/`: a folder for each run, `latest`, and the schedules that once failed this learner. */
export interface RunFiles {
  readonly verdict: Verdict;
  readonly text: string;
  readonly history: readonly HistoryEvent[];
  readonly output: string;
  readonly picture: string | undefined;
  /** The picture as an ordered list. */
  readonly list: readonly string[];
}

/** By name: what each file of a run's folder is. */
export const RUN_FILES = {
  'verdict.json': 'the verdict as data; its format has a version',
  'verdict.txt': 'the same in words, as the terminal shows it',
  'timeline.svg': 'the picture of the run that the verdict is about',
  'timeline.txt': 'the picture as a list',
  'history.jsonl': 'everything that happened in that run, an event a line',
  'program.log': 'what the program printed in it',
} as const;

const KEPT_RUNS = 50;
const KEPT_REGRESSIONS = 10;
const MAX_HISTORY = 20_000;

/** A name that sorts by time: `20261124-161500-stage2`. */
export function runName(startedMs: number, stage: number): string {
  const digits = new Date(startedMs).toISOString().replace(/[-:]/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(9, 15)}-stage${stage}`;
}

/** Makes the folder before anything is run, so that a journal that can't be written is told at once. */
export async function openRun(runs: string, name: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const folder = join(runs, attempt === 1 ? name : `${name}-${attempt}`);
    try {
      await mkdir(runs, { recursive: true });
      await mkdir(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === 100) throw unwritable(runs, error as Error);
    }
  }
}

/** Writes what was found; each file is whole or not there. `latest` is moved last. */
export async function writeRun(runs: string, folder: string, files: RunFiles): Promise<void> {
  const write = (name: keyof typeof RUN_FILES, content: string): Promise<void> =>
    writeAtomic(join(folder, name), content);
  try {
    await write(
      'history.jsonl',
      files.history
        .slice(-MAX_HISTORY)
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(''),
    );
    await write('program.log', files.output);
    if (files.picture !== undefined) await write('timeline.svg', files.picture);
    await write('timeline.txt', `${files.list.join('\n')}\n`);
    await write('verdict.txt', `${files.text}\n`);
    await write('verdict.json', `${JSON.stringify(files.verdict, undefined, 2)}\n`);
    await pointLatest(runs, folder);
    await prune(runs);
  } catch (error) {
    throw error instanceof WorldError ? error : unwritable(folder, error as Error);
  }
}

async function pointLatest(runs: string, folder: string): Promise<void> {
  const temporary = join(runs, `.latest-${process.pid}`);
  await rm(temporary, { force: true });
  await symlink(folder.slice(runs.length + 1), temporary);
  await rename(temporary, join(runs, 'latest'));
}

/** Old runs go, except what `latest` points at; verdicts of passes stay in the journal's own log. */
async function prune(runs: string): Promise<void> {
  const names = (await readdir(runs)).filter((name) => /^\d{8}-\d{6}-stage\d+/.test(name)).sort();
  const latest = await readlink(join(runs, 'latest')).catch(() => '');
  for (const name of names.slice(0, -KEPT_RUNS))
    if (name !== latest) await rm(join(runs, name), { recursive: true, force: true });
}

/** The newest verdict of a lab; undefined where nothing was graded yet. */
export async function latestVerdict(runs: string): Promise<Verdict | undefined> {
  const json = await readFile(join(runs, 'latest', 'verdict.json'), 'utf8').catch(() => undefined);
  return json === undefined ? undefined : parseVerdict(json);
}

/** A run as its folder keeps it. */
export interface KeptRun {
  readonly verdict: Verdict;
  /** Absolute. */
  readonly folder: string;
}

/** The newest run of a stage that has a verdict. */
export async function latestOfStage(runs: string, stage: number): Promise<KeptRun | undefined> {
  const pattern = new RegExp(`^\\d{8}-\\d{6}-stage${stage}(-\\d+)?$`);
  const names = (await readdir(runs).catch(() => [])).filter((name) => pattern.test(name)).sort(byTime);
  for (const name of names.reverse()) {
    const folder = join(runs, name);
    const json = await readFile(join(folder, 'verdict.json'), 'utf8').catch(() => undefined);
    const verdict = json === undefined ? undefined : parseVerdict(json);
    if (verdict !== undefined) return { verdict, folder };
  }
  return undefined;
}

/** Of two that began in the same second, the one with the higher number is newer. */
function byTime(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

const historyLine = z.object({
  atMs: z.number(),
  incarnation: z.number(),
  lane: z.enum(['program', 'postgres', 'kafka', 'http', 'file', 'fault', 'oracle']),
  kind: z.string(),
  text: z.string(),
  boundary: z.string().optional(),
  nth: z.number().optional(),
  point: z.enum(['before', 'after-durable', 'client-moved-on']).optional(),
});

/** What happened in a kept run; a line that can't be read is left out. */
export async function readHistory(folder: string): Promise<HistoryEvent[]> {
  const text = await readFile(join(folder, 'history.jsonl'), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return [historyLine.parse(JSON.parse(line)) as HistoryEvent];
    } catch {
      return [];
    }
  });
}

/** Schedules that once failed this learner at this stage, the newest first; a line that is no schedule is skipped. */
export async function readRegressions(runs: string, stage: number): Promise<Schedule[]> {
  const lines = (await readFile(join(runs, 'regressions.txt'), 'utf8').catch(() => '')).split('\n');
  const schedules = lines.flatMap((line) => {
    try {
      return line.trim() === '' ? [] : [parseSchedule(line)];
    } catch {
      return [];
    }
  });
  return schedules.filter((schedule) => schedule.stage === stage);
}

export async function addRegression(runs: string, schedule: Schedule): Promise<void> {
  const path = join(runs, 'regressions.txt');
  const line = formatSchedule(schedule);
  const known = (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((one) => one !== '' && one !== line);
  const ofStage = (one: string): boolean => one.includes(` stage=${schedule.stage} `);
  const same = known.filter(ofStage).slice(0, KEPT_REGRESSIONS - 1);
  const others = known.filter((one) => !ofStage(one));
  await writeAtomic(path, [line, ...same, ...others, ''].join('\n'));
}

function unwritable(path: string, cause: Error): WorldError {
  return new WorldError(`the run can't be written to ${path}: ${cause.message}`, {
    remedy: 'Make the folder writable, free some space, or set DEJ_JOURNAL to another.',
    cause,
  });
}
