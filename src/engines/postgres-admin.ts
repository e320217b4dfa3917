import type { Client } from 'pg';

import { until } from '#src/deadline.ts';
import { connectAs, type ServerAddress } from '#src/engines/postgres-server.ts';
import { WorldError } from '#src/error.ts';

interface Task {
  readonly statements: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A connection of the administrator's, on which one thing is done at a time. When one of the server's processes is killed
 * the server ends all connections and recovers; then it connects anew.
 */
export class Admin {
  readonly #address: ServerAddress;
  readonly #waiting: Task[] = [];
  #client: Client | undefined;
  #isWorking = false;
  #isClosed = false;

  constructor(address: ServerAddress) {
    this.#address = address;
  }

  /** Resolves when all were done, after what was asked for before. */
  execute(statements: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(stopping());
      this.#waiting.push({ statements, resolve, reject });
      if (!this.#isWorking) void this.#work();
    });
  }

  /** What waits is given up. */
  close(): void {
    this.#isClosed = true;
    for (const task of this.#waiting.splice(0)) task.reject(stopping());
    this.#client?.connection.stream.destroy();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let task = this.#waiting.shift(); task !== undefined; task = this.#waiting.shift()) {
      try {
        for (const statement of task.statements) await this.#query(statement);
        task.resolve();
      } catch (error) {
        task.reject(this.#isClosed ? stopping() : error);
      }
    }
    this.#isWorking = false;
  }

  async #query(statement: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const client = this.#client ?? (await this.#reconnect());
      try {
        await client.query(statement);
        return;
      } catch (error) {
        // It may also have been done and its answer lost, which is an error at the next attempt; whoever asked takes
        // another name.
        if (!isBroken(error) || attempt === MAX_ATTEMPTS || this.#isClosed) throw error;
        // The client refuses queries a moment before it says that its connection has ended.
        if (this.#client === client) this.#client = undefined;
      }
    }
  }

  async #reconnect(): Promise<Client> {
    const connect = async (): Promise<Client | undefined> => {
      if (this.#isClosed) throw stopping();
      return connectAs(this.#address).catch(() => undefined);
    };
    return this.#adopt(await until('PostgreSQL answering again', connect, { deadlineMs: 20_000 }));
  }

  #adopt(client: Client): Client {
    this.#client = client;
    client.once('end', () => {
      if (this.#client === client) this.#client = undefined;
    });
    return client;
  }
}

/** A server that ends its connections may still take a new one, and end that too, before it recovers. */
const MAX_ATTEMPTS = 5;

/** The connection failed and not the statement: no answer of the server, or its word that it ends or recovers. */
function isBroken(error: unknown): boolean {
  return (
    !(error instanceof Error && 'severity' in error) || /^57P0[123]$/.test((error as { code?: string }).code ?? '')
  );
}

function stopping(): WorldError {
  return new WorldError('PostgreSQL is stopping', { remedy: 'Run the block again.' });
}
