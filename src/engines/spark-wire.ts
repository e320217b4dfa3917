/**
 * As much of two formats as SQL over Spark Connect needs. Protocol buffers: fields by number, each a number or bytes.
 * Apache Arrow: a stream of record batches whose columns are all text, because every value is asked for as text.
 */

/** A field that holds bytes, text or a message that was made by `message`. */
export function field(number: number, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

export function message(...fields: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(fields);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** The fields of a message that hold bytes, in their order; numbers are passed over. */
export function fieldsOf(bytes: Uint8Array): { readonly number: number; readonly bytes: Uint8Array }[] {
  const found: { number: number; bytes: Uint8Array }[] = [];
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = next();
    const kind = tag & 7;
    if (kind === 0) next();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else {
      const length = next();
      found.push({ number: tag >>> 3, bytes: bytes.subarray(at, at + length) });
      at += length;
    }
  }
  return found;
}

/** The first field of this number, or undefined. */
export function fieldOf(bytes: Uint8Array, number: number): Uint8Array | undefined {
  return fieldsOf(bytes).find((one) => one.number === number)?.bytes;
}

export function textOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}

const CONTINUES = 0xffffffff;
/** Of the kinds of messages in an Arrow stream the one with rows. */
const RECORD_BATCH = 3;

/** The rows of an Arrow stream whose columns are all text (format: "Arrow Columnar Format", IPC stream). */
export function rowsOf(stream: Uint8Array, columns: number): (string | null)[][] {
  const data = Buffer.from(stream.buffer, stream.byteOffset, stream.length);
  const rows: (string | null)[][] = [];
  let at = 0;
  while (at + 8 <= data.length) {
    const size = data.readUInt32LE(at) === CONTINUES ? data.readInt32LE(at + 4) : 0;
    if (size === 0) break;
    const head = new Table(data.subarray(at + 8, at + 8 + size));
    const body = at + 8 + size;
    const header = head.table(2);
    if (head.byte(1) === RECORD_BATCH && header !== undefined)
      rows.push(...batchRows(header, data.subarray(body), columns));
    at = body + head.long(3);
  }
  return rows;
}

function batchRows(batch: Table, body: Buffer, columns: number): (string | null)[][] {
  const length = batch.long(0);
  const nodes = batch.structs(1, 16);
  const buffers = batch.structs(2, 16);
  const buffer = (i: number): Buffer => {
    const entry = buffers[i];
    const start = Number(entry?.readBigInt64LE(0) ?? 0n);
    return body.subarray(start, start + Number(entry?.readBigInt64LE(8) ?? 0n));
  };
  const rows: (string | null)[][] = Array.from({ length }, () => []);
  for (let column = 0; column < columns; column++) {
    const [valid, offsets, text] = [buffer(column * 3), buffer(column * 3 + 1), buffer(column * 3 + 2)];
    const hasNulls = (nodes[column]?.readBigInt64LE(8) ?? 0n) > 0n;
    for (let row = 0; row < length; row++) {
      const isNull = hasNulls && (((valid[row >> 3] ?? 0) >> (row & 7)) & 1) === 0;
      const value = isNull
        ? null
        : text.toString('utf8', offsets.readInt32LE(row * 4), offsets.readInt32LE(row * 4 + 4));
      rows[row]?.push(value);
    }
  }
  return rows;
}

/** A table of a flat buffer: a list of offsets to its fields. */
class Table {
  readonly #data: Buffer;
  readonly #at: number;

  constructor(data: Buffer, at = data.readUInt32LE(0)) {
    this.#data = data;
    this.#at = at;
  }

  byte(index: number): number {
    const at = this.#field(index);
    return at === undefined ? 0 : this.#data.readUInt8(at);
  }

  long(index: number): number {
    const at = this.#field(index);
    return at === undefined ? 0 : Number(this.#data.readBigInt64LE(at));
  }

  table(index: number): Table | undefined {
    const at = this.#field(index);
    return at === undefined ? undefined : new Table(this.#data, at + this.#data.readUInt32LE(at));
  }

  structs(index: number, size: number): Buffer[] {
    const at = this.#field(index);
    if (at === undefined) return [];
    const start = at + this.#data.readUInt32LE(at);
    const count = this.#data.readUInt32LE(start);
    return Array.from({ length: count }, (_, i) =>
      this.#data.subarray(start + 4 + i * size, start + 4 + (i + 1) * size),
    );
  }

  /** Where a field lies; undefined where it has its default. */
  #field(index: number): number | undefined {
    const offsets = this.#at - this.#data.readInt32LE(this.#at);
    const slot = 4 + index * 2;
    if (slot >= this.#data.readUInt16LE(offsets)) return undefined;
    const offset = this.#data.readUInt16LE(offsets + slot);
    return offset === 0 ? undefined : this.#at + offset;
  }
}
