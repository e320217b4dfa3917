import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { connect } from '#src/engines/connect.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { run } from '#src/runner/run.ts';
import { byColumn, byRow, GROUP_ROWS, TABLE } from '#site/src/pictures/bytes-touched/model.ts';

const RANGES = [1, 68, 69, 1000, 10_000, TABLE.rows];
const COLUMNS = [1, 3, TABLE.columns];
const WRITES = 100;

/** The picture's table in both engines: PostgreSQL is asked for places of rows, DuckDB for the file's own list. */
const PROGRAM = `
import json, os, psycopg, duckdb

names = [f"c{i}" for i in range(COLUMNS)]
values = ", ".join(f"n * 7919 + {i} AS {name}" for i, name in enumerate(names))
PAGE = "(sample.ctid::text::point)[0]::int"

def pages(db, where):
    return db.execute(f"SELECT count(DISTINCT {PAGE}) FROM sample WHERE {where}").fetchone()[0]

with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as db:
    columns = ", ".join(f"{name} bigint" for name in names)
    db.execute(f"CREATE TABLE sample ({columns}) WITH (fillfactor = 90, autovacuum_enabled = off)")
    db.execute(f"INSERT INTO sample SELECT {values} FROM generate_series(1::bigint, {ROWS}) n")
    read = [pages(db, f"c0 <= {n} * 7919") for n in RANGES]
    step = ROWS // WRITES
    changed = f"c0 % {step * 7919} = 0 AND c0 <= {step * WRITES * 7919}"
    db.execute(f"CREATE TABLE before AS SELECT c0 AS id, {PAGE} AS page FROM sample WHERE {changed}")
    db.execute(f"UPDATE sample SET c1 = c1 + 1 WHERE {changed}")
    stayed = f"SELECT count(*) FROM sample JOIN before ON c0 = id AND {PAGE} = page"
    stayed = db.execute(stayed).fetchone()[0]

def write(rows, name):
    duckdb.sql(f"""COPY (SELECT {values} FROM range(1::BIGINT, {rows + 1}) r(n)) TO '{name}'
                   (ROW_GROUP_SIZE {GROUP}, COMPRESSION uncompressed)""")

write(ROWS, "all.parquet")
write(GROUP, "group.parquet")

def chunks(count, rows):
    sizes = f"""SELECT sum(total_compressed_size)::BIGINT FROM parquet_metadata('all.parquet')
                WHERE column_id < {count} AND row_group_id * {GROUP} < {rows}"""
    return duckdb.sql(sizes).fetchone()[0]

print(json.dumps({
    "read": read, "stayed": stayed,
    "chunks": [[chunks(count, n) for n in RANGES] for count in COUNTS],
    "group": os.path.getsize("group.parquet"),
}))
`;

interface Measured {
  readonly read: number[];
  readonly stayed: number;
  readonly chunks: number[][];
  readonly group: number;
}

test('the picture of bytes touched shows what PostgreSQL and Parquet hold', async (t) => {
  const state = await mkdtemp(join(tmpdir(), 'dej-bytes-'));
  const supervisor = await connect(pathsOf(ownRoot(import.meta.dirname), { ...process.env, DEJ_STATE: state }));
  t.after(async () => {
    await supervisor.shutdown({ force: true });
    await rm(state, { recursive: true, force: true });
  });
  const known = `ROWS, COLUMNS, GROUP, WRITES = ${TABLE.rows}, ${TABLE.columns}, ${GROUP_ROWS}, ${WRITES}`;
  const code = `${known}\nRANGES, COUNTS = ${JSON.stringify(RANGES)}, ${JSON.stringify(COLUMNS)}\n${PROGRAM}`;
  const events: RunEvent[] = [];
  const { state: ended } = await run(
    { engine: 'python', with: ['postgres'], data: undefined, before: [], code },
    supervisor,
    (event) => events.push(event),
  );
  assert.equal(ended, 'ok', JSON.stringify(events));
  const printed = events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');
  const measured = JSON.parse(printed) as Measured;

  const query = { columns: 1, writes: 0, gathered: false };
  assert.deepEqual(
    measured.read.map((pages) => pages * 8192),
    RANGES.map((rows) => byRow({ ...query, rows }).read),
  );
  assert.equal(measured.stayed, WRITES, 'each change found room in the page of its row');

  // A chunk has a head of some 30 bytes, and a file a foot, which the model leaves out.
  const isNear = (actual: number, expected: number): boolean => Math.abs(actual - expected) / expected < 0.005;
  for (const [i, columns] of COLUMNS.entries())
    for (const [j, rows] of RANGES.entries()) {
      const expected = byColumn({ ...query, columns, rows }).read;
      const actual = measured.chunks[i]?.[j] ?? 0;
      assert.ok(isNear(actual, expected), `${columns} columns, ${rows} rows: ${actual}, not ${expected}`);
    }
  const rewritten = byColumn({ ...query, rows: 1, writes: 1 }).written;
  assert.ok(isNear(measured.group, rewritten), `a group is ${measured.group} bytes, not ${rewritten}`);
});
