import { mkdtempSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, delimiter, join } from 'node:path';

import { Client } from 'pg';

import { systemClock } from '#src/clock.ts';
import { createContext } from '#src/commands/context.ts';
import { graderOf, labOf, labsProgram } from '#src/commands/labs.ts';
import { pause, until } from '#src/deadline.ts';
import { findFamily } from '#src/engines/python-family.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { grade, type GradeOptions } from '#src/grading/grade.ts';
import { copyProgram } from '#src/grading/program.ts';
import { signal, start } from '#src/process.ts';
import { random } from '#src/random.ts';
import type { Paths } from '#src/paths.ts';
import { loadOrders } from '#test/grading/bench.ts';

import { once, timed, type Comparison } from './ab.ts';
import type { Count } from './page.bench.ts';

const SIZE = 100;
/** A peer that has found nothing by then is counted as if this run had. */
const MOST_RUNS = 40;
const LAB = 'batch-error-handling';

/** What the grading needs that is made once. */
interface Place {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface GradingBench {
  readonly comparisons: Comparison[];
  /** Those of the names that are wanted. */
  counts(wanted: (name: string) => boolean): Promise<Count[]>;
  cleanUp(): Promise<void>;
}

export function gradingBench(supervisor: Supervisor, paths: Paths): GradingBench {
  const folder = mkdtempSync(join(tmpdir(), 'dej-bench-grading-'));
  const placed = once(() => place(supervisor, paths, folder));
  const setting = { supervisor, paths, placed };
  return {
    comparisons: [firstVerdict(setting), firstRed(setting)],
    counts: async (wanted) => [
      ...(wanted('schedules a minute') ? [await pace(setting)] : []),
      ...(await solutionTimes(
        setting,
        (['quick', 'full'] as const).filter((level) => wanted(`${level} check of a solution`)),
      )),
    ],
    cleanUp: async () => rm(folder, { recursive: true, force: true }),
  };
}

interface Setting {
  readonly supervisor: Supervisor;
  readonly paths: Paths;
  readonly placed: () => Promise<Place>;
}

async function place(supervisor: Supervisor, paths: Paths, folder: string): Promise<Place> {
  await supervisor.install('python');
  const family = await findFamily(paths);
  if (family.state !== 'ready') throw new Error('the Python environment was not made');
  const env = { PATH: [dirname(family.interpreter), process.env['PATH'] ?? ''].join(delimiter) };
  return { folder, env };
}

async function optionsFor({ supervisor, paths, placed }: Setting, design: string): Promise<GradeOptions> {
  const { folder, env } = await placed();
  const program = join(paths.root, 'test', 'input', 'grading');
  return {
    lab: 'tiny',
    stage: { n: 2, title: 'Killed at every step', allows: [], read: undefined },
    level: 'quick',
    ...{ seed: 42, size: SIZE, minSize: 20, calmLimitMs: 60_000, workers: 2, engines: {} },
    runs: join(folder, 'runs'),
    runsShown: 'runs',
    hint: undefined,
    clock: systemClock,
    tell: () => undefined,
    bench: {
      supervisor,
      program: { folder: program, language: 'python', run: ['python', 'pipe.py', design], env },
      stage: loadOrders,
      scratch: join(folder, 'scratch'),
      root: paths.root,
    },
  };
}

/** From the save to the confirmed verdict of a wrong program, against one run of that program with nobody looking. */
function firstVerdict(setting: Setting): Comparison {
  return {
    name: 'a save to its first verdict',
    ours: {
      name: 'quick check, red seen three times',
      sample: async () => {
        const options = await optionsFor(setting, 'after');
        return timed(() => grade(options));
      },
    },
    peer: { name: 'one run of the program', sample: async () => (await alone(setting, 'after', undefined)).ms },
    goal: 15,
    unit: 'ms',
    rounds: 5,
  };
}

/** How many runs it takes to see that a program is wrong: at logical points, and at random moments of its run. */
function firstRed(setting: Setting): Comparison {
  const times = random(7);
  return {
    name: 'runs to the first red',
    ours: {
      name: 'faults at logical points',
      sample: async () => {
        let runs = 0;
        let first: number | undefined;
        const options = await optionsFor(setting, 'after');
        const { supervisor } = options.bench;
        const counting = { lease: (...args: Parameters<Supervisor['lease']>) => (runs++, supervisor.lease(...args)) };
        await grade({
          ...options,
          workers: 1,
          runs: `${options.runs}-counted`,
          bench: { ...options.bench, supervisor: counting },
          tell: ({ what }) => {
            if (what === 'confirming') first ??= runs;
          },
        });
        await rm(`${options.runs}-counted`, { recursive: true, force: true });
        return first ?? runs;
      },
    },
    peer: {
      name: `kills at random times, at most ${MOST_RUNS}`,
      sample: async () => {
        const { ms } = await alone(setting, 'after', undefined);
        for (let runs = 1; runs < MOST_RUNS; runs++) {
          const { isRight } = await alone(setting, 'after', times.unit() * ms);
          if (!isRight) return runs;
        }
        return MOST_RUNS;
      },
    },
    goal: 0.1,
    unit: 'runs',
    rounds: 12,
    byChance: true,
  };
}

/** The program on its own, straight to PostgreSQL; killed after a while where one is given, and started until it is done. */
async function alone(
  { supervisor, paths, placed }: Setting,
  design: string,
  killAfterMs: number | undefined,
): Promise<{ readonly ms: number; readonly isRight: boolean }> {
  const { folder, env } = await placed();
  const own = await mkdtemp(join(folder, 'alone-'));
  const plan = await loadOrders({ seed: 42, size: SIZE, random: random(42) });
  await using lease = await supervisor.lease('postgres', { data: undefined });
  const { address } = lease;
  if (address.kind !== 'postgres') throw new Error('the lease is no database');
  await copyProgram(join(paths.root, 'test', 'input', 'grading'), join(own, 'program'), paths.root);
  for (const [name, content] of Object.entries(plan.inputs)) await writeFile(join(own, name), content);
  const { host, port, user, password, database } = address;
  const client = new Client({ host, port, user, password, database, ssl: false });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const sql of plan.tables ?? []) await client.query(sql);
    const url = `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}?sslmode=disable`;
    const given = { ...process.env, ...env, DATABASE_URL: url, INPUT_DIR: own, OUTPUT_DIR: own };
    const ms = await timed(async () => {
      for (let isFirst = true; ; isFirst = false) {
        const program = await start(['python', 'pipe.py', design], {
          cwd: join(own, 'program'),
          env: given,
          output: 'ignore',
          group: true,
        });
        const over = new AbortController();
        if (isFirst && killAfterMs !== undefined) {
          const kill = (): unknown => signal(program.pid, 'SIGKILL', true);
          pause(killAfterMs, over.signal).then(kill, () => undefined);
        }
        const { code } = await program.exited;
        over.abort();
        if (code === 0) return;
        await until('its end on the server', () => isQuiet(client, user), { deadlineMs: 30_000 });
      }
    });
    const { rows } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM orders');
    return { ms, isRight: rows[0]?.n === SIZE };
  } finally {
    await client.end().catch(() => undefined);
    await rm(own, { recursive: true, force: true });
  }
}

