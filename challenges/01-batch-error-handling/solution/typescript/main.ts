import pg from 'pg';

import { Api, BudgetSpent } from './api.ts';
import { load } from './orders.ts';
import { settleAll } from './payments.ts';
import { writeReport } from './report.ts';

const { DATABASE_URL, INPUT_DIR = '', OUTPUT_DIR = '', ERROR_LIMIT = '1', PAYMENTS_URL } = process.env;

/** Loads a delivery of orders, settles the payments, and reports. Gives the exit code. */
async function run(client: pg.Client): Promise<number> {
  if (!(await load(client, INPUT_DIR, Number(ERROR_LIMIT)))) return 3;
  if (PAYMENTS_URL !== undefined) await settleAll(client, new Api());
  await writeReport(client, OUTPUT_DIR);
  return 0;
}

const client = new pg.Client({ connectionString: DATABASE_URL });
await client.connect();
try {
  process.exitCode = await run(client);
} catch (error) {
  if (!(error instanceof BudgetSpent)) throw error;
  console.error(error.message);
  process.exitCode = 4;
} finally {
  await client.end();
}
