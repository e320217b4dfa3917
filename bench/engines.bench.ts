import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ENGINE_NAMES, type EngineName } from '#src/engines/engine.ts';
import { findFamily } from '#src/engines/python-family.ts';
import { PYSPARK } from '#src/engines/python.ts';
import { registry } from '#src/engines/registry.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { pathsOf, type Paths } from '#src/paths.ts';
import { run, type RunRequest } from '#src/runner/run.ts';

import { timed, timedProgram, type Comparison } from './ab.ts';
import type { Count } from './page.bench.ts';

async function block(supervisor: Supervisor, request: Pick<RunRequest, 'engine' | 'with' | 'code'>): Promise<void> {
  const outcome = await run({ ...request, data: undefined, before: [] }, supervisor, () => undefined);
  if (outcome.state !== 'ok') throw new Error(`${request.engine}: ${outcome.state}`);
}

/** Each engine from an empty cache to installed: what is fetched, and how long that takes on this machine's network. */
export async function firstUse(paths: Paths): Promise<Count[]> {
  const cache = await mkdtemp(join(tmpdir(), 'dej-cache-'));
  const engines = registry(pathsOf(paths.root, { ...process.env, DEJ_STATE: paths.state, DEJ_CACHE: cache }));
  const counts: Count[] = [];
  try {
    for (const name of ENGINE_NAMES) {
      const engine = engines[name];
      const { title } = engine;
      const found = await engine.find();
      if (found.state !== 'available') continue;
      const ms = await timed(async () => void (await found.install(() => undefined)));
      const note = { goal: undefined, goalName: 'what earlier rows have fetched is there' };
      counts.push({ name: `first use of ${title}, fetched`, value: found.downloadBytes / 1e6, unit: 'MB', ...note });
      counts.push({ name: `first use of ${title}, installed in`, value: ms / 1000, unit: 's', ...note });
    }
    return counts;
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

/** Each engine that is installed: from nothing to its first clean place, and what it takes when it has run a block. */
export async function starts(supervisor: Supervisor): Promise<Count[]> {
  const counts: Count[] = [];
  for (const { name, title, state } of await supervisor.status()) {
    if (state === 'missing') continue;
    // Installs and prepares what is made once.
    await supervisor.start(name);
    await supervisor.stop(name);
    const ms = await timed(async () => {
      const lease = await supervisor.lease(name, { data: undefined });
      await lease[Symbol.asyncDispose]();
    });
    const bytes = (await supervisor.status()).find((one) => one.name === name)?.memoryBytes ?? 0;
    counts.push({ name: `start of ${title}`, value: ms, unit: 'ms', goal: undefined, goalName: '' });
    const shared = 'shared pages count in each process';
    counts.push({ name: `${title} in memory`, value: bytes / 1e6, unit: 'MB', goal: undefined, goalName: shared });
    await supervisor.stop(name);
  }
  return counts;
}

const SUM = 'SELECT sum(id) FROM range(1000)';
const OPEN = 'from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()';

/** A block on Spark against the same query by a fresh Python process that connects to the same server. */
export function sparkBlocks(supervisor: Supervisor, paths: Paths): Comparison[] {
  const code = `${OPEN}\nprint(spark.sql('${SUM}').collect())`;
  const fresh = {
    name: 'fresh Python process, same server',
    async sample() {
      const family = await findFamily(paths, PYSPARK.family);
      if (family.state !== 'ready') throw new Error('the packages for Spark are not installed');
      const lease = await supervisor.lease('spark', { data: undefined });
      try {
        const { address } = lease;
        const env = address.kind === 'service' ? address.env : {};
        return await timedProgram([family.interpreter, '-c', code], paths.state, { ...PYSPARK.env, ...env });
      } finally {
        await lease[Symbol.asyncDispose]();
      }
    },
  };
  const ours = (engine: EngineName, text: string) => ({
    name: `${engine} block, clean state`,
    sample: () => timed(() => block(supervisor, { engine, with: [], code: text })),
  });
  return [
    { name: 'warm Spark block, SQL', ours: ours('spark', SUM), peer: fresh, goal: 0.25, unit: 'ms', rounds: 6 },
    { name: 'warm Spark block, Python', ours: ours('pyspark', code), peer: fresh, goal: 0.5, unit: 'ms', rounds: 6 },
  ];
}
