import { until } from '#src/deadline.ts';
import { environmentOf } from '#src/engines/environment.ts';
import type { Lease, Supervisor } from '#src/engines/supervisor.ts';
import { Bug, WorldError } from '#src/error.ts';
import { accessFrom, type KafkaAccess } from '#src/engines/kafka-access.ts';
import { openAdmin, removeWhere } from '#src/engines/kafka-admin.ts';

/** A broker on which nothing stands, for one run alone. */
export interface WholeBroker {
  readonly access: KafkaAccess;
  /** How a program is told of it. */
  readonly env: Readonly<Record<string, string>>;
  /** All that stands on it is removed, and another run may have it. */
  close(): Promise<void>;
}

/**
 * Brokers of our own, on which a program may use the names that it has: one for each run that goes on at the same time.
 * To empty one takes a moment where to start one takes seconds.
 */
export class KafkaPool {
  readonly #supervisor: Pick<Supervisor, 'lease'>;
  readonly #free: Lease[] = [];
  readonly #all = new Set<Lease>();

  constructor(supervisor: Pick<Supervisor, 'lease'>) {
    this.#supervisor = supervisor;
  }

  async take(signal: AbortSignal | undefined): Promise<WholeBroker> {
    const lease = this.#free.pop() ?? (await this.#start(signal));
    const { address } = lease;
    const { TOPIC_PREFIX: _prefix, ...env } = environmentOf(address);
    const access = accessFrom(env);
    if (access === undefined) throw new Bug('a lease of Kafka without an address');
    return { access, env, close: () => this.#giveBack(lease, access) };
  }

  async close(): Promise<void> {
    this.#free.length = 0;
    await Promise.allSettled([...this.#all].map((lease) => lease[Symbol.asyncDispose]()));
    this.#all.clear();
  }

  async #start(signal: AbortSignal | undefined): Promise<Lease> {
    const lease = await this.#supervisor.lease('kafka', { data: undefined, own: true }, { signal });
    this.#all.add(lease);
    return lease;
  }

  async #giveBack(lease: Lease, access: KafkaAccess): Promise<void> {
    try {
      await emptied(access);
      this.#free.push(lease);
    } catch {
      // One on which something is left would be taken for what the next run did.
      this.#all.delete(lease);
      await Promise.allSettled([lease[Symbol.asyncDispose]()]);
    }
  }
}

async function emptied(access: KafkaAccess): Promise<void> {
  const admin = await openAdmin(access);
  const isMine = (name: string): boolean => !name.startsWith('__');
  try {
    await until(
      'an empty broker',
      async () => {
        await removeWhere(admin, isMine).catch(() => undefined);
        const [topics, groups] = await Promise.all([admin.listTopics(), admin.listGroups()]);
        return !topics.some(isMine) && groups.size === 0;
      },
      { deadlineMs: 10_000, everyMs: 20 },
    );
  } catch (error) {
    throw new WorldError('Kafka could not be emptied', { remedy: 'Run it again.', cause: error });
  } finally {
    await admin.close().catch(() => undefined);
  }
}
