import type { KafkaAccess } from '#src/engines/kafka-access.ts';
import { openKafkaHands, type KafkaHands, type KafkaRecord, type Written } from '#src/faults/kafka-hands.ts';

/** Hands in a Kafka whose brokers may be killed and come back: what a crash breaks off is asked again afterwards. */
export interface LastingHands extends KafkaHands {
  /** Nothing is asked while this is done to the brokers; what was being written is written first. */
  during(harm: () => Promise<void>): Promise<void>;
}

export async function openLastingHands(access: KafkaAccess): Promise<LastingHands> {
  return new Lasting(access, await openKafkaHands(access));
}

class Lasting implements LastingHands {
  readonly #access: KafkaAccess;
  #hands: KafkaHands;
  #back: Promise<void> = Promise.resolve();
  #writing: Promise<unknown> = Promise.resolve();
  #crashes = 0;

  constructor(access: KafkaAccess, hands: KafkaHands) {
    this.#access = access;
    this.#hands = hands;
  }

  createTopics(...topics: Parameters<KafkaHands['createTopics']>): Promise<ReadonlyMap<string, string>> {
    return this.#hands.createTopics(...topics);
  }

  topics(): Promise<ReadonlyMap<string, number>> {
    return this.#ask((hands) => hands.topics());
  }

  groups(): Promise<readonly string[]> {
    return this.#ask((hands) => hands.groups());
  }

  /** Written twice, every offset after it would be another; so a crash waits for it, and it waits for a crash. */
  write(records: readonly Omit<KafkaRecord, 'offset'>[]): Promise<readonly Written[]> {
    const written = this.#back.then(() => this.#hands.write(records));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  committed(group: string, topic: string, partitions: number): Promise<number[]> {
    return this.#ask((hands) => hands.committed(group, topic, partitions));
  }

  ends(topic: string, partitions: number, which: 'all' | 'committed'): Promise<number[]> {
    return this.#ask((hands) => hands.ends(topic, partitions, which));
  }

  starts(topic: string, partitions: number): Promise<number[]> {
    return this.#ask((hands) => hands.starts(topic, partitions));
  }

  keepsAll(topic: string): Promise<boolean> {
    return this.#ask((hands) => hands.keepsAll(topic));
  }

  read(topic: string, partitions: number): Promise<KafkaRecord[]> {
    return this.#ask((hands) => hands.read(topic, partitions));
  }

  evict(...which: Parameters<KafkaHands['evict']>): Promise<void> {
    return this.#ask((hands) => hands.evict(...which));
  }

  fence(ids: readonly string[]): Promise<void> {
    return this.#ask((hands) => hands.fence(ids));
  }

  async during(harm: () => Promise<void>): Promise<void> {
    const before = this.#back;
    const done = (async () => {
      await before;
      await this.#writing;
      this.#crashes++;
      await harm();
      await this.#hands.close();
      this.#hands = await openKafkaHands(this.#access);
    })();
    this.#back = done.catch(() => undefined);
    await done;
  }

  close(): Promise<void> {
    return this.#hands.close();
  }

  async #ask<T>(question: (hands: KafkaHands) => Promise<T>): Promise<T> {
    for (;;) {
      await this.#back;
      const crashes = this.#crashes;
      try {
        return await question(this.#hands);
      } catch (error) {
        if (crashes === this.#crashes) throw error;
      }
    }
  }
}
