import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import type { KafkaAccess } from '#src/engines/kafka-access.ts';
import { openKafkaHands, type KafkaHands } from '#src/faults/kafka-hands.ts';
import { startKafkaProxy } from '#src/faults/kafka-proxy.ts';
import { startHistory } from '#src/faults/history.ts';
import type { Hit } from '#src/faults/postgres-proxy.ts';
import { startProgram, type RunningProgram } from '#src/faults/program.ts';
import type { Point } from '#src/faults/schedule.ts';
import { within } from '#src/deadline.ts';
import { ownRoot } from '#src/paths.ts';
import { SOON } from '#test/engines/clone.ts';

/** How many records there are to carry, in batches of ten. */
export const RECORDS = 40;

/** In the midst of the second batch. */
export const NTH = 15;

const programs = join(ownRoot(import.meta.dirname), 'test', 'input', 'faults');

/** Programs that carry records from one topic to another, by their clients; Python's needs an interpreter with its own. */
export function streamPrograms(python: string) {
  return {
    'confluent-kafka': [python, join(programs, 'kafka-stream.py')],
    '@platformatic/kafka': [process.execPath, join(programs, 'kafka-stream.ts')],
    kafkajs: [process.execPath, join(programs, 'kafka-js.ts')],
  } as const satisfies Readonly<Record<string, readonly [string, ...string[]]>>;
}

/** The Kafka that it takes place on. */
export interface Place {
  readonly access: KafkaAccess;
  /** All topics begin so. */
  readonly prefix: string;
  /** Partitions of the topic that is written; one, where it isn't said. */
  readonly outs?: number;
  /** Makes the topics in a way of its own, and gives their names by their ids in hex. */
  readonly make?: (topics: Readonly<Record<string, number>>) => Promise<ReadonlyMap<string, string>>;
  /** Called while the program, of this number, is held at the fault. */
  readonly onStruck?: (pid: number) => Promise<void>;
}

interface Seen {
  readonly written: readonly string[];
  readonly committed: number;
  /** Where in topic and partition each record stands that a reader sees. */
  readonly places: readonly string[];
  readonly told: Readonly<Record<string, number>>;
}

/** What the point promises is what Kafka holds and what the program knows. */
export async function isExact(place: Place, argv: [string, ...string[]], fault: Fault): Promise<void> {
  const { boundary, point } = fault;
  const isTransaction = argv.includes('transaction');
  const { first, last, struck, wasTakenIn, transactions } = await runKilled(place, argv, fault);
  const what = `${boundary} ${point}: ${JSON.stringify(first)}`;
  assert.ok(wasTakenIn, `${what}: its group took it in`);
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
    // What Kafka accepted of each transaction, to the last offset, is what a reader sees.
    assert.ok(transactions.length > 1, what);
    const accepted = transactions.flatMap(({ end, parts }) => (end === 'commit' ? parts : []));
    const offsets = accepted.flatMap(({ partition, offset, count }) =>
      Array.from({ length: count }, (_, i) => `${partition}@${offset + i}`),
    );
    assert.deepEqual(offsets.sort(), [...last.places].sort(), what);
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

/** The proxy knows that Kafka has what is never answered, and calls nothing durable of which nobody was told. */
export async function isUnanswered(place: Place, argv: [string, ...string[]]): Promise<void> {
  const produce = await runKilled(place, argv, { boundary: 'kafka.produce', point: 'before', nth: NTH });
  const { since = -1 } = produce.struck;
  // It commits what was held back, and never writes it again.
  assert.deepEqual([produce.first.written.length, produce.first.committed], [since, 20]);
  assert.equal(produce.last.written.length, RECORDS + since - 20);
  const offset = await runKilled(place, argv, { boundary: 'kafka.offset', point: 'after-durable', nth: NTH });
  assert.deepEqual([offset.first.written.length, offset.first.committed], [20, 20]);
  assert.equal(offset.last.written.length, RECORDS);
  const points = new Set(offset.passed.filter((hit) => hit.boundary === 'kafka.produce').map(({ point }) => point));
  assert.deepEqual([...points], ['before']);
}

export interface Fault {
  readonly boundary: string;
  readonly point: Point;
  readonly nth: number;
}

/** Runs it, kills it at the fault, looks, and runs it again to its end. */
export async function runKilled(place: Place, argv: [string, ...string[]], fault: Fault) {
  const { access, outs = 1 } = place;
  const prefix = `${place.prefix}${randomUUID().slice(0, 8)}-`;
  const hands = await openKafkaHands(access);
  const topics = { [`${prefix}in`]: 1, [`${prefix}out`]: outs };
  const names = await (place.make?.(topics) ?? hands.createTopics(topics));
  await hands.write(recordsOf(`${prefix}in`));
  const passed: Hit[] = [];
  let program: RunningProgram | undefined;
  let struck: Hit | undefined;
  let looked: Promise<void> | undefined;
  const isMeant = (hit: Hit): boolean => struck === undefined && isThere(hit, fault);
  const history = startHistory();
  const proxy = await startKafkaProxy({
    access,
    prefix,
    names,
    history,
    isDue: isMeant,
    onPoint: async (hit) => {
      passed.push(hit);
      if (!isMeant(hit)) return 'go';
      struck = hit;
      looked = place.onStruck?.(program?.pid ?? 0);
      await looked?.catch(() => undefined);
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
    const passed = () => history.events.slice(-8).map(({ text, nth, point }) => `${text} ${nth} ${point}`);
    const evidence = () => ({ lastLines: [`${fault.boundary} ${fault.point}`, ...lines, ...passed()] });
    const exit = await within('end of the program', program.ended, { ...SOON, deadlineMs: 60_000, evidence });
    await program.kill();
    if (struck === undefined || exit.signal === null) assert.equal(exit.code, 0, lines.join('\n'));
    await proxy.quiet();
    await hands.fence(proxy.transactionalIds());
    return told;
  };
  try {
    const told = await start();
    assert.ok(struck !== undefined, `${fault.boundary} ${fault.point} never came`);
    await looked;
    const first = { ...(await look(hands, prefix, outs)), told };
    await hands.evict(`${prefix}group`);
    proxy.nextIncarnation();
    const last = { ...(await look(hands, prefix, outs, start)), told };
    const wasTakenIn = proxy.joinedMs() !== undefined;
    return { first, last, struck, passed, wasTakenIn, transactions: proxy.transactions() };
  } finally {
    await program?.kill();
    await proxy.close();
    await hands.close();
  }
}

function isThere({ boundary, point, nth, since = 0 }: Hit, fault: Fault): boolean {
  return boundary === fault.boundary && point === fault.point && nth >= fault.nth && since < fault.nth;
}

async function look(
  hands: KafkaHands,
  prefix: string,
  outs: number,
  before?: () => Promise<unknown>,
): Promise<Omit<Seen, 'told'>> {
  await before?.();
  const [committed = 0] = await hands.committed(`${prefix}group`, `${prefix}in`, 1);
  const records = await hands.read(`${prefix}out`, outs);
  const places = records.map(({ partition, offset }) => `${partition}@${offset}`);
  return { written: records.map(({ value }) => String(value)), committed, places };
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
