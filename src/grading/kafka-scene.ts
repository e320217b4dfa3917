import { randomBytes } from 'node:crypto';

import { until } from '#src/deadline.ts';
import { environmentOf } from '#src/engines/environment.ts';
import { accessFrom, type KafkaAccess } from '#src/engines/kafka-access.ts';
import type { Lease, Supervisor } from '#src/engines/supervisor.ts';
import { Bug } from '#src/error.ts';
import type { KafkaTarget } from '#src/faults/attack-kafka.ts';
import { openKafkaHands, type KafkaHands, type KafkaRecord } from '#src/faults/kafka-hands.ts';
import type { KafkaProxy } from '#src/faults/kafka-proxy.ts';
import type { StreamOptions } from '#src/faults/stream.ts';
import type { Finding } from '#src/grading/anomaly.ts';
import { finding } from '#src/grading/anomaly.ts';
import { openBrokerScene, type BrokerPlan } from '#src/grading/broker-scene.ts';
import type { TopicContent } from '#src/grading/topic-state.ts';
import { stalledWords } from '#src/grading/wording-kafka.ts';

/** For a program that reads a topic and writes others, until it is told to stop. */
export interface KafkaPlan {
  /** Partitions of each topic, by the name that it has here; the program finds `in` under TOPIC_IN. */
  readonly topics: Readonly<Record<string, number>>;
  /** The topic of which the program, as group GROUP_ID, must have committed every record. */
  readonly reads: string;
  /** Written before the first start. */
  readonly first: readonly KafkaFeed[];
  /** Written while the program is at work: when it has written its first record, or does nothing but wait. */
  readonly later?: readonly KafkaFeed[];
}

/** A record that is fed, its topic by its name here. */
export type KafkaFeed = Omit<KafkaRecord, 'offset'>;

/** Kafka as one run has it: topics of its own, a way in through a proxy, and hands that nothing disturbs. */
export interface KafkaScene {
  readonly env: Readonly<Record<string, string>>;
  readonly target: KafkaTarget;
  readonly stream: StreamOptions | undefined;
  /** Variables that lead whoever prepares the place to Kafka itself. */
  readonly direct?: Readonly<Record<string, string>>;
  /** All is prepared: the program is about to be started. */
  ready?(): Promise<void>;
  /** Told each point of every boundary of the program. */
  onHit?(): Promise<void>;
  /** What a reader sees in a topic, by its name here. */
  records(name: string): Promise<readonly KafkaRecord[]>;
  /** All topics, and what a reader sees in those that are meant; where the broker belongs to the run alone. */
  topics?(isMeant: (name: string) => boolean): Promise<readonly TopicContent[]>;
  /** Why it was stopped, where it stood still before its work was done. */
  stalled(): Finding | undefined;
  close(): Promise<void>;
}

const GRACE_MS = 5000;
/** A program that has nothing to do but wait for what is fed later. */
const WAITS_MS = 4000;
/** Longer than any client takes to find its group anew. */
const STALL_MS = 12_000;
const FOR_EVER_MS = 3_600_000;

/** A scene of its own for one run, where its stage has one. */
export async function leaseKafkaScene(
  { kafka: plan, broker }: { readonly kafka?: KafkaPlan; readonly broker?: BrokerPlan },
  supervisor: Pick<Supervisor, 'lease'>,
  signal: AbortSignal | undefined,
): Promise<KafkaScene | undefined> {
  if (broker !== undefined) return openBrokerScene(broker, signal);
  if (plan === undefined) return undefined;
  const lease = await supervisor.lease('kafka', { data: undefined }, { signal });
  const giveBack = async (): Promise<void> => void (await Promise.allSettled([lease[Symbol.asyncDispose]()]));
  try {
    const scene = await open(plan, lease);
    const close = async (): Promise<void> => {
      await scene.close();
      await giveBack();
    };
    const { env, target, stream } = scene;
    return { env, target, stream, close, records: (name) => scene.records(name), stalled: () => scene.stalled() };
  } catch (error) {
    await giveBack();
    throw error;
  }
}

async function open(plan: KafkaPlan, { address }: Lease): Promise<Scene> {
  const env = environmentOf(address);
  const access = accessFrom(env);
  if (access === undefined) throw new Bug('a lease of Kafka without an address');
  const prefix = `${env['TOPIC_PREFIX'] ?? ''}${randomBytes(3).toString('hex')}-`;
  const hands = await openKafkaHands(access);
  try {
    const topics = Object.entries(plan.topics).map(([name, count]) => [`${prefix}${name}`, count] as const);
    const names = await hands.createTopics(Object.fromEntries(topics));
    return new Scene(plan, { access, hands, prefix, names });
  } catch (error) {
    await hands.close();
    throw error;
  }
}

