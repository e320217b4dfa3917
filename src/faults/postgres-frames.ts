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
  #rest: Buffer = Buffer.alloc(0);
  #untyped: boolean;

  constructor(side: 'client' | 'server') {
    this.#untyped = side === 'client';
  }

  /** The messages that these bytes complete. */
  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    const head = this.#untyped ? 0 : 1;
    if (this.#rest.length < head + 4) return undefined;
    const length = head + this.#rest.readInt32BE(head);
    if (this.#rest.length < length) return undefined;
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    if (!this.#untyped) return { type: String.fromCharCode(bytes[0] ?? 0), bytes };
    const code = length >= 8 ? bytes.readInt32BE(4) : 0;
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
