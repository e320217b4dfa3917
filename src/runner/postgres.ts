import type { Client, DatabaseError } from 'pg';

import type { Address } from '#src/engines/engine.ts';
import { WorldError } from '#src/error.ts';
import { open, query, type Answer } from '#src/runner/postgres-query.ts';
import type { Execution } from '#src/runner/run.ts';
import { lineAt, statements, type Statement } from '#src/statements.ts';

/** Object ids of the types that are aligned right: int8, int2, int4, oid, float4, float8, money, numeric. */
const NUMERIC = new Set([20, 21, 23, 26, 700, 701, 790, 1700]);

/** Runs SQL statement by statement on one connection, as psql would. True when none failed; rejects when stopped. */
export async function runOnPostgres(
  address: Extract<Address, { kind: 'postgres' }>,
  execution: Execution,
): Promise<boolean> {
  const { signal, emit } = execution;
  signal.throwIfAborted();
  let client: Client | undefined;
  const stop = (): void => client && destroy(client);
  signal.addEventListener('abort', stop, { once: true });
  try {
    client = await open(address, signal);
    signal.throwIfAborted();
    for (const code of execution.before) {
      if (!(await runAll(client, code, { ...execution, emit: (event) => event.type === 'error' && emit(event) })))
        return false;
    }
    client.on('notice', (notice) =>
      emit({ type: 'text', text: `${notice.severity ?? 'NOTICE'}: ${notice.message}\n` }),
    );
    return await runAll(client, execution.code, execution);
  } catch (error) {
    signal.throwIfAborted();
    throw new WorldError('PostgreSQL ended in the middle of the block', {
      remedy: 'Run it again: a new server is started.',
      lastLines: [(error as Error).message],
      cause: error,
    });
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

async function runAll(
  client: Client,
  code: string,
  { emit, limits }: Pick<Execution, 'emit' | 'limits'>,
): Promise<boolean> {
  for (const statement of statements(code)) {
    try {
      const answer = await query(client, statement.text, limits.rows);
      if (answer.fields.length > 0) emit(tableOf(answer));
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
      emit({
        type: 'error',
        message: `ERROR: ${error.message}`,
        detail: detailOf(error),
        line: lineOf(statement, error),
      });
      return false;
    }
  }
  return true;
}

export function tableOf({ fields, rows, total }: Answer) {
  const columns = fields.map(({ name, dataTypeID: type }) => ({
    name,
    type: String(type),
    numeric: NUMERIC.has(type),
  }));
  return { type: 'table' as const, columns, rows, total };
}

export function isDatabaseError(error: unknown): error is DatabaseError {
  // Errors of the server carry a five-letter SQLSTATE; a broken connection has a code like ECONNRESET instead.
  if (!(error instanceof Error && 'severity' in error)) return false;
  const { code = '', message } = error as DatabaseError;
  // The server's own end is no fault of the statement; a session that the block itself ended is.
  return /^[0-9A-Z]{5}$/.test(code) && code !== '57P02' && !message.includes('postmaster exit');
}

export function detailOf(error: DatabaseError): string | undefined {
  const parts = [error.detail && `DETAIL: ${error.detail}`, error.hint && `HINT: ${error.hint}`].filter(Boolean);
  return parts.length > 0 ? parts.join('\n') : undefined;
}

function lineOf(statement: Statement, error: DatabaseError): number {
  const position = Number(error.position ?? Number.NaN);
  return Number.isNaN(position) ? statement.line : statement.line + lineAt(statement.text, position - 1) - 1;
}

/** Ends the connection at once; the sandbox's database is dropped with whatever the server still runs for it. */
function destroy(client: Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
