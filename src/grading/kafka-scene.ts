import { randomBytes } from 'node:crypto';

import { until } from '#src/deadline.ts';
import { environmentOf } from '#src/engines/environment.ts';
import { accessFrom, type KafkaAccess } from '#src/engines/kafka-access.ts';
import type { Harm } from '#src/engines/engine.ts';
import type { Lease, Supervisor } from '#src/engines/supervisor.ts';
import { Bug } from '#src/error.ts';
import type { KafkaTarget } from '#src/faults/attack-kafka.ts';
import type { KafkaRecord, Written } from '#src/faults/kafka-hands.ts';
import { openLastingHands, type LastingHands } from '#src/faults/kafka-lasting.ts';
import type { KafkaProxy } from '#src/faults/kafka-proxy.ts';
import type { Fault } from '#src/faults/schedule.ts';
import type { StreamOptions } from '#src/faults/stream.ts';
import type { Finding } from '#src/grading/anomaly.ts';
import { finding } from '#src/grading/anomaly.ts';
import { openBrokerScene, type BrokerPlan } from '#src/grading/broker-scene.ts';
import type { TopicContent } from '#src/grading/topic-state.ts';
import { tornTransaction } from '#src/grading/torn.ts';
import { stalledWords, tornWords } from '#src/grading/wording-kafka.ts';

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
  /** Written when all before is read and committed, and no start stands still: what comes after a rebalance, say. */
  readonly last?: readonly KafkaFeed[];
  /** Topics whose records have the broker's time, and not the program's, for what is measured; where its clock is ours. */
  readonly stamped?: readonly string[];
}

/** A record that is fed, its topic by its name here. */
export type KafkaFeed = Omit<KafkaRecord, 'offset' | 'readableMs'>;

/** A record that was fed while the program ran: where it stands, and when the broker had told that it does. */
export type KafkaFed = Pick<Written, 'partition' | 'offset' | 'atMs'>;

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
  /** What was written to a topic while the program ran, and not before it. */
  fed?(name: string): readonly KafkaFed[];
  /** All topics, and what a reader sees in those that are meant; where the broker belongs to the run alone. */
  topics?(isMeant: (name: string) => boolean): Promise<readonly TopicContent[]>;
  /** Does this to its broker, where that is its own. */
  harm?(how: Harm): Promise<void>;
  /** Why it was stopped, where it stood still before its work was done. */
  stalled(): Finding | undefined;
  /** Says which transaction Kafka itself tore, where it did: then nothing that is found says anything of the program. */
  torn(): Promise<string | undefined>;
  close(): Promise<void>;
}

const GRACE_MS = 5000;
/** A program that has nothing to do but wait for what is fed later. */
const WAITS_MS = 4000;
/** Longer than any client takes to find its group anew. */
const STALL_MS = 12_000;
const FOR_EVER_MS = 3_600_000;

/** A scene of its own for one run, where its stage has one; with a broker of its own, where that is to be harmed. */
export async function leaseKafkaScene(
  { kafka: plan, broker }: { readonly kafka?: KafkaPlan; readonly broker?: BrokerPlan },
  faults: readonly Fault[],
  supervisor: Pick<Supervisor, 'lease'>,
  signal: AbortSignal | undefined,
): Promise<KafkaScene | undefined> {
  if (broker !== undefined) return openBrokerScene(broker, signal);
  if (plan === undefined) return undefined;
  const lease = await supervisor.lease(
    'kafka',
    { data: undefined, ...(harms(faults) ? { own: true } : {}) },
    { signal },
  );
  const giveBack = async (): Promise<void> => void (await Promise.allSettled([lease[Symbol.asyncDispose]()]));
  try {
    const scene = await open(plan, lease);
    const close = async (): Promise<void> => {
      await scene.close();
      await giveBack();
    };
    const { env, target, stream } = scene;
    return {
      ...{ env, target, stream, close },
      records: (name) => scene.records(name),
      fed: (name) => scene.fed(name),
      harm: (how) => scene.during(() => lease.harm(how)),
      stalled: () => scene.stalled(),
      torn: () => scene.torn(),
    };
  } catch (error) {
    await giveBack();
    throw error;
  }
}

/** The broker that others use must stay as it is; and so must the learner’s own. */
function harms(faults: readonly Fault[]): boolean {
  return faults.some(({ action, boundary }) => action === 'crash' && boundary.startsWith('kafka.'));
}

async function open(plan: KafkaPlan, { address }: Lease): Promise<Scene> {
  const env = environmentOf(address);
  const access = accessFrom(env);
  if (access === undefined) throw new Bug('a lease of Kafka without an address');
  const prefix = `${env['TOPIC_PREFIX'] ?? ''}${randomBytes(3).toString('hex')}-`;
  const hands = await openLastingHands(access);
  try {
    const topics = Object.entries(plan.topics).map(([name, count]) => [`${prefix}${name}`, count] as const);
    const stamped = isHere(access) ? (plan.stamped ?? []).map((name) => `${prefix}${name}`) : [];
    const names = await hands.createTopics(Object.fromEntries(topics), stamped);
    return new Scene(plan, { access, hands, prefix, names });
  } catch (error) {
    await hands.close();
    throw error;
  }
}

