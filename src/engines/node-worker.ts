import { writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Job, WorkerEvent } from '#src/engines/worker.ts';
import { ownRoot } from '#src/paths.ts';
import { forEachLine } from '#src/process.ts';

/** Packages that a block can import beside what Node brings; loaded ahead, as they take longer than a small block. */
const PACKAGES = ['@platformatic/kafka', 'pg'];

/** A process that runs one block of TypeScript as a module of its own, and ends: `node node-worker.ts SOCKET`. */
class NodeWorker {
  #socket: Socket | undefined;
  #isOver = false;
  /** The earlier blocks of a session print nothing. */
  #isSilent = false;
  #file = '';

  async listen(socketPath: string): Promise<void> {
    registerHooks({
      // The block lies in a folder of the run, from where nothing of ours would be found.
      resolve: (specifier, context, next) =>
        PACKAGES.includes(specifier) ? next(specifier, { ...context, parentURL: OURS }) : next(specifier, context),
    });
    for (const name of PACKAGES) await import(name);
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('close', () => this.#isOver || reallyExit());
      // One block, one connection; a listening socket would keep the process busy after it.
      server.close();
      forEachLine(socket, (line) => void this.#serve(socket, JSON.parse(line) as Job));
    });
    server.listen(socketPath, () => console.log('ready'));
    process.stdin.once('end', () => reallyExit()).resume();
  }

  async #serve(socket: Socket, job: Job): Promise<void> {
    this.#socket = socket;
    process.chdir(job.directory);
    Object.assign(process.env, job.env);
    this.#capture();
    // A block is over when nothing keeps its process busy, as when node runs it; our own connections don't count.
    for (const handle of [socket, process.stdin]) handle.unref();
    process.on('uncaughtException', (error) => this.#fail(error));
    process.on('beforeExit', () => this.#end(process.exitCode === undefined || process.exitCode === 0));
    process.exit = (code?: number) => {
      this.#end((code ?? 0) === 0);
      throw new Exit();
    };
    const codes = [...(job.before ?? []), job.code];
    for (const [i, code] of codes.entries()) {
      this.#isSilent = i < codes.length - 1;
      this.#file = join(job.directory, i < codes.length - 1 ? `earlier${i + 1}.mts` : 'block.mts');
      await writeFile(this.#file, code);
      try {
        await import(pathToFileURL(this.#file).href);
      } catch (error) {
        return this.#fail(error);
      }
    }
  }

  #capture(): void {
    for (const stream of [process.stdout, process.stderr]) {
      stream.write = (chunk: Uint8Array | string, ...rest: unknown[]) => {
        if (!this.#isSilent)
          this.#send({ type: 'text', text: typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString() });
        const done = rest.findLast((value) => typeof value === 'function') as (() => void) | undefined;
        done?.();
        return true;
      };
    }
  }

  #fail(error: unknown): void {
    if (error instanceof Exit) return;
    const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    const at = stack.split('\n').find((line) => line.includes(this.#file));
    const line = this.#isSilent ? undefined : Number(/\.mts:(\d+)/.exec(at ?? '')?.[1] ?? Number.NaN);
    this.#send({ type: 'error', message: `${name}: ${message}`, line: Number.isNaN(line) ? undefined : line });
    this.#end(false);
  }

  #end(ok: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#send({ type: 'end', ok });
    this.#socket?.ref();
    this.#socket?.end(() => reallyExit());
  }

  #send(event: WorkerEvent): void {
    if (this.#socket?.destroyed === false) this.#socket.write(`${JSON.stringify(event)}\n`);
  }
}

/** Thrown where a block asked to end, so that nothing after that runs. */
class Exit extends Error {}

const OURS = pathToFileURL(join(ownRoot(), 'package.json')).href;
const reallyExit = process.exit.bind(process, 0);

const [socketPath] = process.argv.slice(2);
if (socketPath !== undefined) await new NodeWorker().listen(socketPath);
