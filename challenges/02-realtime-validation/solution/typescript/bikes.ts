import { randomUUID } from 'node:crypto';

import { Consumer, type MessagesStream } from '@platformatic/kafka';

import { env } from './env.ts';

/** The bikes that are registered, as far as topic bikes has been read. */
export class Bikes {
  readonly #known = new Set<string>();
  #read = 0;
  #wake: () => void = () => undefined;

  constructor() {
    void this.#follow();
  }

  /** Whether a bike is known, once at least `count` records of the topic have been read. */
  async has(bike: string, count: number): Promise<boolean> {
    while (this.#read < count) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#known.has(bike);
  }

  async #follow(): Promise<void> {
    const base = { clientId: 'bikes', bootstrapBrokers: [env('KAFKA_BOOTSTRAP')], retryDelay: 50 };
    // Each start reads all of it by itself, from the beginning, and shares it with nobody.
    const consumer = new Consumer({ ...base, groupId: `${env('GROUP_ID')}-${randomUUID()}` });
    const topic = env('TOPIC_BIKES');
    const offsets = [{ topic, partition: 0, offset: 0n }];
    const stream: MessagesStream<Buffer, Buffer, Buffer, Buffer> = await consumer.consume({
      topics: [topic],
      autocommit: false,
      mode: 'manual',
      offsets,
      maxWaitTime: 200,
    });
    for await (const { key, offset } of stream) {
      this.#known.add(key.toString());
      this.#read = Number(offset) + 1;
      this.#wake();
    }
  }
}
