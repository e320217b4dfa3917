import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';

import type { Row } from '#src/grading/canonical.ts';

/** A file below OUTPUT_DIR as a run left it: its lines, or of what is no text its bytes as one line. */
export interface FileState {
  /** Below OUTPUT_DIR, with `/`. */
  readonly path: string;
  readonly lines: readonly Row[];
}

const MAX_FILES = 2000;
const MAX_BYTES = 64 * 1024 * 1024;

/** All regular files, sorted by path; links are not followed: what is compared must have been written there. */
export async function outputFiles(folder: string): Promise<readonly { path: string; bytes: Buffer }[]> {
  const files: { path: string; bytes: Buffer }[] = [];
  const walk = async (at: string): Promise<void> => {
    const entries = await readdir(at, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) await walk(path);
      if (!entry.isFile() || files.length >= MAX_FILES || (await lstat(path)).size > MAX_BYTES) continue;
      files.push({ path: relative(folder, path).replaceAll('\\', '/'), bytes: await readFile(path) });
    }
  };
  await walk(folder);
  return files;
}

/** What `.gz` holds is compared, because its head carries a time; one that can't be read is compared as it is. */
export function fileState({ path, bytes }: { readonly path: string; readonly bytes: Buffer }): FileState {
  const plain = path.endsWith('.gz') ? unpacked(bytes) : bytes;
  const text = asText(plain);
  if (text === undefined) return { path, lines: [{ line: plain }] };
  const lines = text.split('\n');
  // The end of the last line begins no line of its own.
  if (lines.at(-1) === '') lines.pop();
  return { path, lines: lines.map((line) => ({ line })) };
}

function unpacked(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch {
    return bytes;
  }
}

function asText(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
