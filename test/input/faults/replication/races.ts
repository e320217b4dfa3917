/** Confirms each transaction of the slot `pipeline` and writes at once over another connection, without waiting for the first. */
import { Client } from 'pg';

import { Slot } from '../../../../projects/02-cdc-implementation/starter/typescript/slot.ts';

const url = process.env['DATABASE_URL'] ?? '';
const other = new Client({ connectionString: url });
await other.connect();
const slot = await Slot.connect(url);
let n = 0;
for await (const event of slot.events()) {
  if (event.kind !== 'commit') continue;
  slot.confirm(event.end);
  await other.query(`INSERT INTO after VALUES (${++n})`);
}
