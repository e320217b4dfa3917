import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { systemClock } from '#src/clock.ts';
import { within } from '#src/deadline.ts';
import { WorldError } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';
import type { Paths } from '#src/paths.ts';
import { startedAt } from '#src/process.ts';
import { cookieOf, mintCode, readSecret } from '#src/server/session.ts';

const instance = z.object({
  pid: z.number(),
  startedAt: z.string().min(1),
  host: z.string(),
  port: z.number(),
  /** New at each start, so that a code of an earlier start is worth nothing. */
  bootId: z.string(),
});
/** The running app of a clone, as written in `.dej/app.json`. */
export type Instance = Readonly<z.infer<typeof instance>>;

export async function recordApp(paths: Paths, started: Omit<Instance, 'pid' | 'startedAt'>): Promise<void> {
  const own: Instance = { ...started, pid: process.pid, startedAt: (await startedAt(process.pid)) ?? '' };
  await writeAtomic(join(paths.state, 'app.json'), JSON.stringify(own), 0o600);
}

/** Takes back what recordApp wrote, unless another app has written its own since. */
export async function forgetApp(paths: Paths, bootId: string): Promise<void> {
  if ((await recorded(paths))?.bootId === bootId) await rm(join(paths.state, 'app.json'), { force: true });
}

async function recorded(paths: Paths): Promise<Instance | undefined> {
  try {
    return instance.parse(JSON.parse(await readFile(join(paths.state, 'app.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

const ANSWER_DEADLINE_MS = 5000;

/**
 * The running app, or undefined; what a killed one left behind counts as none. A WorldError says that its process is
 * there but does not answer (suspended, for example) or does not know this clone's secret any more.
 */
export async function findApp(
  paths: Paths,
  { deadlineMs = ANSWER_DEADLINE_MS }: { deadlineMs?: number } = {},
): Promise<Instance | undefined> {
  const found = await recorded(paths);
  if (found === undefined || (await startedAt(found.pid)) !== found.startedAt) return undefined;
  const trouble = (what: string): WorldError =>
    new WorldError(`the app is running already (process ${found.pid}), but ${what}`, {
      remedy: `Stop it (Ctrl-C where it was started, or: kill ${found.pid}) and start it again.`,
    });
  const stop = new AbortController();
  const ask = async (): Promise<number | undefined> => {
    const headers = { cookie: cookieOf(await readSecret(paths.state), found.port) };
    const url = `${originOf(found.host, found.port)}/api/session`;
    return fetch(url, { headers, signal: stop.signal }).then(
      ({ status }) => status,
      () => undefined,
    );
  };
  const status = await within('the answer', ask(), { deadlineMs })
    .catch(() => {
      throw trouble('does not answer');
    })
    .finally(() => stop.abort());
  // Nobody listens: it has just begun to stop.
  if (status === undefined) return undefined;
  if (status !== 200) throw trouble('does not know the secret in .dej/ any more');
  return found;
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
