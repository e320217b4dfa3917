/** Keeps the schema target equal to the published tables of the schema source. */
import pg from 'pg';

import type { Change, Relation, Row } from './pgoutput.ts';
import { lsnOf, lsnText, NAME, PUBLICATION, Slot } from './slot.ts';
import { addColumns, apply, insert, named } from './target.ts';

const url = process.env['DATABASE_URL'] ?? '';

async function connect(): Promise<pg.Client> {
  // Values are carried over as the text that they came as.
  const client = new pg.Client({ connectionString: url, types: { getTypeParser: () => (value: unknown) => value } });
  await client.connect();
  return client;
}

/** The slot comes first, and its snapshot shows what was there before it: nothing falls between the two. */
async function copyAll(target: pg.Client, slot: Slot): Promise<void> {
  if (await slot.exists()) await slot.drop();
  const { snapshot, begin } = await slot.create();
  const source = await connect();
  await source.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await source.query(`SET TRANSACTION SNAPSHOT '${snapshot}'`);
  await target.query('BEGIN');
  const published = 'SELECT tablename FROM pg_publication_tables WHERE pubname = $1';
  for (const { tablename } of (await source.query<{ tablename: string }>(published, [PUBLICATION])).rows) {
    await target.query(`DELETE FROM ${named(tablename)}`);
    const { rows, fields } = await source.query<Row>(`SELECT * FROM source.${pg.escapeIdentifier(tablename)}`);
    // A copy that is made again may meet a column that the first one did not.
    const columns = fields.map(({ name, dataTypeID, dataTypeModifier }) => ({
      name,
      oid: dataTypeID,
      modifier: dataTypeModifier,
    }));
    await addColumns(target, tablename, columns);
    for (const row of rows) await insert(target, tablename, row);
  }
  await target.query(
    'INSERT INTO target.progress VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET lsn = excluded.lsn',
    [NAME, lsnText(begin)],
  );
  await target.query('COMMIT');
  await source.end();
}

/** A transaction is collected, then applied in one go; it is confirmed when the next message comes. */
async function follow(target: pg.Client, slot: Slot, applied: bigint): Promise<void> {
  let changes: (Change | Relation)[] = [];
  let begin = 0n;
  let due: bigint | undefined;
  for await (const event of slot.events()) {
    if (due !== undefined) slot.confirm(due);
    due = undefined;
    switch (event.kind) {
      case 'keepalive':
        if (changes.length === 0) slot.confirm(event.end);
        break;
      case 'begin':
        begin = event.lsn;
        break;
      case 'commit':
        if (begin >= applied) {
          await applyWhole(target, changes, event.end);
          applied = event.end;
        }
        changes = [];
        due = event.end;
        break;
      case 'relation':
      case 'insert':
      case 'update':
      case 'delete':
        changes.push(event);
    }
  }
}

async function applyWhole(target: pg.Client, changes: readonly (Change | Relation)[], end: bigint): Promise<void> {
  await target.query('BEGIN');
  for (const change of changes) await apply(target, change);
  await target.query('UPDATE target.progress SET lsn = $1 WHERE name = $2', [lsnText(end), NAME]);
  await target.query('COMMIT');
}

async function progress(target: pg.Client): Promise<bigint | undefined> {
  const { rows } = await target.query<{ lsn: string }>('SELECT lsn FROM target.progress WHERE name = $1', [NAME]);
  return rows[0] === undefined ? undefined : lsnOf(rows[0].lsn);
}

process.on('SIGTERM', () => process.exit(0));
const target = await connect();
const slot = await Slot.connect(url);
// Without a record the copy was never whole; without the slot, changes since it was lost are nowhere.
if ((await progress(target)) === undefined || !(await slot.exists())) await copyAll(target, slot);
await follow(target, slot, (await progress(target)) ?? 0n);
