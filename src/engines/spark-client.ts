import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';

import { field, fieldOf, fieldsOf, message, rowsOf, textOf } from '#src/engines/spark-wire.ts';
import type { Column } from '#src/engines/worker.ts';

/** Where a session lives: `sc://host:port/;token=…;session_id=…`, as every client of Spark Connect takes it. */
export interface SparkAddress {
  readonly host: string;
  readonly port: number;
  readonly isEncrypted: boolean;
  readonly token: string | undefined;
  readonly user: string;
  readonly session: string;
}

export interface SparkRows {
  readonly columns: readonly Column[];
  /** The first ones. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly total: number;
}

/** Spark refused, in its own words. */
export class SparkRefusal extends Error {
  /** Who asks is not known there. */
  readonly isStranger: boolean;

  constructor(text: string, status?: string) {
    super(text);
    this.isStranger = status === UNAUTHENTICATED || status === FORBIDDEN;
  }
}

/** Cells kept of one result, in characters; rows beyond are only counted. */
const MOST_CHARACTERS = 4_000_000;
/** Kinds of types in the protocol that are numbers. */
const NUMERIC: ReadonlySet<number> = new Set([4, 5, 6, 7, 8, 9, 10]);
/** Codes of gRPC. */
const OK = '0';
const FORBIDDEN = '7';
const UNAUTHENTICATED = '16';

/** SQL over Spark Connect, one session of one connection. Without a library: SQL and text need a hundred lines. */
export class SparkClient {
  readonly #address: SparkAddress;
  #http: ClientHttp2Session;
  #isClosed = false;

  constructor(address: SparkAddress) {
    this.#address = address;
    this.#http = this.#connect();
  }

