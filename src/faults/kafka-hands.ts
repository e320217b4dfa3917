import type * as Client from '@platformatic/kafka';

import { until } from '#src/deadline.ts';
import { connectionOptions, type KafkaAccess } from '#src/engines/kafka-access.ts';
import { WorldError } from '#src/error.ts';
import { CONTROL, readableSince, recordsOf, TRANSACTIONAL, type KafkaRecord } from '#src/faults/kafka-batches.ts';
import { KafkaWays, NobodyLeads } from '#src/faults/kafka-ways.ts';

export type { KafkaRecord };

/** Where something stands that was written: so many records from this offset on. */
export interface Written {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly count: number;
  /** When the broker's answer was here, by our clock. */
  readonly atMs: number;
}

/** What a grader sees and does in Kafka, on a way of its own that no program and no fault is on. */
export interface KafkaHands {
  /** Makes topics and gives their names by their id in hex. In those that are stamped, the broker's time is a record's. */
  createTopics(
    topics: Readonly<Record<string, number>>,
    stamped?: readonly string[],
  ): Promise<ReadonlyMap<string, string>>;
  /** All topics but Kafka's own, with how many partitions each has. */
  topics(): Promise<ReadonlyMap<string, number>>;
  /** All groups that there are. */
  groups(): Promise<readonly string[]>;
  write(records: readonly Omit<KafkaRecord, 'offset'>[]): Promise<readonly Written[]>;
  /** What a group has committed, for each of the partitions; nothing is 0. */
  committed(group: string, topic: string, partitions: number): Promise<number[]>;
  /** Where each partition ends: for all, or for those who read only what is committed. */
  ends(topic: string, partitions: number, which: 'all' | 'committed'): Promise<number[]>;
  /** Where each partition begins: what was before it is gone, by age or by order. */
  starts(topic: string, partitions: number): Promise<number[]>;
  /** Kafka takes no record of it away because a later one has the same key, as far as it tells us. */
  keepsAll(topic: string): Promise<boolean>;
  /** All records of a topic that a reader of committed records sees, by partition and offset. */
  read(topic: string, partitions: number): Promise<KafkaRecord[]>;
  /**
   * A member that was killed is one until its session times out; a group goes on at once when it is shown out. All
   * groups whose names begin so; and those that are known, for a broker that has just come back names none of them yet.
   */
  evict(prefix: string, known?: readonly string[]): Promise<void>;
  /** Takes back what a killed program left open under these names, so that readers needn't wait for its time-out. */
  fence(ids: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
const READ_COMMITTED = 1;
const LATEST = -1n;
const EARLIEST = -2n;
/** The kind of thing whose settings are asked for. */
const TOPIC = 2;
const MAX_BYTES = 64 * 1024 * 1024;

export async function openKafkaHands(access: KafkaAccess): Promise<KafkaHands> {
  const kafka = await import('@platformatic/kafka');
  const ways = await tried(() => KafkaWays.open(kafka, access));
  const producer = new kafka.Producer({
    clientId: 'oracle',
    bootstrapBrokers: access.bootstrap.split(','),
    retries: 20,
    retryDelay: 50,
    ...connectionOptions(access),
  });
  return new Hands({ kafka, ways, producer });
}

interface Clients {
  readonly kafka: typeof Client;
  readonly ways: KafkaWays;
  readonly producer: Client.Producer<Buffer, Buffer, Buffer, Buffer>;
}

class Hands implements KafkaHands {
  readonly #kafka: typeof Client;
  readonly #ways: KafkaWays;
  readonly #producer: Client.Producer<Buffer, Buffer, Buffer, Buffer>;

  constructor({ kafka, ways, producer }: Clients) {
    this.#kafka = kafka;
    this.#ways = ways;
    this.#producer = producer;
  }

  async createTopics(
    topics: Readonly<Record<string, number>>,
    stamped: readonly string[] = [],
  ): Promise<ReadonlyMap<string, string>> {
    // What is written carries times of long ago, and must not be taken for old.
    const configs = [{ name: 'retention.ms', value: '-1' }];
    const withStamp = [...configs, { name: 'message.timestamp.type', value: 'LogAppendTime' }];
    const asked = Object.entries(topics).map(([name, numPartitions]) => ({
      name,
      numPartitions,
      // As many copies as the cluster makes of whatever is made there.
      replicationFactor: -1,
      assignments: [],
      configs: stamped.includes(name) ? withStamp : configs,
    }));
    const { createTopicsV7 } = this.#kafka;
    const made = await tried(async () => createTopicsV7.api.async(await this.#ways.any(), asked, TIMEOUT_MS, false));
    const names = new Map<string, string>();
    for (const { name, topicId } of made.topics) names.set(topicId.replaceAll('-', ''), name);
    await this.#known(Object.keys(topics));
    return names;
  }

  /** Brokers hear of a new topic one after the other; a program that asks one of them must be told of it. */
  async #known(topics: readonly string[]): Promise<void> {
    const { metadataV12 } = this.#kafka;
    await this.#asking(async () => {
      for (const broker of await this.#ways.all()) await metadataV12.api.async(broker, [...topics], false, false);
    });
  }

  async topics(): Promise<ReadonlyMap<string, number>> {
    const { metadataV12 } = this.#kafka;
    const { topics } = await this.#asking(async () =>
      metadataV12.api.async(await this.#ways.any(), null, false, false),
    );
    const found = topics.flatMap(({ name, partitions, isInternal }): [string, number][] =>
      typeof name !== 'string' || isInternal || name.startsWith('__') ? [] : [[name, partitions.length]],
    );
    return new Map(found);
  }

  async groups(): Promise<readonly string[]> {
    const { listGroupsV5 } = this.#kafka;
    return this.#asking(async () => {
      const answers = (await this.#ways.all()).map((broker) => listGroupsV5.api.async(broker, [], []));
      return (await Promise.all(answers)).flatMap(({ groups }) => groups.map(({ groupId }) => groupId));
    });
  }

  async write(records: readonly Omit<KafkaRecord, 'offset'>[]): Promise<readonly Written[]> {
    const written: Written[] = [];
    const byPlace = Map.groupBy(records, ({ topic, partition }) => `${topic}/${partition}`);
    // One request for each partition: one that is refused for a part of it only is sent again as a whole.
    for (const part of byPlace.values()) {
      const places = await this.#writeTo(part);
      const atMs = Date.now();
      written.push(...places.map((place) => ({ ...place, offset: Number(place.offset), count: part.length, atMs })));
    }
    return written;
  }

  async #writeTo(records: readonly Omit<KafkaRecord, 'offset'>[]) {
    const messages = records.map(({ topic, partition, key, value, headers, timestampMs }) => ({
      topic,
      partition,
      timestamp: BigInt(timestampMs),
      ...(key === null ? {} : { key }),
      ...(value === null ? {} : { value }),
      headers: new Map(headers.map(([name, one]) => [Buffer.from(name), one])),
    }));
    const { offsets = [] } = await tried(() => this.#producer.send({ messages, acks: -1 }));
    return offsets;
  }

  async committed(group: string, topic: string, partitions: number): Promise<number[]> {
    const partitionIndexes = range(partitions);
    const topics = [{ name: topic, partitionIndexes }];
    const asked = [{ groupId: group, memberEpoch: -1, topics }];
    const answer = await this.#asking(async () =>
      this.#kafka.offsetFetchV9.api.async(await this.#ways.coordinatorOfGroup(group), asked, false),
    );
    const found = answer.groups[0]?.topics[0]?.partitions ?? [];
    return partitionIndexes.map((index) =>
      Math.max(0, Number(found.find(({ partitionIndex }) => partitionIndex === index)?.committedOffset ?? 0n)),
    );
  }

