import { mkdtempSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, delimiter, join } from 'node:path';

import { Client } from 'pg';

import { systemClock } from '#src/clock.ts';
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
const PACE = 'schedules a minute of a small load, recordings included';

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
    counts: async (wanted) => (wanted(PACE) ? [await pace(setting)] : []),
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
        const options = await optionsFor(setting, 'after');
        const runs = `${options.runs}-counted`;
        const count = await runsToRed({ ...options, runs });
        await rm(runs, { recursive: true, force: true });
        return count;
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

/** How often a grading runs the program until it sees red: each run takes a database. */
export async function runsToRed(options: GradeOptions): Promise<number> {
  let runs = 0;
  let first: number | undefined;
  const { supervisor } = options.bench;
  const counting: Pick<Supervisor, 'lease'> = {
    lease: (name, ...rest) => {
      if (name === 'postgres') runs++;
      return supervisor.lease(name, ...rest);
    },
  };
  await grade({
    ...options,
    workers: 1,
    bench: { ...options.bench, supervisor: counting },
    tell: ({ what }) => {
      if (what === 'confirming') first ??= runs;
    },
  });
  return first ?? runs;
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
  return { name: PACE, value, unit: '', goal: undefined, goalName: '' };
}
