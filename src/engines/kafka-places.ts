import { randomBytes } from 'node:crypto';

import type { Admin } from '@platformatic/kafka';

import type { StartContext } from '#src/engines/engine.ts';
import type { KafkaAccess } from '#src/engines/kafka-access.ts';
import { openAdmin, removeWhere } from '#src/engines/kafka-admin.ts';
import { Made } from '#src/engines/made.ts';

/** The names of a block's topics and groups begin so; other clients of the same Kafka are not touched. */
export interface KafkaPlace {
  readonly prefix: string;
  /** Removes what the block made. */
  close(): Promise<void>;
}

/** Whose the whole of it is: one block's, all blocks', or the learner's. */
export type KafkaOwner = 'block' | 'all' | 'learner';

/** Hands out prefixes of one Kafka and clears up behind those who had them. */
export class KafkaPlaces {
  readonly #access: KafkaAccess;
  readonly #log: (line: string) => void;
  /** The whole Kafka is ours, so that names without a prefix can only be a block's mistake. */
  readonly #isOurs: boolean;
  /** Where it is not. */
  readonly #made: Made | undefined;
  readonly #leftGone: Promise<void> | undefined;
  readonly #open = new Set<string>();
  #admin: Promise<Admin> | undefined;
  #cleaning: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(access: KafkaAccess, { owner, context }: { owner: KafkaOwner; context: StartContext }) {
    this.#access = access;
    this.#isOurs = owner === 'all';
    this.#log = (line) => context.log.write(line);
    const where = { kind: 'kafka', where: access.bootstrap };
    this.#made = owner === 'learner' ? new Made(context, where, (name) => this.#clean(`${name}-`)) : undefined;
    this.#leftGone = this.#made?.removeLeft();
  }

  async take(): Promise<KafkaPlace> {
    // What was left is looked up before anything new is written down beside it.
    await this.#leftGone;
    const name = `block-${randomBytes(4).toString('hex')}`;
    await this.#made?.note(name);
    const prefix = `${name}-`;
    this.#open.add(prefix);
    return { prefix, close: () => this.#giveBack(prefix) };
  }

  /** Nothing is cleared up any more: the whole Kafka is thrown away. */
  forget(): void {
    this.#isOver = true;
    void this.#close();
  }

  /** Resolves when all that was given back is cleared up. */
  async finish(): Promise<void> {
    await this.#cleaning;
    await this.#close();
  }

  async #close(): Promise<void> {
    const admin = await this.#admin?.catch(() => undefined);
    await admin?.close().catch(() => undefined);
  }

  #giveBack(prefix: string): Promise<void> {
    this.#open.delete(prefix);
    if (this.#isOver) return Promise.resolve();
    this.#cleaning = this.#cleaning
      .then(() => (this.#made === undefined ? this.#clean(prefix) : this.#made.remove(prefix.slice(0, -1))))
      .catch((error: unknown) => {
        this.#admin = undefined;
        this.#log(`clearing up ${prefix}: ${String(error)}`);
      });
    return this.#cleaning;
  }

  async #clean(prefix: string): Promise<void> {
    this.#admin ??= openAdmin(this.#access);
    const isUnclaimed = (name: string): boolean =>
      this.#isOurs && this.#open.size === 0 && !name.startsWith('__') && name !== '';
    await removeWhere(await this.#admin, (name) => name.startsWith(prefix) || isUnclaimed(name));
  }
}
