import { statSync } from 'node:fs';

import { channel } from '#src/channel.ts';
import type { Context } from '#src/commands/context.ts';
import { pause } from '#src/deadline.ts';
import { findRunning } from '#src/engines/connect.ts';
import { ENGINE_NAMES, type EngineName, type Progress } from '#src/engines/engine.ts';
import { engineLogPath } from '#src/engines/log.ts';
import { oldEnvironments, removeOldEnvironments, type OldEnvironment, type Removal } from '#src/engines/python-old.ts';
import { statusAtRest } from '#src/engines/registry.ts';
import type { EngineStatus } from '#src/engines/status.ts';
import { LearnerError } from '#src/error.ts';
import { nearest } from '#src/nearest.ts';

export const ENGINE_ACTIONS = ['install', 'start', 'stop', 'clear'] as const;
export type EngineAction = (typeof ENGINE_ACTIONS)[number];

export type EngineEvent =
  | ({ readonly type: 'progress' } & Progress)
  /** How all engines stand afterwards. */
  | { readonly type: 'status'; readonly engines: readonly EngineStatus[] };

/** How every engine stands. Looking starts nothing. */
export async function engineStatus(context: Context): Promise<EngineStatus[]> {
  const supervisor = await findRunning(context.paths);
  if (supervisor === undefined) return statusAtRest(context.paths);
  try {
    return await supervisor.status();
  } finally {
    await supervisor.close();
  }
}

/** While nothing goes on, and while something does. */
const QUIET_MS = 2000;
const LIVELY_MS = 500;

/** How every engine stands, now and whenever it changes, until the signal: whoever started or stopped it. */
export async function* watchEngines(context: Context, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  let told = '';
  while (!signal.aborted) {
    const engines = await engineStatus(context);
    const now = JSON.stringify(engines.map(steady));
    if (now !== told) yield { type: 'status', engines };
    told = now;
    const isLively = engines.some(({ state, doing }) => state === 'starting' || doing !== undefined);
    await pause(isLively ? LIVELY_MS : QUIET_MS, signal).catch(() => undefined);
  }
}

/** Memory comes and goes by a little all the time, which is no news. */
function steady(status: EngineStatus): EngineStatus {
  return { ...status, memoryBytes: Math.round((status.memoryBytes ?? 0) / 10e6) };
}

/** Installs, starts or stops one engine, telling how far it is. */
export async function* changeEngine(
  { name, action, signal }: { name: EngineName; action: EngineAction; signal?: AbortSignal },
  context: Context,
): AsyncGenerator<EngineEvent> {
  const events = channel<EngineEvent>();
  const supervisor = await context.supervisor();
  const options = { onProgress: (progress: Progress) => events.push({ type: 'progress', ...progress }), signal };
  const act = {
    install: () => supervisor.install(name, options),
    start: () => supervisor.start(name, options),
    stop: () => supervisor.stop(name),
    clear: () => supervisor.clear(name),
  };
  void act[action]().then(
    () => events.end(),
    (error: unknown) => events.end(error),
  );
  yield* events;
  yield { type: 'status', engines: await supervisor.status() };
}

/** Python environments that other versions of the app have left in the cache. */
export function oldVersions({ paths }: Context): Promise<OldEnvironment[]> {
  return oldEnvironments(paths);
}

export function clearOldVersions({ paths }: Context): Promise<Removal> {
  return removeOldEnvironments(paths);
}

/** Stops every engine and the supervisor of this clone; nothing of ours is left running. */
export async function stopEngines(context: Context): Promise<void> {
  const supervisor = await findRunning(context.paths);
  await supervisor?.shutdown({ force: true });
}

/** Stops the engines on the way out, unless another command of this clone still uses them. */
export async function leaveEngines(context: Context): Promise<void> {
  const supervisor = await findRunning(context.paths);
  await context.close();
  await supervisor?.shutdown();
}

export async function engineLogs(name: EngineName, context: Context): Promise<readonly string[]> {
  const supervisor = await findRunning(context.paths);
  if (supervisor === undefined) return [];
  try {
    return await supervisor.logs(name);
  } finally {
    await supervisor.close();
  }
}

/** Where lines of earlier starts lie, if there are any. */
export function keptLog(name: EngineName, { paths }: Context): string | undefined {
  const path = engineLogPath(paths, name);
  return statSync(path, { throwIfNoEntry: false })?.size ? path : undefined;
}

export function engineName(text: string): EngineName {
  const found = ENGINE_NAMES.find((name) => name === text);
  if (found !== undefined) return found;
  const near = nearest(text, ENGINE_NAMES);
  throw new LearnerError(
    `there is no engine ${JSON.stringify(text)}`,
    `${near === undefined ? '' : `Did you mean ${near}? `}Engines: ${ENGINE_NAMES.join(', ')}.`,
  );
}
