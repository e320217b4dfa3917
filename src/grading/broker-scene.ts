import { until } from '#src/deadline.ts';
import type { KafkaPool, WholeBroker } from '#src/engines/kafka-pool.ts';
import type { KafkaTarget } from '#src/faults/attack-kafka.ts';
import { openKafkaHands, type KafkaHands, type KafkaRecord } from '#src/faults/kafka-hands.ts';
import type { KafkaProxy } from '#src/faults/kafka-proxy.ts';
import type { StreamOptions } from '#src/faults/stream.ts';
import { finding, type Finding } from '#src/grading/anomaly.ts';
import type { CaughtUp } from '#src/grading/caught-up.ts';
import type { KafkaScene } from '#src/grading/kafka-scene.ts';
import type { TopicContent } from '#src/grading/topic-state.ts';
import { tornTransaction } from '#src/grading/torn.ts';
import { ATTACK } from '#src/grading/wording-attack.ts';
import { tornWords } from '#src/grading/wording-kafka.ts';

/** For a program that belongs to no lab: a whole broker for each run, on which it has the names that it is used to. */
export interface BrokerPlan {
  readonly brokers: KafkaPool;
  /** What is there before anything else is prepared. */
  readonly topics: readonly BrokerTopic[];
  /** For a program that runs until it is told to stop. */
  readonly stream?: CaughtUp | undefined;
}

export interface BrokerTopic {
  readonly name: string;
  readonly partitions: number;
  readonly records: readonly Omit<KafkaRecord, 'offset' | 'topic'>[];
}

const GRACE_MS = 5000;
const FOR_EVER_MS = 3_600_000;
/** A start that has done nothing yet may still be loading itself. */
const LOADING_MS = 20_000;

export async function openBrokerScene(plan: BrokerPlan, signal: AbortSignal | undefined): Promise<KafkaScene> {
  const broker = await plan.brokers.take(signal);
  let hands: KafkaHands | undefined;
  try {
    hands = await openKafkaHands(broker.access);
    const topics = plan.topics.map(({ name, partitions }) => [name, partitions] as const);
    if (topics.length > 0) await hands.createTopics(Object.fromEntries(topics));
    await hands.write(plan.topics.flatMap(({ name, records }) => records.map((one) => ({ ...one, topic: name }))));
    return new BrokerScene(plan, broker, hands);
  } catch (error) {
    await hands?.close();
    await broker.close();
    throw error;
  }
}

interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly end: number;
}

class BrokerScene implements KafkaScene {
  readonly env = {};
  readonly direct: Readonly<Record<string, string>>;
  readonly target: KafkaTarget;
  readonly stream: StreamOptions | undefined;
  readonly #broker: WholeBroker;
  readonly #hands: KafkaHands;
  readonly #proxies: KafkaProxy[] = [];
  #places: readonly Place[] = [];
  #startedMs = 0;
  #hitMs: number | undefined;
  #longestMs: number | undefined;
  #stalled: Finding | undefined;

