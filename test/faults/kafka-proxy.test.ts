import assert from 'node:assert/strict';
import test from 'node:test';

import { environmentOf } from '#src/engines/environment.ts';
import { accessFrom } from '#src/engines/kafka-access.ts';
import { findFamily } from '#src/engines/python-family.ts';
import { findJvm } from '#src/engines/jvm.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { openKafkaHands } from '#src/faults/kafka-hands.ts';
import type { Point } from '#src/faults/schedule.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { clone } from '#test/engines/clone.ts';
import { javaPrograms } from '#test/faults/java.ts';
import {
  isExact,
  isUnanswered,
  NTH,
  RECORDS,
  runKilled,
  streamPrograms,
  type Place,
} from '#test/faults/kafka-killed.ts';

const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
const skip = found.state === 'missing' ? found.why : false;
const POINTS: readonly Point[] = ['before', 'after-durable', 'client-moved-on'];

/** What a client's program does at most is tried at each point; where it commits first, one is enough to lose a batch. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  late: ['kafka.produce', 'kafka.offset'],
  transaction: ['kafka.produce', 'kafka.offset', 'kafka.endtxn'],
};

await test('the Kafka proxy', { skip, concurrency: 4 }, async (t) => {
  const place = await clone(t);
  await using supervisor = await place.connect();
  await supervisor.install('python');
  const family = await findFamily(place.paths);
  assert.ok(family.state === 'ready');
  const own = streamPrograms(family.interpreter);
  const java = (await javaPrograms(t, place.paths))('KafkaStream');
  const clients = [...Object.entries(own), ['the Java client', java]] as const;
  await t.test(
    'a new broker is asked for offsets before it keeps any, and what nobody committed is nothing',
    async () => {
      await leased(supervisor, async ({ access }) => {
        const hands = await openKafkaHands(access);
        try {
          await hands.createTopics({ unread: 2 });
          assert.deepEqual(await hands.committed('nobody', 'unread', 2), [0, 0]);
        } finally {
          await hands.close();
        }
      });
    },
  );
  // Each has a way in of its own, and waits more than it works.
  const tests = clients.flatMap(([name, argv]) =>
    Object.entries(WAYS).map(([way, boundaries]) =>
      t.test(`${name}, ${way}: each boundary has three exact points`, async () => {
        for (const boundary of boundaries)
          for (const point of POINTS)
            await leased(supervisor, (place) => isExact(place, [...argv, way], { boundary, point, nth: NTH }));
      }),
    ),
  );
  await Promise.all(tests);
  await t.test('confluent-kafka, early: killed after its commit it loses what it had read', async () => {
    const fault = { boundary: 'kafka.offset', point: 'after-durable', nth: NTH } as const;
    const { first, last } = await leased(supervisor, (place) =>
      runKilled(place, [...own['confluent-kafka'], 'early'], fault),
    );
    assert.deepEqual([first.committed, first.written.length], [20, 10]);
    assert.equal(last.written.length, RECORDS - 10);
  });
  await t.test(
    'confluent-kafka, transaction: what joins one has three points, and leaves nothing by itself',
    async () => {
      const fault = { boundary: 'kafka.addtxn', point: 'client-moved-on', nth: 1 } as const;
      const { first, last, passed } = await leased(supervisor, (place) =>
        runKilled(place, [...own['confluent-kafka'], 'transaction'], fault),
      );
      assert.deepEqual([first.committed, first.written.length, last.written.length], [0, 0, RECORDS]);
      const points = passed.filter((hit) => hit.boundary === fault.boundary && hit.nth === 1).map(({ point }) => point);
      assert.deepEqual(points.slice(0, 3), POINTS);
    },
  );
  for (const [name, argv] of [
    ['confluent-kafka', own['confluent-kafka']] as const,
    ['the Java client', java] as const,
  ]) {
    await t.test(`${name}, asking for no answer: what is held back is lost, what was passed on is there`, () =>
      leased(supervisor, (place) => isUnanswered(place, [...argv, 'unanswered'])),
    );
  }
  await t.test('confluent-kafka, the newer kind of group: the member that is dead is shown out', async () => {
    const fault = { boundary: 'kafka.offset', point: 'after-durable', nth: NTH } as const;
    const { first, last } = await leased(supervisor, (place) =>
      runKilled(place, [...own['confluent-kafka'], 'modern'], fault),
    );
    assert.deepEqual([first.committed, last.written.length], [20, RECORDS]);
  });
});

async function leased<T>(supervisor: Supervisor, work: (place: Place) => Promise<T>): Promise<T> {
  await using lease = await supervisor.lease('kafka', { data: undefined });
  const env = environmentOf(lease.address);
  return await work({ access: accessFrom(env) ?? assert.fail(), prefix: env['TOPIC_PREFIX'] ?? '' });
}
