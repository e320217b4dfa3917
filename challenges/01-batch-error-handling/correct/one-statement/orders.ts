import type pg from 'pg';

import { records } from './files.ts';

/**
 * The database judges what is delivered, and loads what isn't there yet. One statement is one transaction, so that it needs no
 * BEGIN, and what is refused was never written.
 */
const LOAD = `
  WITH delivered AS (
    SELECT * FROM json_to_recordset($1) AS record (
      file text, line integer, raw text, fault text, width integer,
      order_id text, customer text, amount text, ordered_on text, note text
    )
  ), judged AS (
    SELECT *, CASE
      WHEN fault IS NOT NULL THEN fault
      WHEN width <> 5 THEN 'columns'
      WHEN order_id = '' OR customer = '' THEN 'missing'
      WHEN amount !~ '^[0-9]{1,8}[.][0-9]{2}$' THEN 'amount'
      WHEN amount::numeric = 0 THEN 'amount'
      WHEN ordered_on !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN 'date'
      WHEN NOT pg_input_is_valid(ordered_on, 'date') THEN 'date'
    END AS reason
    FROM delivered
  ), counted AS (
    SELECT count(reason)::integer AS bad, count(*)::integer AS total, count(reason) <= $2::float8 * count(*) AS accepted
    FROM judged
  ), good AS (
    INSERT INTO orders (order_id, customer, amount, ordered_on, note, file, line)
    SELECT order_id, customer, amount::numeric, ordered_on::date, note, file, line
    FROM judged, counted
    WHERE accepted AND reason IS NULL
      AND NOT EXISTS (SELECT FROM orders old WHERE old.file = judged.file AND old.line = judged.line)
  ), parked AS (
    INSERT INTO quarantine (raw, reason, file, line)
    SELECT raw, reason, file, line
    FROM judged, counted
    WHERE accepted AND reason IS NOT NULL
      AND NOT EXISTS (SELECT FROM quarantine old WHERE old.file = judged.file AND old.line = judged.line)
  )
  SELECT bad, total, accepted FROM counted`;

/** Loads a delivery. False: it is refused. */
export async function load(client: pg.Client, folder: string, limit: number): Promise<boolean> {
  const delivered = [...records(folder)].map(({ cells, fields, ...record }) => ({
    ...record,
    width: cells.length,
    ...{ order_id: fields['order_id'], customer: fields['customer'], note: fields['note'] },
    ...{ amount: fields['amount'], ordered_on: fields['ordered_on'] },
  }));
  const { rows } = await client.query<{ bad: number; total: number; accepted: boolean }>(LOAD, [
    JSON.stringify(delivered),
    limit,
  ]);
  const { bad, total, accepted } = rows[0] ?? { bad: 0, total: 0, accepted: true };
  if (!accepted) console.error(`${bad} of ${total} records are bad`);
  return accepted;
}
