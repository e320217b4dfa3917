import {
  ResultReturnType,
  StatementType,
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  type DuckDBType,
} from '@duckdb/node-api';

import { hasUnnamed, isNumeric, texts } from '#src/engines/duckdb-text.ts';
import type { Column, WorkerEvent } from '#src/engines/worker.ts';
import { lineAt, statements } from '#src/statements.ts';

export type Send = (event: WorkerEvent) => Promise<void>;

export interface Executing {
  readonly rowLimit: number;
  /** The block's folder; its path says nothing to the learner and is left out of messages. */
  readonly directory: string;
  readonly isStopped: () => boolean;
  readonly send: Send;
}

/** One result sent is at most this long: a reader holds a whole line in memory. */
const MAX_TABLE_CHARACTERS = 4_000_000;

/** Runs every statement in order, as DuckDB itself splits them; false when one failed or the block was stopped. */
export async function execute(connection: DuckDBConnection, code: string, executing: Executing): Promise<boolean> {
  // DuckDB takes no text without a statement.
  const parts = statements(code);
  if (parts.length === 0) return true;
  let at = 0;
  try {
    const extracted = await connection.extractStatements(code);
    for (; at < extracted.count; at++) {
      // An interrupt ends the statement that runs, and says nothing to the next.
      if (executing.isStopped()) return false;
      const text = parts.length === extracted.count ? parts[at]?.text : undefined;
      const prepared = await printable(connection, await extracted.prepare(at), text);
      await report(connection, await prepared.stream(), executing);
    }
    return true;
  } catch (error) {
    const { message, position } = readError(error as Error);
    const line = position === undefined ? await lineOfStatement(connection, code, at) : lineAt(code, position);
    await executing.send({ type: 'error', message: message.replaceAll(`${executing.directory}/`, ''), line });
    return false;
  }
}

/** The binding loses values of a struct without names, like (1, 2), so DuckDB itself prints a result that holds one. */
async function printable(
  connection: DuckDBConnection,
  prepared: DuckDBPreparedStatement,
  text: string | undefined,
): Promise<DuckDBPreparedStatement> {
  if (text === undefined || prepared.statementType !== StatementType.SELECT) return prepared;
  const types = Array.from({ length: prepared.columnCount }, (_, i) => prepared.columnType(i));
  if (!types.some(hasUnnamed)) return prepared;
  // Not every statement of this type may stand in brackets.
  return connection.prepare(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${text}\n)`).catch(() => prepared);
}

async function report(
  connection: DuckDBConnection,
  result: DuckDBResult,
  { rowLimit, send }: Executing,
): Promise<void> {
  // A count of changed rows is not what the statement returns.
  const isRows = result.returnType === ResultReturnType.QUERY_RESULT;
  const types = result.columnTypes();
  const raw = [];
  let total = 0;
  for await (const chunk of result) {
    if (isRows && raw.length < rowLimit) raw.push(...chunk.getRows().slice(0, rowLimit - raw.length));
    total += chunk.rowCount;
  }
  const names = result.columnNames();
  // CHECKPOINT and its like answer with an empty table of one column.
  if (!isRows || (total === 0 && names.length === 1 && names[0] === 'Success')) return;
  const rows = await texts(connection, raw, types);
  await send({ type: 'table', columns: columns(names, types), rows: fitting(rows), total });
}

function columns(names: readonly string[], types: readonly DuckDBType[]): Column[] {
  return names.map((name, i) => ({ name, type: String(types[i]), numeric: isNumeric(types[i]) }));
}

function fitting(rows: (string | null)[][]): (string | null)[][] {
  let left = MAX_TABLE_CHARACTERS;
  const cut = rows.findIndex((row) => (left -= row.reduce((sum, cell) => sum + (cell?.length ?? 4), 0)) < 0);
  return cut < 0 ? rows : rows.slice(0, cut);
}

interface Told {
  readonly message: string;
  /** Where in the block, in characters from 0. */
  readonly position: number | undefined;
}

/** DuckDB's errors as JSON (setting `errors_as_json`), worded as its own shell words them. */
function readError({ message }: Error): Told {
  const from = message.indexOf('{"exception_type"');
  if (from < 0) return { message: message.trim(), position: undefined };
  try {
    const told = JSON.parse(message.slice(from)) as {
      exception_type: string;
      exception_message: string;
      position?: string;
    };
    const position = told.position === undefined ? undefined : Number(told.position);
    return { message: `${told.exception_type} Error: ${told.exception_message.trim()}`, position };
  } catch {
    return { message: message.trim(), position: undefined };
  }
}

/** The line where a statement begins. One of ours may be several of DuckDB's: a PIVOT is a CREATE and a SELECT. */
async function lineOfStatement(connection: DuckDBConnection, code: string, index: number): Promise<number | undefined> {
  let count = 0;
  for (const { text, line } of statements(code)) {
    count += await connection.extractStatements(text).then(
      (extracted) => extracted.count,
      () => 1,
    );
    if (index < count) return line;
  }
  return undefined;
}