  constructor({ stream }: BrokerPlan, broker: WholeBroker, hands: KafkaHands) {
    this.#broker = broker;
    this.#hands = hands;
    this.direct = broker.env;
    this.stream =
      stream === undefined
        ? undefined
        : {
            graceMs: GRACE_MS,
            drive: (signal) => this.#drive(stream, signal),
            hasCaughtUp: async () => (await this.#behind()).length === 0,
          };
    this.target = {
      access: broker.access,
      prefix: '',
      onOpen: (proxy) => {
        this.#proxies.push(proxy);
        this.#begin();
      },
      onDeath: async (ids) => {
        await hands.evict('');
        await hands.fence(ids);
        this.#begin();
      },
    };
  }

  /** What a stream must read is what stands there before its first start. */
  async ready(): Promise<void> {
    this.#places = await this.#ends('all');
  }

  async onHit(): Promise<void> {
    const now = performance.now();
    this.#longestMs = Math.max(this.#longestMs ?? 0, now - (this.#hitMs ?? this.#startedMs));
    this.#hitMs = now;
    await Promise.resolve();
  }

  async topics(isMeant: (name: string) => boolean): Promise<readonly TopicContent[]> {
    // What a program that has ended left open is neither there nor not there.
    await this.#hands.fence(this.#proxies.flatMap((proxy) => [...proxy.transactionalIds()]));
    const all = await this.#hands.topics();
    const contents: TopicContent[] = [];
    for (const [name, partitions] of all)
      contents.push({ name, records: isMeant(name) ? await this.#hands.read(name, partitions) : [] });
    return contents;
  }

  async records(name: string): Promise<readonly KafkaRecord[]> {
    return (await this.topics((one) => one === name)).flatMap(({ records }) => [...records]);
  }

  stalled(): Finding | undefined {
    return this.#stalled;
  }

  async torn(): Promise<string | undefined> {
    const torn = await tornTransaction(
      this.#hands,
      this.#proxies.flatMap((proxy) => [...proxy.transactions()]),
    );
    return torn === undefined ? undefined : tornWords(torn, '');
  }

  async close(): Promise<void> {
    await this.#hands.close();
    await this.#broker.close();
  }

  #begin(): void {
    this.#startedMs = performance.now();
    this.#hitMs = undefined;
  }

  async #drive(stream: CaughtUp, signal: AbortSignal): Promise<void> {
    const wait = { deadlineMs: FOR_EVER_MS, everyMs: 50, mostMs: 200, signal };
    await until('a stream that has caught up', () => this.#isOver(stream), wait);
  }

  async #isOver(stream: CaughtUp): Promise<boolean> {
    const proxy = this.#proxies.at(-1);
    if (proxy === undefined || proxy.inFlight() !== 0) return false;
    const quietMs = this.#quietMs(proxy);
    if (quietMs <= 0) return false;
    const behind = await this.#behind();
    const places = this.#places.map(nameOf);
    const known = { places, behind: behind.map(nameOf), quietMs, longestMs: this.#longestMs };
    const state = stream.judge(known);
    if (state === undefined || (state === 'done' && !(await this.#isStable()))) return false;
    if (state === 'done') stream.note(known);
    else this.#stalled = stalledFinding(behind, stream.idleMs);
    return true;
  }

  /** For how long the present start has done nothing that changes anything. */
  #quietMs(proxy: KafkaProxy): number {
    const now = performance.now();
    const since = Math.max(this.#hitMs ?? 0, proxy.idleSince() ?? 0);
    return since === 0 ? now - this.#startedMs - LOADING_MS : now - Math.max(since, this.#startedMs);
  }

  async #behind(): Promise<Place[]> {
    const groups = await this.#hands.groups();
    const left = new Map(this.#places.map((place) => [nameOf(place), place]));
    for (const topic of new Set(this.#places.map((place) => place.topic))) {
      const mine = this.#places.filter((place) => place.topic === topic);
      const count = Math.max(...mine.map(({ partition }) => partition)) + 1;
      for (const group of groups) {
        const committed = await this.#hands.committed(group, topic, count);
        for (const place of mine) if ((committed[place.partition] ?? 0) >= place.end) left.delete(nameOf(place));
      }
    }
    return [...left.values()];
  }

  /** No transaction is open. */
  async #isStable(): Promise<boolean> {
    const [all, committed] = [await this.#ends('all'), await this.#ends('committed')];
    return JSON.stringify(all) === JSON.stringify(committed);
  }

  async #ends(which: 'all' | 'committed'): Promise<Place[]> {
    const places: Place[] = [];
    for (const [topic, partitions] of await this.#hands.topics()) {
      const ends = await this.#hands.ends(topic, partitions, which);
      places.push(...ends.flatMap((end, partition) => (end > 0 ? [{ topic, partition, end }] : [])));
    }
    return places;
  }
}

function nameOf({ topic, partition }: Place): string {
  return `${topic}-${partition}`;
}

function stalledFinding(behind: readonly Place[], idleMs: number): Finding {
  return finding({
    anomaly: 'did-not-finish',
    expected: ATTACK.caughtUp,
    found: ATTACK.standsStill(Math.round(idleMs / 1000)),
    count: behind.length,
    witnesses: behind.map((place) => `${nameOf(place)}, which ends at ${place.end}`),
  });
}