  /** Runs one statement; of its rows the first are kept, each value as Spark's own cast to text prints it. */
  async sql(text: string, rowLimit: number): Promise<SparkRows> {
    const relation = await this.#command(text);
    const types = await this.#schema(relation);
    const columns = types.map(({ name, kind }) => ({ name, type: String(kind), numeric: NUMERIC.has(kind) }));
    if (columns.length === 0) return { columns, rows: [], total: 0 };
    // Names may be doubled, so columns are called by their place.
    const names = columns.map((_, i) => `c${i}`);
    const renamed = field(18, message(field(1, relation), ...names.map((name) => field(2, name))));
    const casts = names.map((name) => {
      const attribute = message(field(2, message(field(1, name))));
      return field(3, message(field(7, message(field(1, attribute), field(3, 'string')))));
    });
    const projected = message(field(3, message(field(1, renamed), ...casts)));
    const rows: (string | null)[][] = [];
    let total = 0;
    let left = MOST_CHARACTERS;
    await this.#execute(field(1, projected), (response) => {
      const batch = fieldOf(response, 2);
      if (batch === undefined) return;
      for (const row of rowsOf(fieldOf(batch, 2) ?? new Uint8Array(), columns.length)) {
        total++;
        left -= row.reduce((sum, cell) => sum + (cell?.length ?? 4), 0);
        if (left >= 0 && rows.length < rowLimit) rows.push(row);
      }
    });
    return { columns, rows, total };
  }

  /** Resolves when the server answers. */
  async version(): Promise<void> {
    await this.#call('AnalyzePlan', message(...this.#who(), field(10, message())), () => undefined);
  }

  /** Ends the session and all that runs in it. */
  async release(): Promise<void> {
    await this.#call('ReleaseSession', message(...this.#who()), () => undefined);
  }

  /** Ends the connection, and what was asked for with it. */
  close(): void {
    this.#isClosed = true;
    this.#http.destroy();
  }

  #connect(): ClientHttp2Session {
    const { host, port, isEncrypted } = this.#address;
    const http = connect(`${isEncrypted ? 'https' : 'http'}://${host}:${port}`);
    // A connection that breaks is told by the request that is under way.
    http.on('error', () => undefined);
    return http;
  }

  /** Spark runs a command at once and gives its result as a relation; a query it gives back to be asked for rows. */
  async #command(text: string): Promise<Uint8Array> {
    const query = message(field(10, message(field(1, text))));
    let relation: Uint8Array = query;
    await this.#execute(field(2, message(field(5, message(field(1, text), field(6, query))))), (response) => {
      const result = fieldOf(response, 5);
      if (result !== undefined) relation = fieldOf(result, 1) ?? query;
    });
    return relation;
  }

  async #schema(relation: Uint8Array): Promise<{ name: string; kind: number }[]> {
    const plan = field(1, relation);
    const request = message(...this.#who(), field(4, message(field(1, message(plan)))));
    let struct = new Uint8Array();
    await this.#call('AnalyzePlan', request, (response) => {
      const schema = fieldOf(fieldOf(response, 2) ?? new Uint8Array(), 1);
      struct = Uint8Array.from(fieldOf(schema ?? new Uint8Array(), 21) ?? []);
    });
    return fieldsOf(struct)
      .filter(({ number }) => number === 1)
      .map(({ bytes }) => ({
        name: textOf(fieldOf(bytes, 1)),
        kind: fieldsOf(fieldOf(bytes, 2) ?? new Uint8Array())[0]?.number ?? 0,
      }));
  }

  #execute(plan: Uint8Array, onResponse: (response: Uint8Array) => void): Promise<void> {
    return this.#call('ExecutePlan', message(...this.#who(), field(3, message(plan))), onResponse);
  }

  #who(): Uint8Array[] {
    const { session, user } = this.#address;
    return [field(1, session), field(2, message(field(1, user), field(2, user)))];
  }

  /** One call of gRPC: a message with its length before it, answers of the same form, and the outcome behind them. */
  #call(method: string, request: Uint8Array, onResponse: (response: Uint8Array) => void): Promise<void> {
    const { token } = this.#address;
    return new Promise((resolve, reject) => {
      // The session lives at the server, so that a connection that broke between two calls is no loss.
      if (this.#http.destroyed && !this.#isClosed) this.#http = this.#connect();
      const stream = this.#http.request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: `/spark.connect.SparkConnectService/${method}`,
        'content-type': 'application/grpc+proto',
        te: 'trailers',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      });
      receive(stream, onResponse, reject);
      const conclude = (headers: IncomingHttpHeaders): void => {
        const status = valueOf(headers, 'grpc-status');
        if (status === OK) resolve();
        else if (status !== undefined) reject(refusal(status, valueOf(headers, 'grpc-message') ?? ''));
      };
      stream.on('trailers', conclude);
      // Where nothing but the outcome is told, it stands in the headers.
      stream.on('response', conclude);
      // Where the connection broke, it is told that it was cancelled, and why underneath.
      stream.on('error', (error: Error) => reject(error.cause ?? error));
      stream.on('close', () => reject(new Error('the connection to Spark ended')));
      const length = Buffer.alloc(5);
      length.writeUInt32BE(request.length, 1);
      stream.end(Buffer.concat([length, request]));
    });
  }
}

function receive(
  stream: ClientHttp2Stream,
  onResponse: (response: Uint8Array) => void,
  fail: (e: unknown) => void,
): void {
  let waiting: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    try {
      while (waiting.length >= 5 && waiting.length >= 5 + waiting.readUInt32BE(1)) {
        const end = 5 + waiting.readUInt32BE(1);
        onResponse(waiting.subarray(5, end));
        waiting = waiting.subarray(end);
      }
    } catch (error) {
      fail(error);
      stream.close();
    }
  });
}

/** Codes of gRPC that mean the server or the way to it, not the statement: no answer, too late, not now. */
const BROKEN: ReadonlySet<string> = new Set(['4', '14']);

function valueOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  return [headers[name]].flat()[0];
}

function refusal(status: string, encoded: string): Error {
  const text = decodeURIComponent(encoded);
  return BROKEN.has(status) ? new Error(text) : new SparkRefusal(text, status);
}
