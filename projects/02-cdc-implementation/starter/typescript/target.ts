/** Carries changes over to the schema target. Yours. */
import pg from 'pg';

import type { Change, Row } from './pgoutput.ts';

const { escapeIdentifier } = pg;

/** Called for each insert, update and delete; see pgoutput.ts for what they hold. */
export async function apply(client: pg.Client, event: Change): Promise<void> {
  // event.relation.table is the table's name, event.row holds text by column.
  await client.query('SELECT 1');
  throw new Error(`what is to be done with an ${event.kind} of ${named(event.relation.table)}?`);
}

export async function insert(client: pg.Client, table: string, row: Row): Promise<void> {
  const names = Object.keys(row).map(escapeIdentifier);
  const places = names.map((_, i) => `$${i + 1}`);
  await client.query(
    `INSERT INTO ${named(table)} (${names.join(', ')}) VALUES (${places.join(', ')})`,
    Object.values(row),
  );
}

export function named(table: string): string {
  return `target.${escapeIdentifier(table)}`;
}
