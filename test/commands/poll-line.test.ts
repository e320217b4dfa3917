import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { connect } from '#src/engines/connect.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { random } from '#src/random.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { run } from '#src/runner/run.ts';
import { END, ORDERS, outcome, pollsEvery, type Order, type Poller } from '#site/src/pictures/poll-line/model.ts';

/** The orders as transactions, each on a connection of its own, and the poller as a program. */
const PROGRAM = `
import json, os, psycopg

url = os.environ["DATABASE_URL"]
with psycopg.connect(url, autocommit=True) as db:
    for orders, polls, overlap, upserts in json.loads(CASES):
        db.execute("DROP TABLE IF EXISTS orders, warehouse")
        db.execute("CREATE TABLE orders (id int)")
        db.execute("CREATE TABLE warehouse (id int)" if not upserts else "CREATE TABLE warehouse (id int PRIMARY KEY)")
        steps = [(tick, 2, "poll", None) for tick in polls]
        for id, taken, committed in orders:
            steps += [(taken, 0, "insert", id), (committed, 1, "commit", id)]
        opened, last = {}, 0
        for tick, _, kind, id in sorted(steps, key=lambda step: step[:2]):
            if kind == "insert":
                opened[id] = psycopg.connect(url)
                opened[id].execute("INSERT INTO orders VALUES (%s)", [id])
            elif kind == "commit":
                opened[id].commit()
                opened[id].close()
            else:
                found = [row[0] for row in db.execute("SELECT id FROM orders WHERE id > %s", [last - overlap])]
                for one in found:
                    db.execute("INSERT INTO warehouse VALUES (%s) ON CONFLICT DO NOTHING", [one])
                last = max([last, *found])
        counts = dict(db.execute("SELECT id, count(*) FROM warehouse GROUP BY id").fetchall())
        print(*[counts.get(id, 0) for id, _, _ in orders])
`;

test('the picture shows what PostgreSQL does, for the pollers of the guide and for others', async (t) => {
  const state = await mkdtemp(join(tmpdir(), 'dej-poll-line-'));
  const supervisor = await connect(pathsOf(ownRoot(import.meta.dirname), { ...process.env, DEJ_STATE: state }));
  t.after(async () => {
    await supervisor.shutdown({ force: true });
    await rm(state, { recursive: true, force: true });
  });
  const draw = random(1);
  const upTo = (most: number): number => draw.below(most + 1);
  const cases: { orders: readonly Order[]; poller: Poller }[] = [0, 1, 4, 4].map((overlap, n) => ({
    orders: ORDERS,
    poller: { polls: pollsEvery(4), overlap, upserts: n === 3 },
  }));
  for (let n = 0; n < 12; n++) {
    const orders = ORDERS.map((order) => ({ ...order, committed: order.taken + upTo(END - order.taken) }));
    cases.push({ orders, poller: { polls: pollsEvery(2 + upTo(5)), overlap: upTo(4), upserts: upTo(1) === 1 } });
  }
  const data = cases.map(({ orders, poller: { polls, overlap, upserts } }) => [
    orders.map(({ id, taken, committed }) => [id, taken, committed]),
    polls,
    overlap,
    upserts,
  ]);
  const code = `CASES = ${JSON.stringify(JSON.stringify(data))}\n${PROGRAM}`;
  const events: RunEvent[] = [];
  const request = { engine: 'python', with: ['postgres'], data: undefined, before: [], code } as const;
  const { state: ended } = await run(request, supervisor, (event) => events.push(event));
  assert.equal(ended, 'ok', JSON.stringify(events));
  const printed = events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');
  const expected = cases.map(({ orders, poller }) => outcome(orders, poller).map(({ copies }) => copies));
  assert.equal(printed, expected.map((line) => `${line.join(' ')}\n`).join(''));
});
