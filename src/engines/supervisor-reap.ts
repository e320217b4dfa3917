import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { readSupervisorFile } from '#src/engines/connect.ts';
import type { LogTail } from '#src/engines/log.ts';
import type { Paths } from '#src/paths.ts';
import { killTrees, list } from '#src/process.ts';

/**
 * Ends what a supervisor that was killed left running, and removes its folders. Whoever calls holds the lock, so all that
 * it finds is nobody's.
 */
export async function reap(paths: Paths, log: LogTail): Promise<void> {
  const old = await readSupervisorFile(paths);
  if (old !== undefined) {
    const alive = await list();
    // A process id may have been given anew since.
    const roots = old.engines.filter(({ pid, startedAt: began }) =>
      alive.some((row) => row.pid === pid && row.startedAt === began),
    );
    const killed = await killTrees(
      roots.map(({ pid }) => pid),
      { marker: old.marker },
    );
    if (killed.length > 0) log.write(`reaped ${killed.length} processes of supervisor ${old.pid}`);
    await rm(join(paths.state, 'supervisor.json'), { force: true });
  }
  for (const socket of await readdir(paths.sockets))
    await rm(join(paths.sockets, socket), { recursive: true, force: true });
  await rm(join(paths.state, 'run'), { recursive: true, force: true });
}
