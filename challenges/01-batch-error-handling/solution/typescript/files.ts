import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** One record of a file of the delivery. */
export interface Record {
  /** The file's name, like 2026-03-01-branch-1.csv. */
  readonly file: string;
  /** The how-manieth record of the file; the header is 1, a file as a whole is 0. */
  readonly line: number;
  /** As it stands in the file, without the end of the line. */
  readonly raw: string;
  readonly cells: readonly string[];
  /** The cells under the header's names. */
  readonly fields: Readonly<{ [name: string]: string }>;
  /** A reason that reading it showed already. */
  readonly fault?: string;
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

export function* records(folder: string): Generator<Record> {
  for (const file of fileNames(folder)) {
    const data = contentOf(join(folder, file));
    if (data === undefined) yield { file, line: 0, raw: file, cells: [], fields: {}, fault: 'truncated' };
    else yield* recordsOf(file, data);
  }
}

export function fileNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.csv(\.gz)?$/.test(name))
    .sort();
}

/** All of a file, so that one that ends too early is known for it before its first record is loaded. */
function contentOf(path: string): Buffer | undefined {
  let data = readFileSync(path);
  if (path.endsWith('.gz')) {
    try {
      data = gunzipSync(data);
    } catch {
      return undefined;
    }
  }
  return data.subarray(0, 3).equals(BYTE_ORDER_MARK) ? data.subarray(3) : data;
}

function* recordsOf(file: string, data: Buffer): Generator<Record> {
  let header: readonly string[] = [];
  let number = 0;
  for (const bytes of linesOf(data)) {
    number++;
    const text = textOf(bytes);
    const raw = text ?? spelt(bytes);
    const cells = cellsOf(raw);
    if (number === 1) header = cells;
    else {
      const fields = Object.fromEntries(header.map((name, at) => [name, cells[at] ?? '']));
      yield { file, line: number, raw, cells, fields, ...(text === undefined ? { fault: 'encoding' } : {}) };
    }
  }
}

/** A quoted cell may hold the end of a line, so a record ends where its quotes are even in number. */
function* linesOf(data: Buffer): Generator<Buffer> {
  const [lineEnd, carriageReturn, quote] = [0x0a, 0x0d, 0x22];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at <= data.length; at++) {
    if (data[at] === quote) isQuoted = !isQuoted;
    const isEnd = at === data.length || (data[at] === lineEnd && !isQuoted);
    if (!isEnd) continue;
    const end = data[at - 1] === carriageReturn ? at - 1 : at;
    if (end > start) yield data.subarray(start, end);
    start = at + 1;
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Text where it is text; each byte that is none as \x and two digits. */
function spelt(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const letter = [1, 2, 3, 4]
      .map((length) => ({ length, found: textOf(bytes.subarray(at, at + length)) }))
      .find(({ found }) => found !== undefined);
    text += letter?.found ?? `\\x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`;
    at += letter?.length ?? 1;
  }
  return text;
}

/** The cells of one record: quotes around a cell are taken off, doubled quotes inside become one. */
function cellsOf(raw: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < raw.length; at++) {
    const letter = raw.charAt(at);
    if (isQuoted && letter === '"' && raw.charAt(at + 1) === '"') {
      cell += '"';
      at++;
    } else if (letter === '"') {
      isQuoted = !isQuoted;
    } else if (letter === ',' && !isQuoted) {
      cells.push(cell);
      cell = '';
    } else {
      cell += letter;
    }
  }
  return [...cells, cell];
}
