/** One message of PostgreSQL's wire protocol (version 3): a type, and the bytes as they came, length included. */
export interface Frame {
  /** One letter; the untyped first messages are called `startup`, `ssl` and `cancel`. */
  readonly type: string;
  readonly bytes: Buffer;
}

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

/** Cuts a stream of bytes into messages. A client's first messages have no type. */
export class FrameSplitter {
  #pieces: Buffer[] = [];
  #size = 0;
  /** Bytes without which no further message is complete; pieces are joined only then, or a large message costs its square. */
  #needed = 0;
  #untyped: boolean;

  constructor(side: 'client' | 'server') {
    this.#untyped = side === 'client';
  }

  /** The messages that these bytes complete. */
  push(chunk: Buffer): Frame[] {
    this.#pieces.push(chunk);
    this.#size += chunk.length;
    const frames: Frame[] = [];
    if (this.#size < this.#needed) return frames;
    let rest = this.#pieces.length === 1 ? chunk : Buffer.concat(this.#pieces);
    for (;;) {
      const length = this.#lengthOf(rest);
      if (rest.length < length) {
        this.#needed = length;
        this.#pieces = [rest];
        this.#size = rest.length;
        return frames;
      }
      frames.push(this.#frame(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
  }

  /** Of the message that begins here, or of its head while that is not whole. */
  #lengthOf(bytes: Buffer): number {
    const head = this.#untyped ? 0 : 1;
    if (bytes.length < head + 4) return head + 4;
    // A length below its own four bytes is no message; the server refuses it too.
    return head + Math.max(4, bytes.readInt32BE(head));
  }

  #frame(bytes: Buffer): Frame {
    if (!this.#untyped) return { type: String.fromCharCode(bytes[0] ?? 0), bytes };
    const code = bytes.length >= 8 ? bytes.readInt32BE(4) : 0;
    if (code === SSL_REQUEST || code === GSS_REQUEST) return { type: 'ssl', bytes };
    this.#untyped = false;
    return { type: code === CANCEL_REQUEST ? 'cancel' : 'startup', bytes };
  }
}

/** The text that ends with a zero byte at this place, and where the next one begins. */
export function textAt(bytes: Buffer, at: number): { text: string; next: number } {
  const found = bytes.indexOf(0, at);
  const end = found === -1 ? bytes.length : found;
  return { text: bytes.toString('utf8', at, end), next: end + 1 };
}
