import { mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '#src/clock.ts';
import { DEFAULT_SEED, gradeStage } from '#src/commands/check.ts';
import { createContext, type Context } from '#src/commands/context.ts';
import { graderOf, labOf, labsProgram, stageOf, type OwnProgram } from '#src/commands/labs.ts';
import { labPaths, type Lab } from '#src/content/lab.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import type { Bench } from '#src/grading/trial.ts';
import { runTrial } from '#src/grading/trial.ts';
import type { Level, Verdict } from '#src/grading/verdict.ts';
import { random } from '#src/random.ts';
import type { Paths } from '#src/paths.ts';

import { once, quantile, type Comparison } from './ab.ts';
import { runsToRed } from './grading.bench.ts';
import type { Count } from './page.bench.ts';

export interface LabsBench {
  readonly comparisons: Comparison[];
  counts(wanted: (name: string) => boolean): Promise<Count[]>;
  cleanUp(): Promise<void>;
}

interface Setting {
  readonly supervisor: Supervisor;
  readonly context: Context;
  readonly folder: string;
}

/** What a learner waits for in the labs as they are: each solution's checks, and the first red of each wrong program. */
export function labsBench(supervisor: Supervisor, paths: Paths): LabsBench {
  const folder = mkdtempSync(join(tmpdir(), 'dej-bench-labs-'));
  const setting = { supervisor, context: createContext(paths), folder };
  return {
    comparisons: [firstRedOnKafka(setting)],
    counts: async (wanted) => {
      const counts: Count[] = [];
      for (const path of await labPaths(paths.root)) {
        const lab = await labOf(path, setting.context);
        for (const level of ['quick', 'full'] as const)
          for (const language of Object.keys(lab.languages))
            if (wanted(checkName(level, language, lab)))
              counts.push(...(await solutionCheck(setting, lab, language, level)));
        if (wanted(`first red, ${lab.id}`)) counts.push(...(await firstReds(setting, lab)));
      }
      return counts;
    },
    cleanUp: async () => {
      await setting.context.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Each stage gets so long, in seconds. */
const GOALS = { quick: 20, full: 180 } as const;

function checkName(level: 'quick' | 'full', language: string, lab: Lab): string {
  return `${level} check of ${lab.id}, ${language}, ${lab.stages.length} stages`;
}

/** A solution at all stages, one after the other, and how many schedules that came to. */
async function solutionCheck(
  setting: Setting,
  lab: Lab,
  language: string,
  level: 'quick' | 'full',
): Promise<[Count, Count]> {
  const own = { folder: `solution/${language}`, language };
  let ms = 0;
  let tried = 0;
  for (const [index] of lab.stages.entries()) {
    const { verdict } = await graded(setting, lab, own, index + 1, level);
    if (verdict.state !== 'passed') throw new Error(`${lab.id}, ${own.folder}: ${verdict.state} at ${index + 1}`);
    console.log(`${checkName(level, language, lab)}: stage ${index + 1}, ${seconds(verdict.elapsedMs)}`);
    ms += verdict.elapsedMs;
    tried += verdict.points.tried;
  }
  const goal = GOALS[level] * lab.stages.length;
  const each = `${GOALS[level]} s a stage`;
  const pace = `schedules a minute, ${level} check of ${lab.id}, ${language}`;
  return [
    { name: checkName(level, language, lab), value: ms / 1000, unit: 's', goal, goalName: each },
    { name: pace, value: (60_000 * tried) / ms, unit: '', goal: undefined, goalName: '' },
  ];
}

/** From the command to the first sign of red, at the stage and the level that the program must be failed at. */
async function firstReds(setting: Setting, lab: Lab): Promise<Count[]> {
  const wrong = Object.entries(lab.wrong).map(([name, one]) => ({ ...one, folder: `wrong/${name}` }));
  const [language = ''] = Object.keys(lab.languages);
  const starter = { ...lab.starter, language, level: 'quick' as const, over: undefined, folder: `starter/${language}` };
  const times: { name: string; ms: number; level: Level }[] = [];
  for (const one of [starter, ...wrong]) {
    const { level } = one;
    const { verdict, redMs } = await graded(setting, lab, one, one.stage, level);
    if (verdict.findings[0]?.anomaly !== one.anomaly || redMs === undefined)
      throw new Error(`${lab.id}, ${one.folder}: ${verdict.state} ${verdict.findings[0]?.anomaly ?? ''}`);
    console.log(`first red, ${lab.id}, ${one.folder}: ${seconds(redMs)}, verdict ${seconds(verdict.elapsedMs)}`);
    times.push({ name: one.folder, ms: redMs, level });
  }
  const quick = times.filter(({ level }) => level === 'quick');
  const slowest = quick.reduce((a, b) => (b.ms > a.ms ? b : a));
  const median = quantile(
    quick.map(({ ms }) => ms),
    0.5,
  );
  const count = (what: string, ms: number, goalName: string): Count => ({
    name: `first red, ${lab.id}, ${what}`,
    value: ms / 1000,
    unit: 's',
    goal: 60,
    goalName,
  });
  return [
    count('median of its wrong programs', median, `${quick.length} programs`),
    count('slowest of its wrong programs', slowest.ms, slowest.name),
    ...times
      .filter((one) => one.level !== 'quick')
      .map(({ name, ms, level }) => ({ ...count(`${name}, level ${level}`, ms, ''), goal: undefined })),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

async function graded(
  { context, folder }: Setting,
  lab: Lab,
  own: OwnProgram,
  n: number,
  level: Level,
): Promise<{ readonly verdict: Verdict; readonly redMs: number | undefined }> {
  const scratch = await mkdtemp(join(folder, 'graded-'));
  const program = await labsProgram(lab, own, scratch, context);
  const beganMs = performance.now();
  let redMs: number | undefined;
  const request = { lab, program, n, level, seed: DEFAULT_SEED, runs: join(scratch, 'runs') };
  try {
    for await (const event of gradeStage(request, context)) {
      const isRed = event.type === 'verdict' || (event.type === 'progress' && event.what === 'confirming');
      if (isRed) redMs ??= performance.now() - beganMs;
      if (event.type === 'verdict') return { verdict: event.verdict, redMs };
    }
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
  throw new Error(`${lab.id}, ${own.folder}: no verdict at stage ${n}`);
}

const MOST_RUNS = 40;

/** A stream that commits its offsets before it writes: faults at logical points, and kills at random times of its run. */
function firstRedOnKafka(setting: Setting): Comparison {
  const lots = random(7);
  const killOnce = join(import.meta.dirname, 'peers', 'kill-once.ts');
  const placed = once(() => place(setting));
  return {
    name: 'runs to the first red, on Kafka',
    ours: {
      name: 'faults at logical points',
      sample: async () => {
        const { lab, bench, base, title } = await placed();
        const runs = await mkdtemp(join(setting.folder, 'counted-'));
        return runsToRed({
          ...base,
          stage: { n: base.stage, title, allows: [], read: undefined },
          level: 'quick',
          ...{ minSize: base.size, calmLimitMs: lab.calmLimitSeconds * 1000, workers: 1, engines: {} },
          ...{ runs, runsShown: 'runs', hint: undefined, clock: systemClock, tell: () => undefined, bench },
        });
      },
    },
    peer: {
      name: `kills at random times, at most ${MOST_RUNS}`,
      sample: async () => {
        const { bench, base, wholeMs } = await placed();
        for (let runs = 1; runs < MOST_RUNS; runs++) {
          const delay = ((lots.unit() * wholeMs) / 1000).toFixed(3);
          const run: Bench['program']['run'] = [process.execPath, killOnce, delay, ...bench.program.run];
          const ran = await runTrial({ ...base, faults: [] }, 120_000, {
            ...bench,
            program: { ...bench.program, run },
          });
          if (ran.state !== 'judged') throw new Error(`a run killed after ${delay} s was ${ran.state}`);
          if (ran.findings.length > 0) return runs;
        }
        return MOST_RUNS;
      },
    },
    goal: 0.1,
    unit: 'runs',
    rounds: 3,
    byChance: true,
  };
}

async function place({ supervisor, context, folder }: Setting): Promise<{
  readonly lab: Lab;
  readonly title: string;
  readonly bench: Bench;
  readonly base: { readonly lab: string; readonly stage: number; readonly seed: number; readonly size: number };
  readonly wholeMs: number;
}> {
  await supervisor.install('python');
  const lab = await labOf('realtime-validation', context);
  const [name, wrong] = Object.entries(lab.wrong).find(([one]) => one === 'commits-first') ?? [];
  if (name === undefined || wrong === undefined) throw new Error('the program that commits first is gone');
  const own = { ...wrong, folder: `wrong/${name}` };
  const program = await labsProgram(lab, own, folder, context);
  const stage = await graderOf(lab, own.stage);
  const bench = { supervisor, program, stage, scratch: join(folder, 'scratch'), root: context.paths.root };
  const { title, size } = stageOf(lab, own.stage);
  const base = { lab: lab.id, stage: own.stage, seed: DEFAULT_SEED, size: size.quick };
  const calm = await runTrial({ ...base, faults: [] }, 120_000, bench);
  if (calm.state !== 'judged' || calm.findings.length > 0) throw new Error('it is wrong undisturbed, too');
  return { lab, title, bench, base, wholeMs: calm.elapsedMs };
}
