import type { Client, FieldDef, QueryArrayResult, Submittable } from 'pg';

import { until } from '#src/deadline.ts';
import type { Address } from '#src/engines/engine.ts';
import { sslFor } from '#src/engines/postgres-address.ts';

type Row = (string | null)[];

export interface Answer {
  readonly fields: readonly FieldDef[];
  /** The first ones. */
  readonly rows: readonly Row[];
  readonly total: number;
  /** What the server said of the statement: `UPDATE 1`. */
  readonly tag: string;
}

/** Cells kept of one result, in characters; rows beyond are only counted, so that no query fills our memory. */
const MOST_CHARACTERS = 4_000_000;

/** Runs one statement; of its rows the first are kept and all are counted. */
export async function query(client: Client, text: string, rowLimit: number): Promise<Answer> {
  const { Query } = (await import('pg')).default;
  const rows: Row[] = [];
  let total = 0;
  let left = MOST_CHARACTERS;
  let tag = '';
  const hear = ({ text: said }: { readonly text: string }): void => void (tag = said);
  client.connection.on('commandComplete', hear);
  // A query that is listened to row by row keeps none itself.
  const asked = new Query<Row>({ text, rowMode: 'array' } as unknown as string);
  const ended = new Promise<readonly FieldDef[]>((resolve, reject) => {
    asked.on('row', (row) => {
      total++;
      left -= row.reduce((sum, cell) => sum + (cell?.length ?? 4), 0);
      if (left >= 0 && rows.length < rowLimit) rows.push(row);
    });
    asked.on('error', reject);
    asked.on('end', (result) => resolve(([result].flat().at(-1) as unknown as QueryArrayResult).fields));
  });
  client.query(asked as unknown as Submittable);
  try {
    return { fields: await ended, rows, total, tag };
  } finally {
    client.connection.off('commandComplete', hear);
  }
}

/** A connection that gives every value as PostgreSQL prints it. Waits where the server recovers from a crash. */
export async function open(
  address: Extract<Address, { kind: 'postgres' }>,
  signal: AbortSignal,
  name = 'block',
): Promise<Client> {
  // The client costs more to load than a small block to run, so it is loaded when first needed.
  const { default: pg } = await import('pg');
  const { host, port, user, password, database } = address;
  const connect = async (): Promise<Client | undefined> => {
    const client = new pg.Client({
      ...{ host, port, user, password, database, ssl: sslFor(address), application_name: name },
      // A number or a timestamp turned into JavaScript's would lose digits.
      types: { getTypeParser: () => (value: string) => value },
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      client.connection.stream.destroy();
      if (isPassing(error)) return undefined;
      throw error;
    }
  };
  return until('PostgreSQL taking connections', connect, { deadlineMs: 20_000, signal });
}

const CANNOT_CONNECT_NOW = '57P03';

/** The server recovers: it says so, or ends the process that was to say so. Nothing of the block has been sent yet. */
function isPassing(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === CANNOT_CONNECT_NOW || code === 'ECONNRESET' || message === 'Connection terminated unexpectedly';
}
