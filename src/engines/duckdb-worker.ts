import { createServer, type Socket } from 'node:net';

import {
  DuckDBInstance,
  DuckDBTypeId,
  StatementType,
  ResultReturnType,
  type DuckDBConnection,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';

import type { Column, Job, WorkerEvent } from '#src/engines/worker.ts';
import { forEachLine } from '#src/process.ts';
import { statements } from '#src/statements.ts';

/**
 * A process that runs DuckDB for one block at a time, so that a crash or a query that never ends takes nothing else with
 * it. `node duckdb-worker.ts SOCKET`; on its standard output it says `ready`, `busy` and `idle`.
 */
const MEMORY_LIMIT = '1GB';
const NUMERIC = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
]);

type Send = (event: WorkerEvent) => Promise<void>;

/** An instance made ahead, because making one takes longer than a small query. */
let spare = createInstance();

function createInstance(): Promise<DuckDBInstance> {
  return DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: MEMORY_LIMIT,
    // Extensions come from a place that must not be asked at run time.
    autoinstall_known_extensions: 'false',
  });
}

function listen(socketPath: string): void {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    forEachLine(socket, (line) => void serve(socket, JSON.parse(line) as Job));
  });
  server.listen(socketPath, () => report('ready'));
  // The supervisor holds our standard input; its end means that the supervisor is gone.
  process.stdin.resume().on('end', () => process.exit(0));
}

async function serve(socket: Socket, job: Job): Promise<void> {
  report('busy');
  const send: Send = (event) =>
    new Promise((resolve) => {
      // Waiting for the buffer keeps a result of millions of rows out of our memory.
      if (socket.destroyed || socket.write(`${JSON.stringify(event)}\n`)) return resolve();
      socket.once('drain', resolve);
      socket.once('close', () => resolve());
    });
  const instance = await spare;
  const connection = await instance.connect();
  socket.once('close', () => connection.interrupt());
  let ok = false;
  try {
    process.chdir(job.directory);
    for (const code of job.before ?? []) {
      if (!(await execute(connection, code, job.rowLimit, (event) => (event.type === 'error' ? send(event) : Promise.resolve())))) return;
    }
    ok = await execute(connection, job.code, job.rowLimit, send);
  } finally {
    await send({ type: 'end', ok });
    socket.end();
    connection.closeSync();
    instance.closeSync();
    process.chdir('/');
    spare = createInstance();
    report('idle');
  }
}

async function execute(connection: DuckDBConnection, code: string, rowLimit: number, send: Send): Promise<boolean> {
  const parts = statements(code);
  let at = 0;
  try {
    const extracted = await connection.extractStatements(code);
    for (; at < extracted.count; at++) {
      const prepared = await extracted.prepare(at);
      const result = await prepared.stream();
      const isRows = result.returnType === ResultReturnType.QUERY_RESULT && prepared.statementType !== StatementType.COPY;
      if (!isRows) {
        for await (const chunk of result) void chunk;
        continue;
      }
      const types = result.columnTypes();
      const rows: (string | null)[][] = [];
      let total = 0;
      for await (const chunk of result) {
        if (rows.length < rowLimit) for (const row of chunk.getRows().slice(0, rowLimit - rows.length)) rows.push(row.map((value, i) => text(value, types[i])));
        total += chunk.rowCount;
      }
      await send({ type: 'table', columns: columns(result.columnNames(), types), rows, total });
    }
    return true;
  } catch (error) {
    // A parser's error counts lines in the whole block; any later one belongs to its statement.
    const raw = (error as Error).message.replace(/^Failed to extract statements: /, '').trim();
    const inBlock = /\n+LINE (\d+):[\s\S]*$/.exec(raw);
    const message = inBlock === null ? raw : raw.slice(0, inBlock.index);
    const line = inBlock === null ? lineOf(raw, parts[at]) : Number(inBlock[1]);
    await send({ type: 'error', message, line });
    return false;
  }
}

/** The line of the name that the error quotes, else the first of the statement. */
function lineOf(message: string, statement: { text: string; line: number } | undefined): number | undefined {
  if (statement === undefined) return undefined;
  const name = /(?:name|column) "?([A-Za-z_][A-Za-z0-9_]*)"?/.exec(message)?.[1];
  const lines = statement.text.split('\n');
  const at = name === undefined ? -1 : lines.findIndex((line) => new RegExp(`\\b${name}\\b`, 'i').test(line));
  return statement.line + Math.max(0, at);
}

function columns(names: readonly string[], types: readonly DuckDBType[]): Column[] {
  return names.map((name, i) => ({ name, type: String(types[i]), numeric: types[i] !== undefined && NUMERIC.has(types[i].typeId) }));
}

/** A value as DuckDB's own cast to VARCHAR prints it. */
function text(value: DuckDBValue, type: DuckDBType | undefined): string | null {
  if (value === null) return null;
  if (typeof value !== 'number') return String(value);
  if (type?.typeId === DuckDBTypeId.DOUBLE) return floating(value, String(value));
  if (type?.typeId === DuckDBTypeId.FLOAT) return floating(value, shortestFloat(value));
  return String(value);
}

function floating(value: number, digits: string): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
    const power = Number(exponent);
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  return digits.includes('.') ? digits : `${digits}.0`;
}

/** The shortest decimal that reads back as the same 32-bit number: 0.1, not 0.10000000149011612. */
function shortestFloat(value: number): string {
  for (let precision = 1; precision < 9; precision++) {
    const candidate = Number(value.toPrecision(precision));
    if (Math.fround(candidate) === value) return String(candidate);
  }
  return String(value);
}

function report(state: 'ready' | 'busy' | 'idle'): void {
  process.stdout.write(`${state}\n`);
}

const [socketPath] = process.argv.slice(2);
if (socketPath !== undefined) listen(socketPath);
