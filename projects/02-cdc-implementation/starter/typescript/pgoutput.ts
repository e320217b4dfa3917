/**
 * Reads what a slot sends: one message of pgoutput is one event. Plumbing; there is nothing to decide here.
 * https://www.postgresql.org/docs/18/protocol-logicalrep-message-formats.html
 */

/** Stands where a large value did not change, and is therefore not sent. */
export const UNCHANGED = Symbol('unchanged');
export type Value = string | null | typeof UNCHANGED;
export type Row = Record<string, Value>;

export interface Relation {
  readonly kind: 'relation';
  readonly table: string;
  readonly columns: readonly { readonly name: string; readonly oid: number; readonly modifier: number }[];
  /** Names of the columns that identify a row. */
  readonly key: readonly string[];
}

export type Change =
  | { readonly kind: 'insert'; readonly relation: Relation; readonly row: Row }
  /** `old` is the former key, only where it changed. */
  | { readonly kind: 'update'; readonly relation: Relation; readonly old: Row | undefined; readonly row: Row }
  | { readonly kind: 'delete'; readonly relation: Relation; readonly old: Row };

export type Event =
  | Relation
  | Change
  /** Where the transaction commits. */
  | { readonly kind: 'begin'; readonly lsn: bigint }
  /** Behind the commit: all before it may be confirmed. */
  | { readonly kind: 'commit'; readonly end: bigint };

export class Decoder {
  readonly #relations = new Map<number, Relation>();

  /** The event in a message; undefined where it is of no interest here. */
  event(message: Buffer): Event | undefined {
    const reader = new Reader(message);
    const kind = reader.byte();
    switch (kind) {
      case 'B':
        return { kind: 'begin', lsn: reader.long() };
      case 'C':
        reader.byte();
        reader.long();
        return { kind: 'commit', end: reader.long() };
      case 'R':
        return this.#relation(reader);
      case 'I':
      case 'U':
      case 'D':
        return this.#change(kind, reader);
      default:
        return undefined;
    }
  }

  #relation(reader: Reader): Relation {
    const number = reader.int();
    reader.text();
    const table = reader.text();
    reader.byte();
    const key: string[] = [];
    const columns = Array.from({ length: reader.short() }, () => {
      const isKey = reader.byte() === '\u0001';
      const name = reader.text();
      if (isKey) key.push(name);
      return { name, oid: reader.int(), modifier: reader.int() };
    });
    const relation: Relation = { kind: 'relation', table, columns, key };
    this.#relations.set(number, relation);
    return relation;
  }

  #change(kind: 'I' | 'U' | 'D', reader: Reader): Change {
    const relation = this.#relations.get(reader.int());
    if (relation === undefined) throw new Error('a change of a table that was never described');
    let old: Row | undefined;
    const which = reader.byte();
    if (which === 'K' || which === 'O') {
      const row = reader.row(relation);
      old = Object.fromEntries(relation.key.map((name) => [name, row[name] ?? null]));
      if (kind === 'D') return { kind: 'delete', relation, old };
      reader.byte();
    }
    const row = reader.row(relation);
    return kind === 'I' ? { kind: 'insert', relation, row } : { kind: 'update', relation, old, row };
  }
}

class Reader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  byte(): string {
    return String.fromCharCode(this.#data[this.#at++] ?? 0);
  }

  short(): number {
    this.#at += 2;
    return this.#data.readInt16BE(this.#at - 2);
  }

  int(): number {
    this.#at += 4;
    return this.#data.readInt32BE(this.#at - 4);
  }

  long(): bigint {
    this.#at += 8;
    return this.#data.readBigUInt64BE(this.#at - 8);
  }

  text(): string {
    const end = this.#data.indexOf(0, this.#at);
    const value = this.#data.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return value;
  }

  row({ columns }: Relation): Row {
    const row: Row = {};
    const count = this.short();
    for (const { name } of columns.slice(0, count)) {
      const kind = this.byte();
      if (kind !== 't') {
        row[name] = kind === 'u' ? UNCHANGED : null;
        continue;
      }
      const size = this.int();
      row[name] = this.#data.toString('utf8', this.#at, this.#at + size);
      this.#at += size;
    }
    return row;
  }
}
