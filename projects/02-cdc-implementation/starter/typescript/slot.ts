/** Reads a replication slot over a connection of its own. Plumbing; what it is used for, and when, is decided elsewhere. */
import pg from 'pg';

import { Decoder, type Event } from './pgoutput.ts';

export const NAME = 'pipeline';
export const PUBLICATION = 'pipeline';
/** PostgreSQL counts from the year 2000. */
const EPOCH_MS = 946_684_800_000;

/** All of the log before `end` has been looked at; what of it was for us has come. */
export interface Keepalive {
  readonly kind: 'keepalive';
  readonly end: bigint;
}

/** What is used here of the connection below a client. */
interface Wire {
  query(sql: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
}

export class Slot {
  readonly #client: pg.Client;
  #wire: Wire | undefined;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async connect(url: string): Promise<Slot> {
    const settings = { connectionString: url, replication: 'database' };
    const client = new pg.Client(settings);
    client.on('error', () => undefined);
    await client.connect();
    return new Slot(client);
  }

  async exists(): Promise<boolean> {
    return (await this.#client.query(`SELECT 1 FROM pg_replication_slots WHERE slot_name = '${NAME}'`)).rows.length > 0;
  }

  async drop(): Promise<void> {
    await this.#client.query(`DROP_REPLICATION_SLOT ${NAME} WAIT`);
  }

  /**
   * Makes the slot. Gives the name of a snapshot that shows the tables as they are just where the slot begins (it can be
   * used until the next call), and that position.
   */
  async create(): Promise<{ snapshot: string; begin: bigint }> {
    const made = await this.#client.query<{ consistent_point: string; snapshot_name: string }>(
      `CREATE_REPLICATION_SLOT ${NAME} LOGICAL pgoutput (SNAPSHOT 'export')`,
    );
    const [row] = made.rows;
    if (row === undefined) throw new Error('no slot was made');
    return { snapshot: row.snapshot_name, begin: lsnOf(row.consistent_point) };
  }

  /** Begins where the slot was confirmed last, and never ends. Each event is dealt with before the next is asked for. */
  async *events(): AsyncGenerator<Event | Keepalive> {
    const waiting: Buffer[] = [];
    let failed: Error | undefined;
    let wake: (() => void) | undefined;
    const begin = (wire: Wire): void => {
      this.#wire = wire;
      const options = `proto_version '1', publication_names '${PUBLICATION}'`;
      wire.query(`START_REPLICATION SLOT ${NAME} LOGICAL 0/0 (${options})`);
    };
    const fail = (error: Error): void => {
      failed = error;
      wake?.();
    };
    const reading = {
      submit: (connection: unknown) => begin(connection as Wire),
      handleCopyData: ({ chunk }: { chunk: Buffer }) => {
        waiting.push(chunk);
        wake?.();
      },
      handleError: fail,
      handleCommandComplete: () => fail(new Error('the server ended the stream')),
      handleReadyForQuery: () => undefined,
    };
    this.#client.once('end', () => fail(new Error('the connection has ended')));
    this.#client.query(reading);
    const decoder = new Decoder();
    for (;;) {
      const chunk = waiting.shift();
      if (chunk === undefined) {
        if (failed !== undefined) throw failed;
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      if (chunk[0] === 0x6b) yield { kind: 'keepalive', end: chunk.readBigUInt64BE(1) };
      const event = chunk[0] === 0x77 ? decoder.event(chunk.subarray(25)) : undefined;
      if (event !== undefined) yield event;
    }
  }

  /** Tells the server that all before this position is safe: it is never sent again. */
  confirm(position: bigint): void {
    const message = Buffer.alloc(34);
    message.write('r');
    for (const at of [1, 9, 17]) message.writeBigUInt64BE(position, at);
    message.writeBigInt64BE(BigInt(Date.now() - EPOCH_MS) * 1000n, 25);
    this.#wire?.sendCopyFromChunk(message);
  }
}

/** A position as PostgreSQL writes it, as a number. */
export function lsnOf(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

export function lsnText(position: bigint): string {
  return `${(position >> 32n).toString(16)}/${(position & 0xffffffffn).toString(16)}`;
}
