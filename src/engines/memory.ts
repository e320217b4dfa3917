import { readFile } from 'node:fs/promises';

import { capture, trees } from '#src/process.ts';

/** Resident memory in bytes of these processes and all below them. Shared pages count in each. */
export async function memoryBytes(roots: readonly number[]): Promise<number> {
  const pids = await trees(roots);
  if (pids.length === 0) return 0;
  if (process.platform === 'linux') {
    const sizes = await Promise.all(
      pids.map(async (pid) => {
        const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
        return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
      }),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }
  const { stdout } = await capture(['ps', '-o', 'rss=', '-p', pids.join(',')]);
  return stdout.split('\n').reduce((sum, line) => sum + (Number(line.trim()) || 0) * 1024, 0);
}