  ends(topic: string, partitions: number, which: 'all' | 'committed'): Promise<number[]> {
    return this.#offsets(topic, partitions, LATEST, which === 'committed' ? READ_COMMITTED : 0);
  }

  starts(topic: string, partitions: number): Promise<number[]> {
    return this.#offsets(topic, partitions, EARLIEST, 0);
  }

  async keepsAll(topic: string): Promise<boolean> {
    const { describeConfigsV4 } = this.#kafka;
    const configurationKeys = ['cleanup.policy'];
    const ask = async () =>
      describeConfigsV4.api.async(await this.#ways.any(), [
        { resourceType: TOPIC, resourceName: topic, configurationKeys },
      ]);
    // Whoever may not know it knows nothing.
    const answer = await this.#asking(ask).catch(() => undefined);
    return answer?.results[0]?.configs[0]?.value === 'delete';
  }

  #offsets(topic: string, partitions: number, timestamp: bigint, isolation: 0 | 1): Promise<number[]> {
    const { listOffsetsV9 } = this.#kafka;
    return this.#asking(async () => {
      const ends = range(partitions).map(() => 0);
      const byLeader = Map.groupBy(
        await Promise.all(ends.map(async (_, at) => ({ at, leader: await this.#ways.leaderOf(topic, at) }))),
        ({ leader }) => leader,
      );
      for (const [leader, led] of byLeader) {
        const asked = led.map(({ at }) => ({ partitionIndex: at, currentLeaderEpoch: -1, timestamp }));
        const topics = [{ name: topic, partitions: asked }];
        const answer = await listOffsetsV9.api.async(leader, -1, isolation, topics);
        for (const { partitionIndex, offset } of answer.topics[0]?.partitions ?? [])
          ends[partitionIndex] = Number(offset);
      }
      return ends;
    });
  }

  async read(topic: string, partitions: number): Promise<KafkaRecord[]> {
    const ends = await this.ends(topic, partitions, 'committed');
    const all: KafkaRecord[] = [];
    for (const [partition, end] of ends.entries()) {
      for (let at = 0; at < end;) {
        const found = await this.#fetch(topic, partition, at);
        if (found.next <= at) break;
        at = found.next;
        all.push(...found.records.filter(({ offset }) => offset < end));
      }
    }
    return all;
  }

  async #fetch(topic: string, partition: number, from: number): Promise<{ records: KafkaRecord[]; next: number }> {
    const place = { partition, currentLeaderEpoch: -1, fetchOffset: BigInt(from), lastFetchedEpoch: -1 };
    const { fetchV17 } = this.#kafka;
    const answer = await this.#asking(async () => {
      const leader = await this.#ways.leaderOf(topic, partition);
      const topicId = await this.#ways.idOf(topic);
      const topics = [{ topicId, partitions: [{ ...place, partitionMaxBytes: MAX_BYTES }] }];
      return fetchV17.api.async(leader, 100, 1, MAX_BYTES, READ_COMMITTED, 0, -1, topics, [], '');
    });
    const found = answer.responses[0]?.partitions[0];
    const aborted = [...(found?.abortedTransactions ?? [])].sort((a, b) => Number(a.firstOffset - b.firstOffset));
    const open = new Set<bigint>();
    const records: KafkaRecord[] = [];
    let next = from;
    const batches = found?.records ?? [];
    for (const [at, batch] of batches.entries()) {
      const last = Number(batch.firstOffset) + batch.lastOffsetDelta;
      next = Math.max(next, last + 1);
      // It may have begun before what this answer begins with.
      const begun = aborted.filter(({ firstOffset }) => Number(firstOffset) <= last).length;
      for (const { producerId } of aborted.splice(0, begun)) open.add(producerId);
      // The mark of an end is no record; behind it the same producer's next transaction begins.
      if ((batch.attributes & CONTROL) !== 0) open.delete(batch.producerId);
      else if ((batch.attributes & TRANSACTIONAL) === 0 || !open.has(batch.producerId))
        records.push(...recordsOf(batch, { topic, partition, ...readableSince(batch, batches.slice(at)) }));
    }
    return { records: records.filter(({ offset }) => offset >= from), next };
  }

  async evict(prefix: string, known: readonly string[] = []): Promise<void> {
    const found = (await this.groups()).filter((group) => group.startsWith(prefix));
    for (const group of new Set([...known, ...found])) await this.#evictFrom(group);
  }

  async #evictFrom(group: string): Promise<void> {
    const { describeGroupsV5, leaveGroupV5, consumerGroupDescribeV0, consumerGroupHeartbeatV1 } = this.#kafka;
    // A group is of one kind or the other, and asking for the other kind is an error.
    const asked = <T>(question: (on: Client.Connection) => Promise<T>): Promise<T | undefined> =>
      this.#asking(async () => {
        try {
          return await question(await this.#ways.coordinatorOfGroup(group));
        } catch (error) {
          if (isPassing(error)) throw error;
          return undefined;
        }
      });
    const classic = await asked((on) => describeGroupsV5.api.async(on, [group], false));
    const members = (classic?.groups[0]?.members ?? []).map(({ memberId, groupInstanceId }) => ({
      memberId,
      groupInstanceId,
      reason: 'killed',
    }));
    if (members.length > 0) await asked((on) => leaveGroupV5.api.async(on, group, members));
    const modern = await asked((on) => consumerGroupDescribeV0.api.async(on, [group], false));
    for (const { memberId, instanceId } of modern?.groups[0]?.members ?? [])
      await asked((on) =>
        consumerGroupHeartbeatV1.api.async(on, group, memberId, -1, instanceId, null, 0, null, null, null, []),
      );
  }

  async fence(ids: readonly string[]): Promise<void> {
    const { initProducerIdV5, describeTransactionsV0 } = this.#kafka;
    for (const id of ids)
      await until(
        `end of the transaction of ${id}`,
        async () => {
          // While an earlier end is still being written, this is refused.
          const on = await this.#asking(() => this.#ways.coordinatorOfTransactions(id));
          const begun = await initProducerIdV5.api.async(on, id, 60_000, -1n, -1).catch(() => undefined);
          if (begun === undefined) return this.#ways.forget();
          const { transactionStates } = await describeTransactionsV0.api.async(on, [id]);
          return !/Prepare|Ongoing/.test(transactionStates[0]?.transactionState ?? '');
        },
        { deadlineMs: TIMEOUT_MS, everyMs: 5 },
      );
  }

  async close(): Promise<void> {
    await this.#producer.close().catch(() => undefined);
    await this.#ways.close();
  }

  /** A question that changes nothing, asked again while whoever was asked says that he can't answer it yet. */
  async #asking<T>(question: () => Promise<T>): Promise<T> {
    let refused: unknown;
    const ask = async (): Promise<{ readonly answer: T } | undefined> => {
      try {
        return { answer: await question() };
      } catch (error) {
        if (!isPassing(error)) throw error;
        refused = error;
        this.#ways.forget();
        return undefined;
      }
    };
    return tried(async () => {
      try {
        return (await until('an answer of Kafka', ask, { deadlineMs: TIMEOUT_MS })).answer;
      } catch (error) {
        throw isPassing(refused) && error instanceof WorldError ? refused : error;
      }
    });
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

async function tried<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw ours(error);
  }
}

/** What the broker refuses for now, by the protocol's own list: a coordinator that is still loading, for instance. */
function isPassing(error: unknown): boolean {
  if (error instanceof NobodyLeads) return true;
  if (error instanceof AggregateError) return error.errors.some(isPassing);
  return error instanceof Error && 'canRetry' in error && error.canRetry === true;
}

function ours(error: unknown): WorldError {
  const message = error instanceof Error ? error.message : String(error);
  return new WorldError(`Kafka did not answer the oracle (${message})`, { remedy: 'Run it again.', cause: error });
}
