import assert from 'node:assert/strict';
import { cp, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';

import { checkStages } from '#src/commands/check.ts';
import { createContext } from '#src/commands/context.ts';
import { copyOf, labOf } from '#src/commands/labs.ts';
import { startLab } from '#src/commands/start.ts';
import { until } from '#src/deadline.ts';
import { findJvm } from '#src/engines/jvm.ts';
import type { KafkaAccess } from '#src/engines/kafka-access.ts';
import { openAdmin } from '#src/engines/kafka-admin.ts';
import { findFamily } from '#src/engines/python-family.ts';
import type { Point } from '#src/faults/schedule.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { clone, SOON, type Clone } from '#test/engines/clone.ts';
import { startCluster, type Cluster } from '#test/engines/second-kafka.ts';
import { isExact, NTH, streamPrograms, type Place } from '#test/faults/kafka-killed.ts';

const found = await findJvm(pathsOf(ownRoot()), ['kafka']);
const skip = found.state === 'missing' ? found.why : false;
const POINTS: readonly Point[] = ['before', 'after-durable', 'client-moved-on'];
const LAB = 'realtime-validation';

/** Copies of partitions, at the numbers of brokers; the first of each leads. */
const COPIES = [
  [1, 2, 3],
  [2, 3, 1],
  [3, 1, 2],
] as const;

/** As Linux writes it of a connection that stands. */
const ESTABLISHED = '01';

await test('a Kafka of the learner’s own: three brokers that ask for a password', { skip }, async (t) => {
  assert.ok(found.state !== 'missing');
  const cluster = await startCluster(t, found.state === 'ready' ? found : await found.install(() => undefined));
  const place = await clone(t);
  await using supervisor = await place.connect(cluster.env);
  await supervisor.install('python');
  await exactOnEach({ t, cluster, place });
  await checked({ t, cluster, place });
});

interface Subject {
  readonly t: test.TestContext;
  readonly cluster: Cluster;
  readonly place: Clone;
}

/** What is read, what is written and who keeps the offsets are at different brokers, and each is one program's one Kafka. */
async function exactOnEach({ t, cluster, place }: Subject): Promise<void> {
  const family = await findFamily(place.paths);
  assert.ok(family.state === 'ready');
  const { kafkajs: _, ...programs } = streamPrograms(family.interpreter);
  const tests = Object.entries(programs).map(([name, argv]) =>
    t.test(`${name}: each boundary has three exact points, and nothing goes round the proxy`, async () => {
      for (const boundary of ['kafka.produce', 'kafka.offset'])
        for (const point of POINTS) await isExact(on(cluster, 1), [...argv, 'late'], { boundary, point, nth: NTH });
      for (const point of POINTS)
        await isExact(on(cluster, 3), [...argv, 'transaction'], { boundary: 'kafka.endtxn', point, nth: NTH });
    }),
  );
  await Promise.all(tests);
}

function on({ access, ports }: Cluster, outs: number): Place {
  return {
    access,
    prefix: 'killed-',
    outs,
    make: (topics) => makeTopics(access, ports, topics),
    async onStruck(pid) {
      const peers = await peersOf(pid);
      if (peers === undefined) return;
      assert.ok(peers.length > 1, `it is connected: ${peers.join()}`);
      assert.deepEqual(
        peers.filter((port) => ports.includes(port)),
        [],
        'no connection goes round the proxy',
      );
    },
  };
}

/** Gives the topics' names by their ids, when every broker knows of them. What is written is led by others than what is read. */
async function makeTopics(
  access: KafkaAccess,
  ports: readonly number[],
  topics: Readonly<Record<string, number>>,
): Promise<ReadonlyMap<string, string>> {
  // What is written carries times of long ago, and must not be taken for old.
  const configs = [{ name: 'retention.ms', value: '-1' }];
  const names = new Map<string, string>();
  const each = await Promise.all(ports.map((port) => openAdmin({ ...access, bootstrap: `127.0.0.1:${port}` })));
  try {
    for (const [topic, count] of Object.entries(topics)) {
      const from = topic.endsWith('-in') ? 0 : 1;
      const assignments = Array.from({ length: count }, (_, partition) => ({
        partition,
        brokers: [...(COPIES[(from + partition) % COPIES.length] ?? [])],
      }));
      const made = (await each[0]?.createTopics({ topics: [topic], assignments, configs })) ?? [];
      for (const { id, name } of made) names.set(id.replaceAll('-', ''), name);
    }
    for (const admin of each) {
      const isKnown = (): Promise<boolean> =>
        admin.metadata({ topics: Object.keys(topics), forceUpdate: true }).then(
          () => true,
          () => false,
        );
      await until('a broker that knows the new topics', isKnown, SOON);
    }
    return names;
  } finally {
    await Promise.all(each.map((admin) => admin.close()));
  }
}

/** To which ports a program is connected, where the system says so in files. */
async function peersOf(pid: number): Promise<number[] | undefined> {
  if (process.platform !== 'linux') return undefined;
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')));
  const own = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.slice(1) ?? []));
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')));
  return tables.flatMap((table) =>
    table.split('\n').flatMap((line) => {
      const [, , peer = '', state, , , , , , inode = ''] = line.trim().split(/\s+/);
      return state === ESTABLISHED && own.has(inode) ? [parseInt(peer.split(':')[1] ?? '', 16)] : [];
    }),
  );
}

/** A stage of a lab is graded there, and what it made is removed; what others have there stays. */
async function checked({ t, cluster, place }: Subject): Promise<void> {
  await t.test('a lab’s stage is graded there, and removes what it made and no more', async () => {
    const admin = await openAdmin(cluster.access);
    const context = createContext({ ...place.paths, journal: join(place.paths.state, 'journal') });
    try {
      await until('a topic of somebody else', () => admin.createTopics({ topics: ['theirs'] }).then(() => true), SOON);
      await startLab({ lab: LAB, language: 'python' }, context);
      const lab = await labOf(LAB, context);
      await cp(join(lab.folder, 'solution', 'python'), copyOf(lab, context), { recursive: true });
      const verdicts: string[] = [];
      for await (const event of checkStages({ lab: LAB, stage: 1, level: 'quick' }, context))
        if (event.type === 'verdict') verdicts.push(event.verdict.state === 'passed' ? 'passed' : event.text);
      assert.deepEqual(verdicts, ['passed']);
      const left = async (): Promise<string[]> => [
        ...(await admin.listTopics()),
        ...[...(await admin.listGroups()).keys()].filter((name) => name.startsWith('block')),
      ];
      const isClean = async (): Promise<boolean> => (await left()).filter(isNotKilled).join() === 'theirs';
      await until('the end of what was graded', isClean, SOON);
    } finally {
      await context.close();
      await admin.close();
    }
  });
}

/** Topics of the runs before. */
function isNotKilled(name: string): boolean {
  return !name.startsWith('killed-');
}
