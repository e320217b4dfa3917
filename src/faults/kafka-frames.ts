/** Cuts a stream of Kafka's protocol into its messages: four bytes of length, then the message. */
export class KafkaSplitter {
  #pieces: Buffer[] = [];
  #size = 0;
  /** Bytes without which no further message is complete; pieces are joined only then. */
  #needed = 4;

  /** The messages that these bytes complete, each with its length in front. */
  push(chunk: Buffer): Buffer[] {
    this.#pieces.push(chunk);
    this.#size += chunk.length;
    const frames: Buffer[] = [];
    if (this.#size < this.#needed) return frames;
    let rest = this.#pieces.length === 1 ? chunk : Buffer.concat(this.#pieces);
    for (;;) {
      // A negative length is no message; the broker hangs up on it too.
      this.#needed = rest.length < 4 ? 4 : 4 + Math.max(0, rest.readInt32BE(0));
      if (rest.length < this.#needed) break;
      frames.push(rest.subarray(0, this.#needed));
      rest = rest.subarray(this.#needed);
    }
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return frames;
  }
}

/** Numbers of the requests that matter here, as the protocol has them. */
export const API = {
  produce: 0,
  fetch: 1,
  metadata: 3,
  offsetCommit: 8,
  findCoordinator: 10,
  joinGroup: 11,
  syncGroup: 14,
  saslHandshake: 17,
  apiVersions: 18,
  deleteTopics: 20,
  deleteRecords: 21,
  initProducerId: 22,
  addPartitionsToTxn: 24,
  addOffsetsToTxn: 25,
  endTxn: 26,
  txnOffsetCommit: 28,
  saslAuthenticate: 36,
  describeCluster: 60,
  shareFetch: 78,
  shareAcknowledge: 79,
} as const;

/** From this version on, arrays and texts are written compactly and each structure may end with tagged fields. */
export const FLEXIBLE_FROM: Readonly<Record<number, number>> = {
  ...{ 0: 9, 1: 12, 3: 9, 8: 8, 10: 3, 14: 4, 18: 3, 22: 2, 24: 3, 25: 3, 26: 3, 28: 3, 36: 2, 60: 0, 78: 0, 79: 0 },
};

/** The newest version of each of these that is read here, as in Kafka 4.3.1. Later ones may say things elsewhere. */
export const LAST_READ: Readonly<Record<number, number>> = {
  ...{ 0: 13, 1: 18, 3: 13, 8: 10, 10: 6, 14: 5, 22: 6, 24: 5, 25: 4, 26: 5, 28: 5, 60: 2, 78: 2, 79: 2 },
};

/** Bytes of a message, from `at` until before `end`. */
export interface Span {
  readonly at: number;
  readonly end: number;
}

/** Reads one message field by field, in the older or the flexible encoding. */
export class KafkaReader {
  readonly #bytes: Buffer;
  readonly #isFlexible: boolean;
  #at: number;

  constructor(bytes: Buffer, at: number, isFlexible: boolean) {
    this.#bytes = bytes;
    this.#at = at;
    this.#isFlexible = isFlexible;
  }

  /** Where the next field begins. */
  get at(): number {
    return this.#at;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#move(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#move(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#move(4));
  }

  int64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#move(8)));
  }

  /** Sixteen bytes that name a topic, as hex. */
  uuid(): string {
    const at = this.#move(16);
    return this.#bytes.toString('hex', at, at + 16);
  }

  /** Undefined where there is none. */
  text(): string | undefined {
    const length = this.#isFlexible ? this.#varint() - 1 : this.int16();
    if (length < 0) return undefined;
    const at = this.#move(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  blob(): Buffer {
    const length = Math.max(0, this.#isFlexible ? this.#varint() - 1 : this.int32());
    const at = this.#move(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** What `read` gives for each element. */
  list<T>(read: () => T): T[] {
    const length = this.#isFlexible ? this.#varint() - 1 : this.int32();
    const all: T[] = [];
    for (let i = 0; i < length; i++) all.push(read());
    return all;
  }

  /** Skips what a structure of the flexible encoding may end with; `read` may look at a field before. */
  tags(read?: (tag: number, size: Span & { readonly value: number }) => void): void {
    if (!this.#isFlexible) return;
    for (let left = this.#varint(); left > 0; left--) {
      const tag = this.#varint();
      const at = this.#at;
      const value = this.#varint();
      const end = this.#at;
      read?.(tag, { at, end, value });
      this.#at = end + value;
    }
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#move(1));
      value |= (byte & 127) << shift;
      if ((byte & 128) === 0) return value;
    }
  }

  #move(length: number): number {
    const at = this.#at;
    this.#at += length;
    return at;
  }
}

const COUNT_AT = 57;
const LENGTH_AT = 8;
const OVERHEAD = 12;

/** How many records a set of batches holds; each batch says so in its head, also where it is compressed. */
export function recordsIn(set: Buffer): number {
  let count = 0;
  for (let at = 0; at + COUNT_AT + 4 <= set.length;) {
    count += set.readInt32BE(at + COUNT_AT);
    at += OVERHEAD + set.readInt32BE(at + LENGTH_AT);
  }
  return count;
}
