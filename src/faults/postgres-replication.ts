import type { Frame } from '#src/faults/postgres-frames.ts';

/** A client's word that all before this log position is safe with it. */
export interface Confirmation {
  readonly flush: bigint;
  /** `t3` where it is the first to cover the third transaction that was sent; `idle` where it covers no further one. */
  readonly role: string;
}

const MESSAGE = 5;
/** Kind, start, end and time of a piece of the log come before the piece itself. */
const PAYLOAD = MESSAGE + 25;

/**
 * Follows one connection in which a slot is read (CopyBoth). The positions of the commits that were sent tell which
 * transaction a confirmation is the first to cover: a name that is the same in each run, as positions are not.
 * https://www.postgresql.org/docs/18/protocol-replication.html, …/protocol-logicalrep-message-formats.html
 */
export class ReplicationFollower {
  readonly slot: string;
  readonly #commits: bigint[] = [];
  #covered = 0;
  #flush: bigint | undefined;

  constructor(slot: string) {
    this.slot = slot;
  }

  /** Where the slot stands, once that is known; nothing up to there is news. */
  begin(flush: bigint): void {
    this.#flush = flush;
  }

  get hasBegun(): boolean {
    return this.#flush !== undefined;
  }

  /** A message of the server. */
  sent({ type, bytes }: Frame): void {
    if (type !== 'd' || bytes.length < PAYLOAD + 18 || bytes[MESSAGE] !== 0x77 || bytes[PAYLOAD] !== 0x43) return;
    this.#commits.push(bytes.readBigUInt64BE(PAYLOAD + 2));
  }

  /** The confirmation in a message of the client, where it is one and goes further than all before it. */
  confirmed(frame: Frame): Confirmation | undefined {
    const flush = flushOf(frame);
    if (flush === undefined || flush <= (this.#flush ?? 0n)) return undefined;
    this.#flush = flush;
    // The server sends again what committed at this position or later.
    const covered = this.#commits.filter((commit) => commit < flush).length;
    const role = covered > this.#covered ? `t${covered}` : 'idle';
    this.#covered = Math.max(covered, this.#covered);
    return { flush, role };
  }
}

/** The position of a standby status update up to which all is durable. */
export function flushOf({ type, bytes }: Frame): bigint | undefined {
  if (type !== 'd' || bytes.length < MESSAGE + 34 || bytes[MESSAGE] !== 0x72) return undefined;
  return bytes.readBigUInt64BE(MESSAGE + 9);
}

/** The slot that this command begins to read. */
export function slotRead(sql: string): string | undefined {
  return /^\s*START_REPLICATION\s+SLOT\s+"?([a-z0-9_]+)"?\s+LOGICAL\b/i.exec(sql)?.[1];
}

/** Whether the statement makes a slot that stays. */
export function makesSlot(sql: string): boolean {
  if (/^\s*CREATE_REPLICATION_SLOT\b/i.test(sql)) return !/\bTEMPORARY\b/i.test(sql);
  return /\bpg_create_logical_replication_slot\s*\(/i.test(sql);
}

/** As PostgreSQL writes it. */
export function lsnText(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`;
}
