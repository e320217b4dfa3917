import { createWriteStream, existsSync, renameSync, type WriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
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
  let bytes = (await stat(path).catch(() => undefined))?.size ?? 0;
  let file = open(path);
  const kept: string[] = [];
  return {
    path,
    write(line) {
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      if (bytes > MAX_BYTES) {
        file.end();
        // What the old stream still writes goes to the file that it opened, whatever its name is.
        if (existsSync(path)) renameSync(path, `${path}.old`);
        file = open(path);
        bytes = 0;
      }
      bytes += Buffer.byteLength(line) + 1;
      file.write(`${line}\n`);
    },
    lines: () => [...kept],
    evidence: () => ({ lastLines: [...kept], logPath: path }),
    close: () => new Promise((resolve) => file.end(() => resolve())),
  };
}

function open(path: string): WriteStream {
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
  // A full disk must not end an engine; its last lines stay in memory.
  file.on('error', () => undefined);
  return file;
}
