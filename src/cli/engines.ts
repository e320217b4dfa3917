import { EXIT } from '#src/exit.ts';
import { megabytes, progressLine } from '#src/cli/progress.ts';
import { createContext, type Context } from '#src/commands/context.ts';
import {
  changeEngine,
  clearOldVersions,
  ENGINE_ACTIONS,
  engineLogs,
  engineName,
  engineStatus,
  keptLog,
  oldVersions,
  stopEngines,
  type EngineEvent,
} from '#src/commands/engines.ts';
import type { EngineName } from '#src/engines/engine.ts';
import { LearnerError } from '#src/error.ts';
import type { OldEnvironment, Removal } from '#src/engines/python-old.ts';
import { nearest } from '#src/nearest.ts';

type Status = Extract<EngineEvent, { type: 'status' }>['engines'];

/** The word in the place of an engine for what other versions of the app have left. */
const OLD = 'old';

/** `engines`, `engines install postgres`, `engines logs postgres`, `engines stop` … */
export async function engines(
  action: string | undefined,
  name: string | undefined,
  options: { json?: boolean },
): Promise<void> {
  const context = createContext();
  const json = options.json === true;
  try {
    if (action === undefined) {
      print(await engineStatus(context), json);
      return json ? undefined : tellOld(await oldVersions(context));
    }
    if (action === 'clear' && name === OLD) return tellRemoval(await clearOldVersions(context), json);
    if (action === 'stop' && name === undefined) {
      await stopEngines(context);
      return print(await engineStatus(context), json);
    }
    if (action === 'logs') {
      return await tellLog(engineName(needed(name, action)), context);
    }
    await change(action, name, json, context);
  } finally {
    await context.close();
  }
}

/** Where there is nothing to print, what is kept of earlier starts is named, beside the output. */
async function tellLog(name: EngineName, context: Context): Promise<void> {
  const lines = await engineLogs(name, context);
  for (const line of lines) console.log(line);
  if (lines.length > 0) return;
  const kept = keptLog(name, context);
  console.error(
    `Nothing is logged of ${name} since it was last started${kept === undefined ? '' : `; earlier lines: ${kept}`}.`,
  );
}

async function change(text: string, name: string | undefined, json: boolean, context: Context): Promise<void> {
  const action = ENGINE_ACTIONS.find((known) => known === text);
  if (action === undefined) {
    const actions = [...ENGINE_ACTIONS, 'logs'];
    const near = nearest(text, actions);
    throw new LearnerError(
      `./dej engines knows no ${JSON.stringify(text)}`,
      `${near === undefined ? '' : `Did you mean ${near}? `}Actions: ${actions.join(', ')}.`,
    );
  }
  const progress = progressLine(process.stderr);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  for await (const event of changeEngine(
    { name: engineName(needed(name, action)), action, signal: stop.signal },
    context,
  )) {
    if (json) console.log(JSON.stringify(event));
    else if (event.type === 'progress') progress.show(event);
    else {
      progress.clear();
      print(event.engines, false);
    }
  }
  if (stop.signal.aborted) process.exitCode = EXIT.unknown;
}

function tellOld(old: readonly OldEnvironment[]): void {
  if (old.length === 0) return;
  const bytes = old.reduce((sum, one) => sum + one.bytes, 0);
  console.log(`\n${megabytes(bytes)} on disk are Python packages of other versions of this app: ${keysOf(old)}`);
  console.log('  ./dej engines clear old removes them; a clone of such a version would fetch them again.');
}

function tellRemoval({ removed, kept }: Removal, json: boolean): void {
  if (json) return console.log(JSON.stringify({ removed, kept }, undefined, 2));
  if (removed.length + kept.length === 0) console.log('Nothing here is of another version of this app.');
  for (const { key, bytes } of removed) console.log(`removed ${key}, ${megabytes(bytes)}`);
  for (const { key } of kept) console.log(`kept ${key}: a program runs from it now`);
}

function keysOf(old: readonly OldEnvironment[]): string {
  return old.map(({ key }) => key).join(', ');
}

function needed(name: string | undefined, action: string): string {
  if (name === undefined)
    throw new LearnerError(`./dej engines ${action} needs an engine`, `For example: ./dej engines ${action} postgres`);
  return name;
}

function print(statuses: Status, json: boolean): void {
  if (json) return console.log(JSON.stringify(statuses, undefined, 2));
  const rows = statuses.map((status) => [
    status.name,
    status.state,
    status.at === undefined ? (status.version ?? '') : `yours, at ${status.at}`,
    status.state === 'available'
      ? `${megabytes(status.downloadBytes ?? 0)} to fetch`
      : status.diskBytes
        ? `${megabytes(status.diskBytes)} on disk`
        : '',
    status.memoryBytes ? `${megabytes(status.memoryBytes)} in memory` : '',
  ]);
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  for (const [i, row] of rows.entries()) {
    console.log(
      row
        .map((cell, j) => cell.padEnd(widths[j] ?? 0))
        .join('  ')
        .trimEnd(),
    );
    const { why, remedy } = statuses[i] ?? {};
    if (why !== undefined) console.log(`  ${why}${remedy === undefined ? '' : `\n  ${remedy}`}`);
  }
}
