import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { connect, readSupervisorFile } from '#src/engines/connect.ts';
import type { EngineName } from '#src/engines/engine.ts';
import { memoryBytes } from '#src/engines/memory.ts';
import { pathsOf, type Paths } from '#src/paths.ts';
import { trees } from '#src/process.ts';
import { startApp } from '#test/e2e/app.ts';

import type { Count } from './page.bench.ts';

const ALL: readonly EngineName[] = ['kafka', 'connect', 'spark', 'postgres'];
const GOAL_MB = 2500;

/** What the machine gives up for the app and its large engines at once. */
export async function allUp(paths: Paths): Promise<Count[]> {
  const state = await mkdtemp(join(tmpdir(), 'dej-bench-all-'));
  const app = await startApp(paths.root, state);
  const own = pathsOf(paths.root, { ...process.env, DEJ_STATE: state });
  try {
    const supervisor = await connect(own);
    // Held, so that none of them stops meanwhile.
    for (const name of ALL) await supervisor.lease(name, { data: undefined });
    const { pid } = (await readSupervisorFile(own)) ?? { pid: app.pid };
    const bytes = await ownBytes([app.pid, pid]);
    await supervisor.shutdown({ force: true });
    const name = 'Kafka, Connect, Spark, PostgreSQL and the app in memory';
    return [{ name, value: bytes / 1e6, unit: 'MB', goal: GOAL_MB, goalName: 'a small laptop' }];
  } finally {
    await app.stop();
    await rm(state, { recursive: true, force: true });
  }
}

/** Memory of these processes and all below them, what several share counted once; where that is not told, in each. */
async function ownBytes(roots: readonly number[]): Promise<number> {
  if (process.platform !== 'linux') return memoryBytes(roots);
  const sizes = await Promise.all(
    (await trees(roots)).map(async (pid) => {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
      return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
