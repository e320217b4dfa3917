/** Carries changes over to the schema target. */
import pg from 'pg';

import { UNCHANGED, type Change, type Relation, type Row } from './pgoutput.ts';

const { escapeIdentifier } = pg;

export async function apply(client: pg.Client, event: Change | Relation): Promise<void> {
  switch (event.kind) {
    case 'relation':
      return addColumns(client, event.table, event.columns);
    case 'insert':
      return insert(client, event.relation.table, event.row);
    case 'update':
      return update(client, event);
    case 'delete': {
      const { text, values } = condition(event.old, 1);
      await client.query(`DELETE FROM ${named(event.relation.table)} WHERE ${text}`, values);
    }
  }
}

export async function insert(client: pg.Client, table: string, row: Row): Promise<void> {
  const names = Object.keys(row).map(escapeIdentifier);
  const places = names.map((_, i) => `$${i + 1}`);
  await client.query(
    `INSERT INTO ${named(table)} (${names.join(', ')}) VALUES (${places.join(', ')})`,
    Object.values(row),
  );
}

/** The former key finds the row; what was not sent has not changed and stays as it is. */
async function update(client: pg.Client, { relation, old, row }: Extract<Change, { kind: 'update' }>): Promise<void> {
  const sent = Object.entries(row).filter(([, value]) => value !== UNCHANGED);
  const assignments = sent.map(([name], i) => `${escapeIdentifier(name)} = $${i + 1}`);
  const key = old ?? Object.fromEntries(relation.key.map((name) => [name, row[name] ?? null]));
  const { text, values } = condition(key, sent.length + 1);
  await client.query(`UPDATE ${named(relation.table)} SET ${assignments.join(', ')} WHERE ${text}`, [
    ...sent.map(([, value]) => value),
    ...values,
  ]);
}

export async function addColumns(client: pg.Client, table: string, columns: Relation['columns']): Promise<void> {
  for (const { name, oid, modifier } of columns) {
    const { rows } = await client.query<{ kind: string }>('SELECT format_type($1, $2) AS kind', [oid, modifier]);
    await client.query(
      `ALTER TABLE ${named(table)} ADD COLUMN IF NOT EXISTS ${escapeIdentifier(name)} ${rows[0]?.kind ?? 'text'}`,
    );
  }
}

function condition(key: Row, from: number): { text: string; values: unknown[] } {
  const parts = Object.keys(key).map((name, i) => `${escapeIdentifier(name)} = $${from + i}`);
  return { text: parts.join(' AND '), values: Object.values(key) };
}

export function named(table: string): string {
  return `target.${escapeIdentifier(table)}`;
}
