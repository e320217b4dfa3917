/** Keeps the schema target equal to the published tables of the schema source. Every file here is yours to change. */
import pg from 'pg';

import type { Row } from './pgoutput.ts';
import { PUBLICATION, Slot } from './slot.ts';
import { apply, insert } from './target.ts';

const url = process.env['DATABASE_URL'] ?? '';

async function connect(): Promise<pg.Client> {
  // Values are carried over as the text that they came as.
  const client = new pg.Client({ connectionString: url, types: { getTypeParser: () => (value: unknown) => value } });
  await client.connect();
  return client;
}

async function copyAll(target: pg.Client, slot: Slot): Promise<void> {
  const published = 'SELECT tablename FROM pg_publication_tables WHERE pubname = $1';
  await target.query('BEGIN');
  for (const { tablename } of (await target.query<{ tablename: string }>(published, [PUBLICATION])).rows) {
    const { rows } = await target.query<Row>(`SELECT * FROM source.${pg.escapeIdentifier(tablename)}`);
    for (const row of rows) await insert(target, tablename, row);
  }
  await target.query('COMMIT');
  await slot.create();
}

async function follow(target: pg.Client, slot: Slot): Promise<void> {
  for await (const event of slot.events()) {
    switch (event.kind) {
      case 'begin':
        await target.query('BEGIN');
        break;
      case 'commit':
        slot.confirm(event.end);
        await target.query('COMMIT');
        break;
      case 'insert':
      case 'update':
      case 'delete':
        await apply(target, event);
        break;
      case 'relation':
      case 'keepalive':
        break;
    }
  }
}

process.on('SIGTERM', () => process.exit(0));
const target = await connect();
const slot = await Slot.connect(url);
if (!(await slot.exists())) await copyAll(target, slot);
await follow(target, slot);
