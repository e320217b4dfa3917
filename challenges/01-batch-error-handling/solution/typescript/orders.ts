import type pg from 'pg';

import { check } from './checks.ts';
import { fileNames, records } from './files.ts';

const INSERT_ORDER = `
  INSERT INTO orders (order_id, customer, amount, ordered_on, note, file, line)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`;
const PARK = 'INSERT INTO quarantine (raw, reason, file, line) VALUES ($1, $2, $3, $4)';

/** Loads a delivery in one transaction, which first removes what an earlier start left of it. False: it is refused. */
export async function load(client: pg.Client, folder: string, limit: number): Promise<boolean> {
  let total = 0;
  let bad = 0;
  await client.query('BEGIN');
  for (const table of ['orders', 'quarantine'])
    await client.query(`DELETE FROM ${table} WHERE file = ANY($1)`, [fileNames(folder)]);
  for (const record of records(folder)) {
    const { raw, file, line } = record;
    const checked = check(record);
    total++;
    if ('order' in checked) await client.query(INSERT_ORDER, [...checked.order, file, line]);
    else {
      bad++;
      await client.query(PARK, [raw, checked.reason, file, line]);
    }
  }
  const isAccepted = bad <= limit * total;
  await client.query(isAccepted ? 'COMMIT' : 'ROLLBACK');
  if (!isAccepted) console.error(`${bad} of ${total} records are bad`);
  return isAccepted;
}
