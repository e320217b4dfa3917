import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '#src/deadline.ts';
import type { KafkaAccess } from '#src/engines/kafka-access.ts';
import { openAdmin } from '#src/engines/kafka-admin.ts';
import type { Point } from '#src/faults/schedule.ts';
import { SOON } from '#test/engines/clone.ts';
import type { Cluster } from '#test/engines/second-kafka.ts';
import { isExact, NTH, type Fault, type Place } from '#test/faults/kafka-killed.ts';

const POINTS: readonly Point[] = ['before', 'after-durable', 'client-moved-on'];

const EVERY: readonly Fault[] = ['kafka.produce', 'kafka.offset', 'kafka.endtxn'].flatMap((boundary) =>
  POINTS.map((point) => ({ boundary, point, nth: NTH })),
);

/** Copies of partitions, at the numbers of brokers; the first of each leads. */
const COPIES = [
  [1, 2, 3],
  [2, 3, 1],
  [3, 1, 2],
] as const;

/** As Linux writes it of a connection that stands. */
const ESTABLISHED = '01';

/** What is read, what is written and who keeps the offsets are at different brokers, and each is one program's one Kafka. */
export async function isExactOn(
  cluster: Cluster,
  argv: readonly [string, ...string[]],
  faults: readonly Fault[] = EVERY,
): Promise<void> {
  for (const fault of faults) {
    const isTransaction = fault.boundary === 'kafka.endtxn';
    await isExact(on(cluster, isTransaction ? 3 : 1), [...argv, isTransaction ? 'transaction' : 'late'], fault);
  }
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
