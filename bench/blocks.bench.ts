import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pause } from '#src/deadline.ts';
import type { EngineName } from '#src/engines/engine.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import type { Paths } from '#src/paths.ts';
import { run } from '#src/runner/run.ts';

import { once, timed, timedProgram, type Comparison } from './ab.ts';
import { peerPython, type Kernel } from './peers/peers.ts';

/** One block through the supervisor and the runner, from a clean state, as the page and `./dej run` run it. */
async function block(supervisor: Supervisor, engine: EngineName, code: string): Promise<void> {
  const outcome = await run({ engine, with: [], data: undefined, before: [], code }, supervisor, () => undefined);
  if (outcome.state !== 'ok') throw new Error(`${engine}: ${outcome.state}`);
}

const PRINT = 'x = 1\nprint(x * 2)';
const SELECT = 'SELECT 42 AS a';

export async function warmBlocks(supervisor: Supervisor, kernel: Kernel, paths: Paths): Promise<Comparison[]> {
  const python = peerRunner(paths);
  const fresh = (code: string) => () => python(['-c', code]);
  const joined = once(() => joinPostgres(supervisor, kernel));
  const rounds = 40;
  const ours = (engine: EngineName, code: string) => ({
    name: `${engine} block, clean state`,
    sample: () => timed(() => block(supervisor, engine, code)),
  });
  return [
    {
      name: 'warm Python block',
      ours: ours('python', PRINT),
      peer: { name: 'Jupyter cell, kept state', sample: () => kernel.run(PRINT) },
      goal: 1.5,
      unit: 'ms',
      rounds,
    },
    {
      name: 'warm DuckDB block',
      ours: ours('duckdb', SELECT),
      peer: { name: 'JupySQL cell, kept state', sample: () => kernel.run(`%%sql duckdb\n${SELECT}`) },
      goal: 0.5,
      unit: 'ms',
      rounds,
    },
    {
      name: 'warm PostgreSQL block',
      ours: {
        ...ours('postgres', SELECT),
        // Spare databases are made while a person reads; the loop reads for a moment too.
        ready: () => pause(700),
      },
      peer: {
        name: 'JupySQL cell on PostgreSQL, kept state',
        ready: () => joined(),
        sample: () => kernel.run(`%%sql postgres\n${SELECT}`),
      },
      goal: 1.5,
      unit: 'ms',
      rounds: 10,
    },
    {
      name: 'Python block',
      ours: ours('python', 'import duckdb\nprint(duckdb.sql("select 42").fetchall())'),
      peer: { name: 'fresh Python process', sample: fresh('import duckdb; print(duckdb.sql("select 42").fetchall())') },
      goal: 0.25,
      unit: 'ms',
      rounds: 10,
    },
  ];
}

/** Times a fresh process of the peers' Python. */
function peerRunner(paths: Paths): (args: readonly string[], cwd?: string) => Promise<number> {
  const python = once(() => peerPython(paths));
  return async (args, cwd = paths.state) => timedProgram([await python(), ...args], cwd);
}

/** Gives the kernel a database of its own on the server that we use, so that both ask the same engine. */
async function joinPostgres(supervisor: Supervisor, kernel: Kernel): Promise<void> {
  const { address } = await supervisor.lease('postgres', { data: undefined });
  if (address.kind !== 'postgres') throw new Error(`a database was leased, not a ${address.kind}`);
  const { host, port, user, password, database } = address;
  await kernel.run(`%sql postgresql+psycopg://${user}:${password}@${host}:${port}/${database} --alias postgres`);
}

/** Ten blocks of a page against a notebook of ten cells and a Markdown file of ten examples, each from nothing. */
export async function tenBlocks(
  supervisor: Supervisor,
  paths: Paths,
): Promise<{ comparisons: Comparison[]; cleanUp: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'dej-bench-'));
  const python = peerRunner(paths);
  const cells = Array.from({ length: 10 }, (_, i) => `x = ${i}\nprint(x * 2)`);
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
    cells: cells.map((source, i) => ({
      cell_type: 'code',
      id: `c${i}`,
      source,
      metadata: {},
      outputs: [],
      execution_count: null,
    })),
  };
  await writeFile(join(folder, 'ten.ipynb'), JSON.stringify(notebook));
  await writeFile(join(folder, 'ten.md'), cells.map((code) => `\`\`\`python\n${code}\n\`\`\`\n`).join('\n'));
  await writeFile(
    join(folder, 'test_ten.py'),
    "import pytest\nfrom pytest_examples import find_examples, EvalExample\n\n@pytest.mark.parametrize('example', find_examples('ten.md'), ids=str)\ndef test_ten(example, eval_example: EvalExample):\n    eval_example.run(example)\n",
  );
  const ours = {
    name: 'ten blocks, supervisor up',
    sample: () =>
      timed(async () => {
        for (const code of cells) await block(supervisor, 'python', code);
      }),
  };
  const execute = {
    name: 'jupyter execute',
    sample: () => python(['-m', 'jupyter', 'execute', 'ten.ipynb'], folder),
  };
  const examples = {
    name: 'pytest-examples',
    sample: () => python(['-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'test_ten.py'], folder),
  };
  return {
    comparisons: [
      { name: 'ten blocks of a page', ours, peer: execute, goal: 0.15, unit: 'ms', rounds: 4 },
      { name: 'ten blocks of a page', ours, peer: examples, goal: 0.5, unit: 'ms', rounds: 5 },
    ],
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  };
}
