import pg from 'pg';

import { records, type Record } from './files.ts';
import { writeReport } from './report.ts';

// Loads a delivery of orders into PostgreSQL. Every file here is yours to change.

const BATCH = 20;
const INSERT_ORDER = `
  INSERT INTO orders (order_id, customer, amount, ordered_on, note, file, line)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`;

function orderOf({ fields }: Record): (string | undefined)[] {
  return [fields['order_id'], fields['customer'], fields['amount'], fields['ordered_on'], fields['note']];
}

async function load(client: pg.Client, folder: string): Promise<void> {
  let number = 0;
  await client.query('BEGIN');
  for (const record of records(folder)) {
    // A record may be bad. Then it belongs in the table quarantine, with its reason.
    await client.query(INSERT_ORDER, [...orderOf(record), record.file, record.line]);
    number++;
    if (number % BATCH === 0) await client.query('COMMIT; BEGIN');
  }
  await client.query('COMMIT');
}

const client = new pg.Client({ connectionString: process.env['DATABASE_URL'] });
await client.connect();
try {
  await load(client, process.env['INPUT_DIR'] ?? '');
  await writeReport(client, process.env['OUTPUT_DIR'] ?? '');
} catch (error) {
  // The rest of what PostgreSQL says is long; its message and the place in this program are what helps.
  console.error(error instanceof Error ? error.stack : error);
  process.exitCode = 1;
} finally {
  await client.end();
}
