import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type pg from 'pg';

/** Writes report.json: what the tables hold, so that it is true whichever start of the program wrote it. */
export async function writeReport(client: pg.Client, folder: string): Promise<void> {
  const count = async (table: string): Promise<number> => {
    const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
    return rows[0]?.n ?? 0;
  };
  const { rows } = await client.query<{ reason: string; n: number }>(
    'SELECT reason, count(*)::int AS n FROM quarantine GROUP BY reason',
  );
  const quarantined = Object.fromEntries(rows.map(({ reason, n }) => [reason, n]));
  const report = { loaded: await count('orders'), settled: await count('payments'), quarantined };
  const path = join(folder, 'report.json');
  writeFileSync(`${path}.tmp`, JSON.stringify(report));
  // Whoever reads it meanwhile finds the old report or the new one, never half of one.
  renameSync(`${path}.tmp`, path);
}
