import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { EngineName } from '#src/engines/engine.ts';
import type { Paths } from '#src/paths.ts';

/** An engine's own log: a file, and its last lines for an error's message. */
export interface LogTail {
  readonly path: string;
  write(line: string): void;
  lines(): readonly string[];
  evidence(): { lastLines: readonly string[]; logPath: string };
  close(): void;
}

const KEPT_LINES = 50;
const MAX_BYTES = 2_000_000;

/** Where an engine's log lies. */
export function engineLogPath({ state }: Pick<Paths, 'state'>, name: EngineName): string {
  return join(state, 'logs', `${name}.log`);
}

/**
 * Appends to the log; one that grew large is put aside as `.old`, so that two files bound the space. Lines are few and
 * written at once: what was said before a crash stands in the file.
 */
export function tail(path: string): LogTail {
  const kept: string[] = [];
  let file = open(path);
  return {
    path,
    write(line) {
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      if (file !== undefined && file.bytes > MAX_BYTES) {
        close(file);
        put(() => renameSync(path, `${path}.old`));
        file = open(path);
      }
      if (file === undefined) return;
      const { fd } = file;
      file.bytes += put(() => writeSync(fd, `${line}\n`)) ?? 0;
    },
    lines: () => [...kept],
    evidence: () => ({ lastLines: [...kept], logPath: path }),
    close() {
      if (file !== undefined) close(file);
      file = undefined;
    },
  };
}

interface OpenLog {
  readonly fd: number;
  bytes: number;
}

function open(path: string): OpenLog | undefined {
  return put(() => {
    mkdirSync(dirname(path), { recursive: true });
    const fd = openSync(path, 'a', 0o600);
    return { fd, bytes: fstatSync(fd).size };
  });
}

function close({ fd }: OpenLog): void {
  put(() => closeSync(fd));
}

/** A full disk must not end an engine; its last lines stay in memory. */
function put<T>(write: () => T): T | undefined {
  try {
    return write();
  } catch {
    return undefined;
  }
}
