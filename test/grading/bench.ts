import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { tmpdir } from 'node:os';

import { findFamily } from '#src/engines/python-family.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import type { Stage } from '#src/grading/api.ts';
import { compareRows } from '#src/grading/api.ts';
import { grade, type Graded, type GradeOptions } from '#src/grading/grade.ts';
import { systemClock } from '#src/clock.ts';
import { ownRoot, type Paths } from '#src/paths.ts';
import { clone } from '#test/engines/clone.ts';

const root = ownRoot(import.meta.dirname);
const noun = { one: 'order', many: 'orders' };

/** A lab small enough to be read at a glance: `size` orders in one file, to be loaded each once. */
export const loadOrders: Stage = ({ size }) => {
  const orders = Array.from({ length: size }, (_, i) => ({ id: `o-${i + 1}`, amount: `${i}.50` }));
  return {
    noun,
    inputs: { 'orders.jsonl': orders.map((order) => `${JSON.stringify(order)}\n`).join('') },
    tables: [
      'CREATE TABLE orders (id text, amount numeric)',
      'CREATE TABLE progress (position int)',
      'CREATE TABLE beats (at timestamptz)',
    ],
    attack: [{ boundary: 'pg.commit' }],
    judge: async (trial) =>
      compareRows({ noun, truth: orders, found: await trial.query('SELECT id, amount FROM orders'), key: ['id'] }),
  };
};

interface BenchOptions {
  readonly stageFunction?: Stage;
  readonly signal?: AbortSignal;
  /** Another program than pipe.py: what runs it, in the folder `bad`. */
  readonly run?: readonly [string, ...string[]];
  readonly marker?: string;
}

export interface Grader {
  readonly grade: (design: string, options?: Partial<GradeOptions> & BenchOptions) => Promise<Graded>;
  /** What a grading of this design is given. */
  readonly options: (design: string) => GradeOptions;
  readonly supervisor: Supervisor;
  readonly paths: Paths;
  readonly folder: string;
}

/** Grades the programs of test/input/grading on engines of the test's own, or at the addresses in `env`. */
export async function grader(t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<Grader> {
  const own = await clone(t);
  const supervisor = await own.connect(env);
  await supervisor.install('python');
  const family = await findFamily(own.paths);
  if (family.state !== 'ready') throw new Error('the Python environment was not made');
  const folder = await mkdtemp(join(tmpdir(), 'dej-grading-'));
  t.after(async () => {
    await supervisor.close();
    await rm(folder, { recursive: true, force: true });
  });
  const run = ['python', 'pipe.py'] as const;
  const variables = { PATH: [dirname(family.interpreter), process.env['PATH'] ?? ''].join(delimiter) };
  const options = (design: string, more: Partial<GradeOptions> & BenchOptions = {}): GradeOptions => ({
    lab: 'tiny',
    stage: { n: 2, title: 'Killed at every step', allows: [], read: undefined },
    level: 'full',
    seed: 42,
    size: 100,
    minSize: 20,
    calmLimitMs: 30_000,
    workers: 2,
    engines: {},
    runs: join(folder, 'runs', design),
    runsShown: 'journal/runs/tiny',
    hint: undefined,
    clock: systemClock,
    tell: () => undefined,
    bench: {
      supervisor,
      program: {
        folder: join(root, 'test', 'input', 'grading', ...(more.run === undefined ? [] : ['bad'])),
        language: 'python',
        run: more.run ?? [...run, design],
        env: variables,
      },
      stage: more.stageFunction ?? loadOrders,
      scratch: join(folder, 'scratch'),
      root,
      signal: more.signal,
      ...(more.marker === undefined ? {} : { marker: more.marker }),
    },
    ...more,
  });
  return {
    supervisor,
    folder,
    paths: own.paths,
    options,
    grade: (design, more = {}) => grade(options(design, more)),
  };
}