async function isQuiet(client: Client, user: string): Promise<boolean> {
  const { rows } = await client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = $1 AND pid <> pg_backend_pid()
     AND backend_type = 'client backend'`,
    [user],
  );
  return rows[0]?.n === 0;
}

async function pace(setting: Setting): Promise<Count> {
  const options = await optionsFor(setting, 'same-transaction');
  let tried = 0;
  const ms = await timed(async () => (tried = (await grade({ ...options, level: 'full' })).verdict.points.tried));
  const value = (60_000 * tried) / ms;
  return { name: 'schedules a minute, recordings included', value, unit: '', goal: undefined, goalName: '' };
}

/** The reference solution of the first challenge, all its stages one after the other. */
async function solutionTimes(
  { supervisor, paths, placed }: Setting,
  levels: readonly ('quick' | 'full')[],
): Promise<Count[]> {
  if (levels.length === 0) return [];
  const context = createContext(paths);
  const lab = await labOf(LAB, context);
  const { folder } = await placed();
  const program = await labsProgram(lab, { folder: 'solution/python', language: 'python' }, folder, context);
  const counts: Count[] = [];
  for (const level of levels) {
    const ms = await timed(async () => {
      for (const [index, stage] of lab.stages.entries()) {
        const { verdict, text } = await grade({
          lab: lab.id,
          stage: { n: index + 1, title: stage.title, allows: [], read: undefined },
          level,
          ...{ seed: 42, size: stage.size[level], minSize: 100, calmLimitMs: 60_000, workers: 2, engines: {} },
          runs: join(folder, `solution-${level}`),
          runsShown: 'runs',
          hint: undefined,
          clock: systemClock,
          tell: () => undefined,
          bench: {
            supervisor,
            program,
            stage: await graderOf(lab, index + 1),
            scratch: join(folder, 'scratch'),
            root: paths.root,
          },
        });
        console.log(`${level} check of stage ${index + 1}: ${(verdict.elapsedMs / 1000).toFixed(1)} s`);
        if (verdict.state !== 'passed') throw new Error(`the solution did not pass stage ${index + 1}:\n${text}`);
      }
    });
    const stages = `${lab.stages.length} stages`;
    counts.push({
      name: `${level} check of a solution, ${stages}`,
      value: ms / 1000,
      unit: 's',
      goal: (level === 'quick' ? 20 : 180) * lab.stages.length,
      goalName: `${level === 'quick' ? 20 : 180} s a stage`,
    });
  }
  return counts;
}