/** The broker's clock is the one that we have: what it stamped can be set against it. */
function isHere({ bootstrap }: KafkaAccess): boolean {
  return bootstrap.split(',').every((one) => /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):\d+$/.test(one));
}

interface Place {
  readonly hands: LastingHands;
  readonly prefix: string;
  readonly names: ReadonlyMap<string, string>;
  readonly access: KafkaAccess;
}

class Scene implements Omit<KafkaScene, 'harm'> {
  readonly env: Readonly<Record<string, string>>;
  readonly target: KafkaTarget;
  readonly stream: StreamOptions;
  readonly #plan: KafkaPlan;
  readonly #hands: LastingHands;
  readonly #prefix: string;
  readonly #group: string;
  /** One for each program that is alive, and of those that were. */
  readonly #proxies: KafkaProxy[] = [];
  readonly #fed: Written[] = [];
  #stalled: Finding | undefined;
  /** Since when its broker is back. */
  #backMs = 0;

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
      onOpen: (proxy) => void this.#proxies.push(proxy),
      // Its session is over for the group, as if it had timed out; that it is still there, it will find out itself.
      onPause: () => hands.evict(prefix, [this.#group]),
      onDeath: async (ids) => {
        await hands.evict(prefix, [this.#group]);
        await hands.fence(ids);
      },
    };
    this.stream = {
      graceMs: GRACE_MS,
      drive: (signal, isCalm) => this.#drive(signal, isCalm),
      hasCaughtUp: async () => (await this.#progress()).isRead,
    };
  }

  async records(name: string): Promise<readonly KafkaRecord[]> {
    return this.#hands.read(`${this.#prefix}${name}`, this.#plan.topics[name] ?? 0);
  }

  fed(name: string): readonly KafkaFed[] {
    const parts = this.#fed.filter(({ topic }) => topic === `${this.#prefix}${name}`);
    return parts.flatMap(({ partition, offset, count, atMs }) =>
      Array.from({ length: count }, (_, i) => ({ partition, offset: offset + i, atMs })),
    );
  }

  stalled(): Finding | undefined {
    return this.#stalled;
  }

  async torn(): Promise<string | undefined> {
    const torn = await tornTransaction(
      this.#hands,
      this.#proxies.flatMap((proxy) => [...proxy.transactions()]),
    );
    return torn === undefined ? undefined : tornWords(torn, this.#prefix);
  }

  /** While its broker is away, no program can do anything, and finds that out some time after it is back. */
  async during(harm: () => Promise<void>): Promise<void> {
    this.#backMs = Infinity;
    await this.#hands.during(harm).finally(() => (this.#backMs = performance.now()));
  }

  close(): Promise<void> {
    return this.#hands.close();
  }

  async #drive(signal: AbortSignal, isCalm: () => boolean): Promise<void> {
    const wait = { deadlineMs: FOR_EVER_MS, everyMs: 5, mostMs: 40, signal };
    const { first, later = [], last = [] } = this.#plan;
    const done = async (): Promise<boolean> => (isCalm() && (await this.#isDone())) || this.#hasStalled();
    await this.#feed(first);
    if (later.length > 0) {
      const isAtWork = (): boolean => this.#proxies.some((proxy) => proxy.hasWritten()) || this.#idleMs() > WAITS_MS;
      await until('the program at work', isAtWork, wait);
      this.#fed.push(...(await this.#feed(later)));
    }
    await until('all read and committed', done, wait);
    if (last.length === 0 || this.#hasStalled()) return;
    this.#fed.push(...(await this.#feed(last)));
    await until('the last of it read and committed', done, wait);
  }

  #feed(records: readonly KafkaFeed[]): Promise<readonly Written[]> {
    return this.#hands.write(records.map((one) => ({ ...one, topic: `${this.#prefix}${one.topic}` })));
  }

  /** How long the program has done nothing but read and wait; nought until it has begun to read. */
  #idleMs(): number {
    const since = this.#proxies.map((proxy) => proxy.idleSince());
    // The latest may not have begun to read; of the others, one that stands still doesn't hide that another is at work.
    if (since.length === 0 || since.at(-1) === undefined) return 0;
    return performance.now() - Math.max(this.#backMs, ...since.map((one = 0) => one));
  }

  /** How far the group has read what it must read, by its committed offsets. */
  async #progress() {
    const { reads, topics } = this.#plan;
    const count = topics[reads] ?? 0;
    const committed = await this.#hands.committed(this.#group, `${this.#prefix}${reads}`, count);
    const ends = await this.#hands.ends(`${this.#prefix}${reads}`, count, 'all');
    return { committed, ends, isRead: ends.every((end, i) => (committed[i] ?? 0) >= end) };
  }

  async #isDone(): Promise<boolean> {
    const { reads, topics } = this.#plan;
    const { committed, ends, isRead } = await this.#progress();
    if (!isRead) {
      if (this.#idleMs() > STALL_MS) this.#stalled = stalledFinding(reads, committed, ends, STALL_MS);
      return false;
    }
    if (this.#proxies.some((proxy) => proxy.inFlight() > 0 || proxy.isJoining())) return false;
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
