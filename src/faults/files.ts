import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

import { Bug } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';

/** What can be wrong with a file, as data; positions are shares of its length (0 to 1), so that they hold for any size. */
export type FileMutation =
  /** The rest is missing: a copy that was still under way. */
  | { readonly kind: 'truncate'; readonly keep: number }
  /** Compressed, and cut inside the compressed data: what was there unpacks, then comes an error. */
  | { readonly kind: 'cut-gzip'; readonly keep: number }
  | { readonly kind: 'gzip' }
  /** The three bytes EF BB BF that some programs put before UTF-8. */
  | { readonly kind: 'byte-order-mark' }
  /** Lines end with CR LF. */
  | { readonly kind: 'windows-lines' }
  | { readonly kind: 'no-last-newline' }
  /** A byte that is in no UTF-8 text. */
  | { readonly kind: 'bad-byte'; readonly at: number }
  | { readonly kind: 'flip-bit'; readonly at: number }
  /** A stretch of zero bytes, as a crash leaves where a block was never written. */
  | { readonly kind: 'zeros'; readonly at: number; readonly bytes: number }
  /** Whole lines once more at the end: a file that was sent twice in part. */
  | { readonly kind: 'repeat-lines'; readonly from: number; readonly to: number };

const GZIP_HEADER_BYTES = 10;
const GZIP_TRAILER_BYTES = 8;
const GZIP_SYSTEM_AT = 9;
const GZIP_SYSTEM_UNKNOWN = 255;

/** The same bytes and mutations always give the same bytes, on every machine. */
export function mutated(content: string | Uint8Array, ...mutations: readonly FileMutation[]): Buffer {
  return mutations.reduce<Buffer>(applied, Buffer.from(content));
}

/** Mutates a file in place, as a whole. */
export async function mutateFile(path: string, ...mutations: readonly FileMutation[]): Promise<void> {
  await writeAtomic(path, mutated(await readFile(path), ...mutations));
}

function applied(bytes: Buffer, mutation: FileMutation): Buffer {
  switch (mutation.kind) {
    case 'truncate':
      return bytes.subarray(0, position(bytes, mutation.keep));
    case 'gzip':
      return gzipped(bytes);
    case 'cut-gzip':
      return cutInside(gzipped(bytes), mutation.keep);
    case 'byte-order-mark':
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
    case 'windows-lines':
      return Buffer.from(bytes.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
    case 'no-last-newline':
      return Buffer.from(bytes.toString('latin1').replace(/\r?\n$/, ''), 'latin1');
    case 'bad-byte':
      return replaced(bytes, position(bytes, mutation.at), Buffer.from([0xff]));
    case 'flip-bit': {
      const at = position(bytes, mutation.at);
      return replaced(bytes, at, Buffer.from([(bytes[at] ?? 0) ^ 1]));
    }
    case 'zeros':
      return replaced(bytes, position(bytes, mutation.at), Buffer.alloc(mutation.bytes));
    case 'repeat-lines':
      return repeated(bytes, mutation.from, mutation.to);
  }
}

function position(bytes: Buffer, share: number): number {
  if (!(share >= 0 && share <= 1)) throw new Bug(`a position in a file is a share from 0 to 1, not ${share}`);
  return Math.min(Math.floor(bytes.length * share), Math.max(0, bytes.length - 1));
}

function gzipped(bytes: Buffer): Buffer {
  const packed = gzipSync(bytes, { level: 6 });
  // The header names the system that packed it, which would make the bytes differ between machines.
  packed[GZIP_SYSTEM_AT] = GZIP_SYSTEM_UNKNOWN;
  return packed;
}

/** The header stays whole and at least one byte of data is missing, so that it is always a gzip file that ends too early. */
function cutInside(packed: Buffer, keep: number): Buffer {
  const data = packed.length - GZIP_HEADER_BYTES - GZIP_TRAILER_BYTES;
  const kept = Math.min(data - 1, Math.max(1, Math.floor(data * keep)));
  return packed.subarray(0, GZIP_HEADER_BYTES + kept);
}

function replaced(bytes: Buffer, at: number, by: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  by.copy(copy, at, 0, Math.max(0, copy.length - at));
  return copy;
}

function repeated(bytes: Buffer, from: number, to: number): Buffer {
  const lines = bytes.toString('latin1').match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const at = (share: number): number => Math.floor(lines.length * share);
  const again = lines.slice(at(from), at(to)).join('');
  const gap = bytes.length > 0 && bytes.at(-1) !== 0x0a && again !== '' ? '\n' : '';
  return Buffer.concat([bytes, Buffer.from(gap + again, 'latin1')]);
}
