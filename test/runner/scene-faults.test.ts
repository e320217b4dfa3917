import assert from 'node:assert/strict';
import test from 'node:test';

import type { EngineName } from '#src/engines/engine.ts';
import { registry } from '#src/engines/registry.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { renderAll } from '#src/runner/render.ts';
import { DEFAULT_LIMITS, run } from '#src/runner/run.ts';
import { clone, statusOf } from '#test/engines/clone.ts';

interface Scene {
  readonly engine: EngineName;
  readonly own: boolean;
  readonly code: string;
  readonly printed: string;
}

/** What scenes print when something is done to a server or to a client, word for word: they are recorded in guides. */
const SCENES: Record<string, Scene> = {
  'PostgreSQL is killed, stands still, and ends in order': {
    engine: 'postgres',
    own: true,
    code: `A: CREATE TABLE account (balance int); INSERT INTO account VALUES (100)
A: BEGIN; UPDATE account SET balance = 90
B: UPDATE account SET balance = 80
crash postgres
B: SELECT balance FROM account
pause postgres
A: SELECT 1 AS one
resume postgres
restart postgres
A: SELECT count(*) FROM account`,
    printed: `A> CREATE TABLE account (balance int); INSERT INTO account VALUES (100)
   INSERT 0 1
A> BEGIN; UPDATE account SET balance = 90
   UPDATE 1
B> UPDATE account SET balance = 80
   (waits for A)
crash postgres
   (killed, started again, recovered; A, B must connect again)
B> (goes on)
   (the connection is gone)
B> SELECT balance FROM account
   balance
       100
pause postgres
A> SELECT 1 AS one
   (waits for postgres)
resume postgres
A> (goes on)
   one
     1
restart postgres
   (ended in order, started again; B, A must connect again)
A> SELECT count(*) FROM account
   count
       1`,
  },
  'a consumer stands still for too long, and a producer is replaced': {
    engine: 'kafka',
    own: false,
    code: `tools: kafka-topics --create --topic orders --partitions 1
producer: send orders o-1=10 o-2=20 o-3=30
consumer-1: subscribe orders
consumer-1: poll 2
pause consumer-1
consumer-1: commit
consumer-2: subscribe orders
consumer-2: poll 2
consumer-2: commit
resume consumer-1
kill consumer-1
consumer-2: await assignment
producer-1: begin billing
producer-1: send orders o-4=40
producer-2: begin billing
producer-2: send orders o-5=50
producer-1: commit
producer-2: commit
consumer-2: poll`,
    printed: `tools> kafka-topics --create --topic orders --partitions 1
   Created topic orders.
producer> send orders o-1=10 o-2=20 o-3=30
   orders-0 @ 0  o-1=10
   orders-0 @ 1  o-2=20
   orders-0 @ 2  o-3=30
consumer-1> subscribe orders
   assigned orders-0
consumer-1> poll 2
   orders-0 @ 0  o-1=10
   orders-0 @ 1  o-2=20
pause consumer-1
   (its process stands still; its group does not know)
consumer-1> commit
   (waits for its resume)
consumer-2> subscribe orders
   assigned orders-0
consumer-2> poll 2
   orders-0 @ 0  o-1=10
   orders-0 @ 1  o-2=20
consumer-2> commit
   committed orders-0 @ 2
resume consumer-1
consumer-1> (goes on)
   refused: UNKNOWN_MEMBER_ID: Broker: Unknown member
consumer-1> (meanwhile)
   assigned orders-0
consumer-2> (meanwhile)
   assigned nothing
kill consumer-1
   (its process is gone; its group does not know)
consumer-2> await assignment
   assigned orders-0
producer-1> begin billing
producer-1> send orders o-4=40
   orders-0 @ 3  o-4=40
producer-2> begin billing
producer-2> send orders o-5=50
   orders-0 @ 5  o-5=50
producer-1> commit
   refused: FENCED: Local: This instance has been fenced by a newer instance
producer-2> commit
   committed
consumer-2> poll
   orders-0 @ 2  o-3=30
   orders-0 @ 5  o-5=50`,
  },
  'a broker is killed, ends in order, and stands still': {
    engine: 'kafka',
    own: true,
    code: `producer: send orders o-1=10
crash kafka
restart kafka
pause kafka
producer: send orders o-2=20
resume kafka
consumer: subscribe orders
consumer: poll`,
    printed: `producer> send orders o-1=10
   orders-0 @ 0  o-1=10
crash kafka
   (killed, started again, recovered)
restart kafka
   (ended in order, started again)
pause kafka
producer> send orders o-2=20
   (waits for kafka)
resume kafka
producer> (goes on)
   orders-0 @ 1  o-2=20
consumer> subscribe orders
   assigned orders-0
consumer> poll
   orders-0 @ 0  o-1=10
   orders-0 @ 1  o-2=20`,
  },
};

test('scenes in which something fails', async (t) => {
  const place = await clone(t);
  const found = await registry(place.paths).kafka.find();
  await using supervisor = await place.connect();
  for (const [name, scene] of Object.entries(SCENES)) {
    await t.test(name, async (t) => {
      if (scene.engine === 'kafka' && found.state === 'missing') return t.skip(found.why);
      const { state, text } = await play(supervisor, scene);
      assert.equal(text, scene.printed);
      assert.equal(state, 'ok');
    });
  }
  await t.test('what is nobody’s own is not harmed, and a client does what it knows', async () => {
    for (const [engine, code, words] of [
      ['kafka', 'crash kafka', /others use this kafka too. Give the block its own: write own/],
      ['postgres', 'postgres: SELECT 1', /postgres is no actor/],
      ['kafka', 'consumer: dance', /a consumer does not dance. It knows subscribe, await, poll, commit, close/],
    ] as const)
      assert.match((await play(supervisor, { engine, own: false, code })).trouble, words);
    assert.equal((await statusOf(supervisor, 'postgres')).state, 'running');
  });
});

async function play(supervisor: Supervisor, { engine, own, code }: Omit<Scene, 'printed'>) {
  const events: Parameters<Parameters<typeof run>[2]>[0][] = [];
  const request = { engine, own, with: [], data: undefined, before: [], code, scene: true } as const;
  const limits = { ...DEFAULT_LIMITS, timeMs: 180_000 };
  const { state } = await run(request, supervisor, (event) => events.push(event), { limits });
  const trouble = events.flatMap((event) => {
    if (event.type === 'error') return [event.message];
    return event.type === 'trouble' ? [`${event.message}. ${event.remedy}`] : [];
  });
  return { state, text: renderAll(events), trouble: trouble.join('\n') };
}
