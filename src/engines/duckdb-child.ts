import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { within } from '#src/deadline.ts';
import { extensionFolder } from '#src/engines/duckdb-extensions.ts';
import type { StartContext } from '#src/engines/engine.ts';
import { entry } from '#src/engines/entry.ts';
import type { LogTail } from '#src/engines/log.ts';
import { forEachLine, killTrees, start, type Child } from '#src/process.ts';

/** A worker process as its owner sees it: told one line at a time, and each is answered or it is no good any more. */
export class DuckdbWorker {
  readonly socketPath: string;
  readonly #child: Child;
  readonly #log: LogTail;
  #answered: ((line: string | undefined) => void) | undefined;
  /** What was said before anybody asked. */
  #early: string | undefined;
  #ended = false;
  #unwanted = false;

  static async start({ paths, marker, log }: StartContext): Promise<DuckdbWorker> {
    const socketPath = join(paths.sockets, `d${randomBytes(4).toString('hex')}`);
    const argv = [process.execPath, ...entry('duckdb-worker'), socketPath, extensionFolder(paths)] as const;
    const child = await start(argv, { marker, group: true });
    return new DuckdbWorker(child, socketPath, log);
  }

  private constructor(child: Child, socketPath: string, log: LogTail) {
    this.#child = child;
    this.#log = log;
    this.socketPath = socketPath;
    forEachLine(child.stderr, (line) => log.write(line));
    forEachLine(child.stdout, (line) => this.#hear(line));
    void child.exited.then(({ code, signal }) => {
      if (!this.#unwanted) log.write(`DuckDB worker ${child.pid} ended by itself (${signal ?? `exit code ${code}`})`);
      this.#ended = true;
      this.#answered?.(undefined);
      void rm(socketPath, { force: true });
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get exited(): Promise<unknown> {
    return this.#child.exited;
  }

  ready(): Promise<boolean> {
    return this.#expect('ready', 20_000);
  }

  /** Whether it answered as it should in time. */
  async tell(line: string, answer: 'leased' | 'free', deadlineMs: number): Promise<boolean> {
    if (this.#ended || this.#unwanted) return false;
    const answered = this.#expect(answer, deadlineMs);
    this.#child.stdin.write(`${line}\n`);
    return answered;
  }

  async kill(): Promise<void> {
    this.#unwanted = true;
    if (!this.#ended) await killTrees([this.#child.pid]);
  }

  async #expect(answer: string, deadlineMs: number): Promise<boolean> {
    if (this.#early === answer) {
      this.#early = undefined;
      return true;
    }
    if (this.#ended) return false;
    const heard = new Promise<string | undefined>((resolve) => (this.#answered = resolve));
    const line = await within(`the answer ${answer} of a DuckDB worker`, heard, { deadlineMs }).catch((error: Error) =>
      this.#log.write(error.message),
    );
    return line === answer;
  }

  #hear(line: string): void {
    if (this.#answered === undefined) this.#early = line;
    this.#answered?.(line);
    this.#answered = undefined;
  }
}
