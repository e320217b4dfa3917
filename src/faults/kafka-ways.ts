import type * as Client from '@platformatic/kafka';

import { connectionOptions, type KafkaAccess } from '#src/engines/kafka-access.ts';
import { WorldError } from '#src/error.ts';

const TIMEOUT_MS = 10_000;
const GROUP = 0;
const TRANSACTION = 1;

/** Connections to the brokers of one Kafka, so that a question goes to the broker whose it is to answer. */
export class KafkaWays {
  readonly #kafka: typeof Client;
  readonly #access: KafkaAccess;
  readonly #open = new Map<string, Promise<Client.Connection>>();
  /** Addresses, by the names of what is led from there; and the ids of topics. */
  readonly #known = new Map<string, string>();

  private constructor(kafka: typeof Client, access: KafkaAccess) {
    this.#kafka = kafka;
    this.#access = access;
  }

  static async open(kafka: typeof Client, access: KafkaAccess): Promise<KafkaWays> {
    const ways = new KafkaWays(kafka, access);
    await ways.any();
    return ways;
  }

  /** The first broker that answers where one is told to begin. */
  async any(): Promise<Client.Connection> {
    let refused: unknown;
    for (const address of this.#access.bootstrap.split(',')) {
      try {
        return await this.#to(address);
      } catch (error) {
        refused = error;
      }
    }
    throw refused;
  }

  /** All brokers that the cluster names. */
  async all(): Promise<Client.Connection[]> {
    const { brokers } = await this.#kafka.metadataV12.api.async(await this.any(), [], false, false);
    return Promise.all(brokers.map(({ host, port }) => this.#to(`${host}:${port}`)));
  }

  async leaderOf(topic: string, partition: number): Promise<Client.Connection> {
    const name = `partition ${topic} ${partition}`;
    if (!this.#known.has(name)) await this.#learn(topic);
    return this.#led(name);
  }

  /** What newer requests name a topic by. */
  async idOf(topic: string): Promise<string> {
    const name = `topic ${topic}`;
    if (!this.#known.has(name)) await this.#learn(topic);
    const id = this.#known.get(name);
    if (id === undefined) throw new NobodyLeads(name);
    return id;
  }

  coordinatorOfGroup(group: string): Promise<Client.Connection> {
    return this.#coordinatorOf(GROUP, group);
  }

  coordinatorOfTransactions(id: string): Promise<Client.Connection> {
    return this.#coordinatorOf(TRANSACTION, id);
  }

  /** Who leads what is asked anew: somebody has said that it is not he. */
  forget(): void {
    this.#known.clear();
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(all.map(async (one) => (await one).close()));
  }

  async #coordinatorOf(kind: number, key: string): Promise<Client.Connection> {
    const name = `coordinator ${kind} ${key}`;
    if (!this.#known.has(name)) {
      const { coordinators } = await this.#kafka.findCoordinatorV6.api.async(await this.any(), kind, [key]);
      for (const { host, port } of coordinators) this.#known.set(name, `${host}:${port}`);
    }
    return this.#led(name);
  }

  /** A new topic may have no leader for a moment. */
  async #learn(topic: string): Promise<void> {
    const found = await this.#kafka.metadataV12.api.async(await this.any(), [topic], false, false);
    const addresses = new Map(found.brokers.map(({ nodeId, host, port }) => [nodeId, `${host}:${port}`]));
    const [its] = found.topics;
    if (its !== undefined) this.#known.set(`topic ${topic}`, its.topicId);
    for (const { partitionIndex, leaderId } of its?.partitions ?? []) {
      const address = addresses.get(leaderId);
      if (address !== undefined) this.#known.set(`partition ${topic} ${partitionIndex}`, address);
    }
  }

  #led(name: string): Promise<Client.Connection> {
    const address = this.#known.get(name);
    if (address === undefined) throw new NobodyLeads(name);
    return this.#to(address);
  }

  async #to(address: string): Promise<Client.Connection> {
    const known = this.#open.get(address);
    const open = await known?.catch(() => undefined);
    if (open?.isConnected() === true) return open;
    // Somebody else who found it closed may have been quicker.
    if (this.#open.get(address) !== known) return this.#to(address);
    const connecting = this.#connect(address);
    this.#open.set(address, connecting);
    return connecting;
  }

  async #connect(address: string): Promise<Client.Connection> {
    const at = address.lastIndexOf(':');
    const times = { connectTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS };
    const way = connectionOptions({ ...this.#access, bootstrap: address });
    const connection = new this.#kafka.Connection('oracle', { ...times, ...way });
    // Whoever asks next is told, and whoever waits for an answer.
    connection.on('error', () => undefined);
    await connection.connect(address.slice(0, at), Number(address.slice(at + 1)));
    return connection;
  }
}

/** Passes as soon as a leader is chosen. */
export class NobodyLeads extends WorldError {
  constructor(what: string) {
    super(`nobody leads ${what}`, { remedy: 'Run it again.' });
  }
}
