import assert from 'node:assert/strict';
import test from 'node:test';

import type { Supervisor } from '#src/engines/supervisor.ts';
import { renderAll } from '#src/runner/render.ts';
import { run } from '#src/runner/run.ts';
import { clone, type Ran } from '#test/engines/clone.ts';

async function play(supervisor: Supervisor, code: string, before: string[] = []): Promise<Ran> {
  const events: Ran['events'][number][] = [];
  const request = { engine: 'postgres', with: [], data: undefined, before, code, scene: true } as const;
  const outcome = await run(request, supervisor, (event) => events.push(event));
  return { ...outcome, events };
}

const SETUP = `S: CREATE TABLE account (id int PRIMARY KEY, balance int)
S: INSERT INTO account VALUES (1, 100), (2, 100)`;

/** What scenes print, word for word: they are recorded in guides. */
const SCENES: Record<string, { code: string; printed: string }> = {
  'an update that is lost by a wait, and goes on at the commit': {
    code: `A: BEGIN
A: UPDATE account SET balance = 90
   WHERE id = 1
B: SELECT balance FROM account WHERE id = 1
B: UPDATE account SET balance = 80 WHERE id = 1
# nothing
A: COMMIT
B: SELECT * FROM account ORDER BY id`,
    printed: `A> BEGIN
A> UPDATE account SET balance = 90
   WHERE id = 1
   UPDATE 1
B> SELECT balance FROM account WHERE id = 1
   balance
       100
B> UPDATE account SET balance = 80 WHERE id = 1
   (waits for A)
A> COMMIT
B> (goes on)
   UPDATE 1
B> SELECT * FROM account ORDER BY id
   id  balance
    1       80
    2      100`,
  },
  'a deadlock: who closes the circle fails, always': {
    code: `A: BEGIN; UPDATE account SET balance = 1 WHERE id = 1
B: BEGIN; UPDATE account SET balance = 2 WHERE id = 2
A: UPDATE account SET balance = 1 WHERE id = 2
B: UPDATE account SET balance = 2 WHERE id = 1
A: COMMIT
B: COMMIT`,
    printed: `A> BEGIN; UPDATE account SET balance = 1 WHERE id = 1
   UPDATE 1
B> BEGIN; UPDATE account SET balance = 2 WHERE id = 2
   UPDATE 1
A> UPDATE account SET balance = 1 WHERE id = 2
   (waits for B)
B> UPDATE account SET balance = 2 WHERE id = 1
   ERROR: deadlock detected
A> (goes on)
   UPDATE 1
A> COMMIT
B> COMMIT
   ROLLBACK`,
  },
  'a client that is killed: its row is free again': {
    code: `A: BEGIN; UPDATE account SET balance = 0
B: UPDATE account SET balance = 7 WHERE id = 1
C: DELETE FROM account WHERE id = 1
kill A
A: SELECT count(*) FROM account
kill Z`,
    printed: `A> BEGIN; UPDATE account SET balance = 0
   UPDATE 2
B> UPDATE account SET balance = 7 WHERE id = 1
   (waits for A)
C> DELETE FROM account WHERE id = 1
   (waits for B)
kill A
   (A is gone, without a word; the server has ended its session)
B> (goes on)
   UPDATE 1
C> (goes on)
   DELETE 1
A> SELECT count(*) FROM account
   count
       1
kill Z
   (Z is not connected)`,
  },
  'one that never ends is said to wait': {
    code: `A: BEGIN; LOCK account
B: SET lock_timeout = '300ms'; SELECT 1 FROM account
wait B
B: SET lock_timeout = 0; SELECT 1 FROM account`,
    printed: `A> BEGIN; LOCK account
B> SET lock_timeout = '300ms'; SELECT 1 FROM account
   (waits for A)
wait B
B> (goes on)
   ERROR: canceling statement due to lock timeout
B> SET lock_timeout = 0; SELECT 1 FROM account
   (waits for A)
(B still waits for A)`,
  },
  'a session that the server ends says why when it next speaks': {
    code: `A: BEGIN; SELECT 1 AS one; SET idle_in_transaction_session_timeout = '1ms'
B: DO $$ BEGIN
   WHILE EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'A') LOOP
     PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
   END LOOP; END $$
A: SELECT 2 AS two
A: SELECT 3 AS three`,
    printed: `A> BEGIN; SELECT 1 AS one; SET idle_in_transaction_session_timeout = '1ms'
   one
     1
B> DO $$ BEGIN
   WHILE EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'A') LOOP
     PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
   END LOOP; END $$
A> SELECT 2 AS two
   FATAL: terminating connection due to idle-in-transaction timeout
A> SELECT 3 AS three
   three
       3`,
  },
};

test('scenes with several sessions on PostgreSQL', async (t) => {
  const place = await clone(t);
  await using supervisor = await place.connect();

  for (const [name, { code, printed }] of Object.entries(SCENES)) {
    await t.test(name, async () => {
      const ran = await play(supervisor, code, [SETUP]);
      assert.equal(renderAll(ran.events), printed);
      assert.equal(ran.state, 'ok');
    });
  }

  await t.test('whoever waits can do nothing else, which is said with the line', async () => {
    const ran = await play(supervisor, 'A: BEGIN; LOCK account\nB: TABLE account\nB: SELECT 1', [SETUP]);
    assert.equal(ran.state, 'error');
    assert.deepEqual(ran.events.at(-1), {
      type: 'error',
      message: 'B still waits, and can do nothing else before that has ended',
      line: 3,
    });
  });

  await t.test('a line that can’t be read is said before anything is played', async () => {
    for (const [code, words] of [
      ['A: SELECT 1\nA SELECT 2', /can't read "A SELECT 2"/],
      ['A: SELECT 1\nconsumer: poll', /nobody in this scene is called consumer. A, B … are sessions/],
      ['A: SELECT 1\nmarry A', /can't marry A. Known: wait, kill/],
    ] as const) {
      const { state, events } = await play(supervisor, code);
      assert.equal(state, 'error');
      const [error] = events.filter(({ type }) => type !== 'progress');
      assert.ok(error?.type === 'error' && error.line === 2);
      assert.match(error.message, words);
    }
  });

  await t.test('it is stopped in the middle of a wait, and leaves nothing', async () => {
    const stop = new AbortController();
    const request = { engine: 'postgres', with: [], data: undefined, before: [], scene: true } as const;
    const code = `${SETUP}\nA: BEGIN; LOCK account\nB: TABLE account\nC: SELECT pg_sleep(1000)`;
    const ended = run(
      { ...request, code },
      supervisor,
      (event) => {
        if (event.type === 'text' && event.text.startsWith('C>')) stop.abort();
      },
      { signal: stop.signal },
    );
    assert.equal((await ended).state, 'stopped');
  });
});
