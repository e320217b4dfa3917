import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import test from 'node:test';

import { environmentOf } from '#src/engines/environment.ts';
import { accessFrom } from '#src/engines/kafka-access.ts';
import { findFamily } from '#src/engines/python-family.ts';
import { findJvm } from '#src/engines/jvm.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { openKafkaHands, type KafkaHands } from '#src/faults/kafka-hands.ts';
import { startKafkaProxy } from '#src/faults/kafka-proxy.ts';
import { startHistory } from '#src/faults/history.ts';
import type { Hit } from '#src/faults/postgres-proxy.ts';
import { startProgram, type RunningProgram } from '#src/faults/program.ts';
import type { Point } from '#src/faults/schedule.ts';
import { within } from '#src/deadline.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { clone, SOON } from '#test/engines/clone.ts';
import { javaPrograms } from '#test/faults/java.ts';

const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
const skip = found.state === 'missing' ? found.why : false;
const programs = join(ownRoot(import.meta.dirname), 'test', 'input', 'faults');
const POINTS: readonly Point[] = ['before', 'after-durable', 'client-moved-on'];
const RECORDS = 40;
const NTH = 15;

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
  const python: [string, ...string[]] = [family.interpreter, join(programs, 'kafka-stream.py')];
  const node: [string, ...string[]] = [process.execPath, join(programs, 'kafka-stream.ts')];
  const js: [string, ...string[]] = [process.execPath, join(programs, 'kafka-js.ts')];
  const java = (await javaPrograms(t, place.paths))('KafkaStream');
  const clients = [
    ['confluent-kafka', python],
    ['@platformatic/kafka', node],
    ['kafkajs', js],
    ['the Java client', java],
  ] as const;
  await t.test(
    'a new broker is asked for offsets before it keeps any, and what nobody committed is nothing',
    async () => {
      await using lease = await supervisor.lease('kafka', { data: undefined });
      const hands = await openKafkaHands(accessFrom(environmentOf(lease.address)) ?? assert.fail());
      try {
        await hands.createTopics({ unread: 2 });
        assert.deepEqual(await hands.committed('nobody', 'unread', 2), [0, 0]);
      } finally {
        await hands.close();
      }
    },
  );
  // Each has a way in of its own, and waits more than it works.
  const tests = clients.flatMap(([name, argv]) =>
    Object.entries(WAYS).map(([way, boundaries]) =>
      t.test(`${name}, ${way}: each boundary has three exact points`, async () => {
        for (const boundary of boundaries)
          for (const point of POINTS) await isExact(supervisor, [...argv, way], { boundary, point, nth: NTH });
      }),
    ),
  );
  await Promise.all(tests);
  await t.test('confluent-kafka, early: killed after its commit it loses what it had read', async () => {
    const fault = { boundary: 'kafka.offset', point: 'after-durable', nth: NTH } as const;
    const { first, last } = await run(supervisor, [...python, 'early'], fault);
    assert.deepEqual([first.committed, first.written.length], [20, 10]);
    assert.equal(last.written.length, RECORDS - 10);
  });
  await t.test('confluent-kafka, the newer kind of group: the member that is dead is shown out', async () => {
    const fault = { boundary: 'kafka.offset', point: 'after-durable', nth: NTH } as const;
    const { first, last } = await run(supervisor, [...python, 'modern'], fault);
    assert.deepEqual([first.committed, last.written.length], [20, RECORDS]);
  });
});

interface Seen {
  readonly written: readonly string[];
  readonly committed: number;
  readonly told: Readonly<Record<string, number>>;
}

/** What the point promises is what Kafka holds and what the program knows. */
async function isExact(supervisor: Supervisor, argv: [string, ...string[]], fault: Fault): Promise<void> {
  const { boundary, point } = fault;
  const isTransaction = argv.includes('transaction');
  const { first, last, struck } = await run(supervisor, argv, fault);
  const what = `${boundary} ${point}: ${JSON.stringify(first)}`;
  const { since = -1, nth } = struck;
  const durable = point === 'before' ? since : nth;
  const known = point === 'client-moved-on' ? nth : since;
  if (isTransaction) {
    // What a transaction writes may come in several requests.
    const before = since - (since % 10);
    const ended = boundary === 'kafka.endtxn' ? durable : before;
    assert.deepEqual([first.written.length, first.committed], [ended, ended], what);
    assert.equal(first.told['ended'] ?? 0, boundary === 'kafka.endtxn' ? known : before, what);
    assert.equal(last.written.length, RECORDS, what);
  } else if (boundary === 'kafka.produce') {
    assert.deepEqual([first.written.length, first.committed], [durable, since - (since % 10)], what);
    assert.equal(first.told['written'] ?? 0, known - (known % 10), what);
    assert.equal(last.written.length, RECORDS + durable - (since - (since % 10)), what);
  } else {
    assert.deepEqual([first.written.length, first.committed], [nth, durable], what);
    assert.equal(first.told['committed'] ?? 0, known, what);
    assert.equal(last.written.length, RECORDS + nth - durable, what);
  }
  assert.equal(new Set(last.written).size, RECORDS, `${what}: nothing is lost`);
}

