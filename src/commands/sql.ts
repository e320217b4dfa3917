import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Context } from '#src/commands/context.ts';
import { readSaved, type SavedQuestion } from '#src/content/saved.ts';
import { LearnerError, WorldError } from '#src/error.ts';
import { nearest } from '#src/nearest.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { run } from '#src/runner/run.ts';
import { tablesOf, type EventTable } from '#src/study/tables.ts';
import { standing } from '#src/study/undone.ts';

export type ResultOfSql = Omit<Extract<RunEvent, { type: 'table' }>, 'type'>;

export interface Answer {
  /** One for each statement that returned rows. */
  readonly tables: readonly ResultOfSql[];
}

/** What can be asked. */
export interface SqlSight {
  readonly saved: readonly SavedQuestion[];
  readonly tables: readonly { readonly name: string; readonly about: string; readonly columns: readonly string[] }[];
}

const LIMITS = { timeMs: 20_000, outputBytes: 1024 * 1024, rows: 1000 } as const;

export async function sqlSight(context: Context): Promise<SqlSight> {
  const tables = await eventTables(context);
  return {
    saved: await readSaved(context.paths.root),
    tables: tables.map(({ name, about, columns }) => ({ name, about, columns: Object.keys(columns) })),
  };
}

export async function askSaved(id: string, context: Context): Promise<Answer & { readonly question: SavedQuestion }> {
  const saved = await readSaved(context.paths.root);
  const question = saved.find((one) => one.id === id);
  if (question !== undefined) return { question, ...(await askSql(question.sql, context)) };
  const ids = saved.map((one) => one.id);
  const near = nearest(id, ids);
  throw new LearnerError(
    `there is no saved question ${JSON.stringify(id)}`,
    near === undefined ? `There are: ${ids.join(', ')}.` : `Did you mean ${near}?`,
  );
}

/**
 * Asks the learner's own events in SQL. DuckDB gets a copy of them in memory, and then no way to any file or address, so
 * that nothing a question says can change what it asks.
 */
export async function askSql(sql: string, context: Context, signal?: AbortSignal): Promise<Answer> {
  const tables = await eventTables(context);
  const folder = join(context.paths.scratch, `sql-${randomBytes(6).toString('hex')}`);
  const told: RunEvent[] = [];
  try {
    await mkdir(folder, { recursive: true });
    const before = [await loading(tables, folder), CLOSED];
    const request = { engine: 'duckdb', with: [], data: undefined, before, code: sql } as const;
    const { state } = await run(request, await context.supervisor(), (event) => void told.push(event), {
      limits: LIMITS,
      signal,
    });
    if (state === 'timeout')
      throw new LearnerError(
        `the question took longer than ${LIMITS.timeMs / 1000} seconds`,
        'Ask for less: a condition or a limit.',
      );
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
  return answerOf(told, tables);
}

function answerOf(told: readonly RunEvent[], tables: readonly EventTable[]): Answer {
  for (const event of told) {
    if (event.type === 'trouble')
      throw new WorldError(event.message, { remedy: event.remedy, lastLines: event.lastLines });
    if (event.type === 'error') {
      const line = event.line === undefined ? '' : ` (line ${event.line})`;
      const names = tables.map(({ name }) => name).join(', ');
      throw new LearnerError(`${event.message}${line}`, `The tables: ${names}. DESCRIBE and a name show the columns.`);
    }
  }
  return {
    tables: told.flatMap((event) =>
      event.type === 'table' ? [{ columns: event.columns, rows: event.rows, total: event.total }] : [],
    ),
  };
}

/** No file, no address, no extension any more, and no way to change that. */
const CLOSED = 'SET enable_external_access = false; SET lock_configuration = true;';

/** Writes each table as lines of JSON, and gives the SQL that reads them; thousands of rows are no text for a parser. */
async function loading(tables: readonly EventTable[], folder: string): Promise<string> {
  const created = tables.map(async ({ name, columns, rows }) => {
    const types = Object.entries(columns);
    const create = `CREATE TABLE ${name} (${types.map(([column, type]) => `${column} ${type}`).join(', ')});`;
    if (rows.length === 0) return create;
    const path = join(folder, `${name}.json`);
    await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'), { mode: 0o600 });
    const structure = types.map(([column, type]) => `${column}: '${type === 'JSON' ? 'VARCHAR' : type}'`).join(', ');
    const file = path.replaceAll("'", "''");
    return `${create} INSERT INTO ${name} SELECT * FROM read_json('${file}', format = 'newline_delimited', columns = {${structure}});`;
  });
  return (await Promise.all(created)).join('\n');
}

async function eventTables(context: Context): Promise<readonly EventTable[]> {
  const course = await context.content();
  const events = standing((await context.journal().read()).events);
  const { entries } = await context.journal().log();
  return tablesOf({ course, events, log: entries, zone: context.zone });
}