interface Place {
  readonly hands: KafkaHands;
  readonly prefix: string;
  readonly names: ReadonlyMap<string, string>;
  readonly access: KafkaAccess;
}

class Scene implements KafkaScene {
  readonly env: Readonly<Record<string, string>>;
  readonly target: KafkaTarget;
  readonly stream: StreamOptions;
  readonly #plan: KafkaPlan;
  readonly #hands: KafkaHands;
  readonly #prefix: string;
  readonly #group: string;
  #proxy: KafkaProxy | undefined;
  #stalled: Finding | undefined;

  constructor(plan: KafkaPlan, { access, hands, prefix, names }: Place) {
    this.#plan = plan;
    this.#hands = hands;
    this.#prefix = prefix;
    this.#group = `${prefix}group`;
    this.env = {
      GROUP_ID: this.#group,
      ...Object.fromEntries(Object.keys(plan.topics).map((name) => [`TOPIC_${name.toUpperCase()}`, prefix + name])),
    };
    this.target = {
      access,
      prefix,
      names,
      onOpen: (proxy) => (this.#proxy = proxy),
      onDeath: async (ids) => {
        await hands.evict(prefix);
        await hands.fence(ids);
      },
    };
    this.stream = { graceMs: GRACE_MS, drive: (signal) => this.#drive(signal) };
  }

  async records(name: string): Promise<readonly KafkaRecord[]> {
    return this.#hands.read(`${this.#prefix}${name}`, this.#plan.topics[name] ?? 0);
  }

  stalled(): Finding | undefined {
    return this.#stalled;
  }

  close(): Promise<void> {
    return this.#hands.close();
  }

  async #drive(signal: AbortSignal): Promise<void> {
    const wait = { deadlineMs: FOR_EVER_MS, everyMs: 5, mostMs: 40, signal };
    await this.#feed(this.#plan.first);
    const { later = [] } = this.#plan;
    if (later.length > 0) {
      await until('the program at work', () => this.#proxy?.hasWritten() === true || this.#idleMs() > WAITS_MS, wait);
      await this.#feed(later);
    }
    await until('all read and committed', async () => (await this.#isDone()) || this.#hasStalled(), wait);
  }

  #feed(records: readonly KafkaFeed[]): Promise<void> {
    return this.#hands.write(records.map((one) => ({ ...one, topic: `${this.#prefix}${one.topic}` })));
  }

  /** How long the program has done nothing but read and wait; nought until it has begun to read. */
  #idleMs(): number {
    const since = this.#proxy?.idleSince();
    return since === undefined ? 0 : performance.now() - since;
  }

  async #isDone(): Promise<boolean> {
    const { reads, topics } = this.#plan;
    const count = topics[reads] ?? 0;
    const committed = await this.#hands.committed(this.#group, `${this.#prefix}${reads}`, count);
    const ends = await this.#hands.ends(`${this.#prefix}${reads}`, count, 'all');
    if (ends.some((end, i) => (committed[i] ?? 0) < end)) {
      if (this.#idleMs() > STALL_MS) this.#stalled = stalledFinding(reads, committed, ends, STALL_MS);
      return false;
    }
    if (this.#proxy?.inFlight() !== 0) return false;
    // What stands in an open transaction is neither there nor not there.
    for (const [name, partitions] of Object.entries(topics)) {
      const [all, stable] = await Promise.all(
        (['all', 'committed'] as const).map((which) => this.#hands.ends(`${this.#prefix}${name}`, partitions, which)),
      );
      if (String(all) !== String(stable)) return false;
    }
    return true;
  }

  #hasStalled(): boolean {
    return this.#stalled !== undefined;
  }
}

function stalledFinding(topic: string, committed: readonly number[], ends: readonly number[], ms: number): Finding {
  const behind = ends.flatMap((end, i) => ((committed[i] ?? 0) < end ? [{ at: `${topic}-${i}`, end, i }] : []));
  return finding({
    anomaly: 'did-not-finish',
    ...stalledWords(topic, ms / 1000),
    count: behind.length,
    witnesses: behind.map(({ at, end, i }) => `${at}: ${committed[i] ?? 0} of ${end}`),
  });
}