interface Fault {
  readonly boundary: string;
  readonly point: Point;
  readonly nth: number;
}

/** Runs it, kills it at the fault, looks, and runs it again to its end. */
async function run(supervisor: Supervisor, argv: [string, ...string[]], fault: Fault) {
  await using lease = await supervisor.lease('kafka', { data: undefined });
  const env = environmentOf(lease.address);
  const access = accessFrom(env) ?? assert.fail();
  const prefix = `${env['TOPIC_PREFIX'] ?? ''}${randomUUID().slice(0, 8)}-`;
  const hands = await openKafkaHands(access);
  const names = await hands.createTopics({ [`${prefix}in`]: 1, [`${prefix}out`]: 1 });
  await hands.write(recordsOf(`${prefix}in`));
  let program: RunningProgram | undefined;
  let struck: Hit | undefined;
  const isMeant = (hit: Hit): boolean =>
    struck === undefined &&
    hit.boundary === fault.boundary &&
    hit.point === fault.point &&
    hit.nth >= fault.nth &&
    (hit.since ?? 0) < fault.nth;
  const proxy = await startKafkaProxy({
    access,
    prefix,
    names,
    history: startHistory(),
    isDue: isMeant,
    onPoint: async (hit) => {
      if (!isMeant(hit)) return 'go';
      struck = hit;
      proxy.hold();
      await program?.kill();
      return 'drop';
    },
  });
  const start = async (): Promise<Readonly<Record<string, number>>> => {
    const told: Record<string, number> = {};
    const lines: string[] = [];
    program = await startProgram({
      argv,
      cwd: programs,
      env: { ...process.env, KAFKA_BOOTSTRAP: proxy.bootstrap, ...namesOf(prefix) },
      // Ending one must not end the others, which run at the same time.
      marker: prefix,
      onLine: (line) => {
        lines.push(line);
        const [what = '', at = ''] = line.split(' ');
        told[what] = Number(at);
      },
    });
    const exit = await within('end of the program', program.ended, { ...SOON, deadlineMs: 60_000 });
    await program.kill();
    if (struck === undefined || exit.signal === null) assert.equal(exit.code, 0, lines.join('\n'));
    await proxy.quiet();
    await hands.fence(proxy.transactionalIds());
    return told;
  };
  try {
    const told = await start();
    assert.ok(struck !== undefined, `${fault.boundary} ${fault.point} never came`);
    const first = { ...(await look(hands, prefix)), told };
    await hands.evict(`${prefix}group`);
    proxy.nextIncarnation();
    const last = { ...(await look(hands, prefix, start)), told };
    return { first, last, struck };
  } finally {
    await program?.kill();
    await proxy.close();
    await hands.close();
  }
}

async function look(hands: KafkaHands, prefix: string, before?: () => Promise<unknown>): Promise<Omit<Seen, 'told'>> {
  await before?.();
  const [committed = 0] = await hands.committed(`${prefix}group`, `${prefix}in`, 1);
  const records = await hands.read(`${prefix}out`, 1);
  return { written: records.map(({ value }) => String(value)), committed };
}

function namesOf(prefix: string): Record<string, string> {
  return {
    TOPIC_IN: `${prefix}in`,
    TOPIC_OUT: `${prefix}out`,
    GROUP_ID: `${prefix}group`,
    END: String(RECORDS),
  };
}

function recordsOf(topic: string) {
  return Array.from({ length: RECORDS }, (_, i) => ({
    topic,
    partition: 0,
    key: Buffer.from(`k${i}`),
    value: Buffer.from(`v${i}`),
    headers: [],
    timestampMs: 1_600_000_000_000 + i,
  }));
}
