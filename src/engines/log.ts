import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** An engine's own log: a file, and its last lines for an error's message. */
export interface LogTail {
  readonly path: string;
  write(line: string): void;
  lines(): readonly string[];
  evidence(): { lastLines: readonly string[]; logPath: string };
  close(): Promise<void>;
}

const KEPT_LINES = 50;
const MAX_BYTES = 2_000_000;

/** Appends to the log; one that grew large is put aside as `.old`, so that two files bound the space. */
export async function tail(path: string): Promise<LogTail> {
  await mkdir(dirname(path), { recursive: true });
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size > MAX_BYTES) await rename(path, `${path}.old`);
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
  // A full disk must not end an engine; its last lines stay in memory.
  file.on('error', () => undefined);
  const kept: string[] = [];
  return {
    path,
    write(line) {
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      file.write(`${line}\n`);
    },
    lines: () => kept,
    evidence: () => ({ lastLines: [...kept], logPath: path }),
    close: () => new Promise((resolve) => file.end(() => resolve())),
  };
}
