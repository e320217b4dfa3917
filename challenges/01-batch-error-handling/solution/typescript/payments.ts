import type pg from 'pg';

import type { Api } from './api.ts';

const RECORD = 'INSERT INTO payments (payment_id, order_id, amount) VALUES ($1, $2, $3)';
const REFUSE = "INSERT INTO quarantine (raw, reason) VALUES ($1, 'refused')";

/** Settles each payment that the API lists, and records each one as soon as it is settled. */
export async function settleAll(client: pg.Client, api: Api): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    "SELECT payment_id AS id FROM payments UNION SELECT raw FROM quarantine WHERE reason = 'refused'",
  );
  const done = new Set(rows.map(({ id }) => id));
  for await (const { id, order_id, amount } of api.payments()) {
    if (done.has(id)) continue;
    const answer = await api.settle(id);
    // One statement is one transaction. Killed before it, the next start asks with the same key and records the same.
    if (answer === 'settled') await client.query(RECORD, [id, order_id, amount]);
    else await client.query(REFUSE, [id]);
  }
}
