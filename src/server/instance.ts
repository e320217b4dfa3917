import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { systemClock } from '#src/clock.ts';
import { writeAtomic } from '#src/files.ts';
import type { Paths } from '#src/paths.ts';
import { startedAt } from '#src/process.ts';
import { mintCode, readSecret } from '#src/server/session.ts';

/** The running app of a clone, as written in `.dej/app.json`. */
export interface Instance {
  readonly pid: number;
  readonly startedAt: string;
  readonly host: string;
  readonly port: number;
  /** New at each start, so that a code of an earlier start is worth nothing. */
  readonly bootId: string;
}

export async function recordApp(paths: Paths, instance: Omit<Instance, 'pid' | 'startedAt'>): Promise<void> {
  const own: Instance = { ...instance, pid: process.pid, startedAt: (await startedAt(process.pid)) ?? '' };
  await writeAtomic(join(paths.state, 'app.json'), JSON.stringify(own), 0o600);
}

export async function forgetApp(paths: Paths): Promise<void> {
  await rm(join(paths.state, 'app.json'), { force: true });
}

/** The running app, or undefined; what a killed one left behind counts as none. */
export async function findApp(paths: Paths): Promise<Instance | undefined> {
  try {
    const instance = JSON.parse(await readFile(join(paths.state, 'app.json'), 'utf8')) as Instance;
    return (await startedAt(instance.pid)) === instance.startedAt ? instance : undefined;
  } catch {
    return undefined;
  }
}

/** An address with a fresh one-time code for a running app. */
export async function mintAddress(
  paths: Paths,
  { host, port, bootId }: Pick<Instance, 'host' | 'port' | 'bootId'>,
): Promise<string> {
  return `${originOf(host, port)}/?code=${mintCode(await readSecret(paths.state), bootId, systemClock)}`;
}

export function originOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
