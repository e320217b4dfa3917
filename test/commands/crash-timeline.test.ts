import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { connect } from '#src/engines/connect.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { run } from '#src/runner/run.ts';
import { crashPoints, DESIGNS, outcome, ROWS } from '#site/src/pictures/crash-timeline/model.ts';

/** The six designs as programs: each commit of a design is a commit, the crash is the end of the connection. */
const PROGRAM = `
import json, os, psycopg

url = os.environ["DATABASE_URL"]

def attempt(design, keyed, steps, crash):
    """Runs the design up to its crash (None: to its end); a recorded message is not done again."""
    db = psycopg.connect(url)
    if db.execute("SELECT 1 FROM seen WHERE design = %s", [design]).fetchone():
        return db.close()
    for i, step in enumerate(steps):
        if i == crash:
            return db.close()
        if step in ("effect", "both"):
            for row in range(ROWS):
                key = f"{design}-{row}" if keyed else None
                db.execute("INSERT INTO rows VALUES (%s, %s, %s) ON CONFLICT (key) DO NOTHING", [design, row, key])
        if step in ("record", "both"):
            db.execute("INSERT INTO seen VALUES (%s)", [design])
        db.commit()
    db.close()

with psycopg.connect(url, autocommit=True) as db:
    db.execute("CREATE TABLE rows (design text, row int, key text UNIQUE)")
    db.execute("CREATE TABLE seen (design text)")
    for name, keyed, steps, crash in json.loads(CASES):
        attempt(name, keyed, steps, crash)
        attempt(name, keyed, steps, None)
        counts = db.execute("SELECT count(*) FROM rows WHERE design = %s GROUP BY row", [name]).fetchall()
        print(name, counts[0][0] if counts else 0)
`;

test('the picture shows what PostgreSQL does: six designs, a crash at every point', async (t) => {
  const state = await mkdtemp(join(tmpdir(), 'dej-timeline-'));
  const supervisor = await connect(pathsOf(ownRoot(import.meta.dirname), { ...process.env, DEJ_STATE: state }));
  t.after(async () => {
    await supervisor.shutdown({ force: true });
    await rm(state, { recursive: true, force: true });
  });
  const cases = DESIGNS.flatMap((design) =>
    Array.from({ length: crashPoints(design) }, (_, crash) => ({ design, crash, name: `${design.id}@${crash}` })),
  );
  const data = cases.map(({ design, crash, name }) => [name, design.keyed, design.order, crash]);
  const code = `ROWS = ${ROWS}\nCASES = ${JSON.stringify(JSON.stringify(data))}\n${PROGRAM}`;
  const events: RunEvent[] = [];
  const { state: ended } = await run(
    { engine: 'python', with: ['postgres'], data: undefined, before: [], code },
    supervisor,
    (event) => events.push(event),
  );
  assert.equal(ended, 'ok', JSON.stringify(events));
  const printed = events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');
  assert.equal(printed, cases.map(({ design, crash, name }) => `${name} ${outcome(design, crash).copies}\n`).join(''));
});
