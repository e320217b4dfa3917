import type { Harm } from '#src/engines/engine.ts';
import type { Socket } from 'node:net';

import type { OnProgress } from '#src/engines/engine.ts';
import { toReport, type Reply, type Request } from '#src/engines/supervisor-protocol.ts';
import { forEachLine } from '#src/process.ts';

export type Asked = Exclude<Request, { method: 'cancel' }>;

/** What a connection holds, and gives back at the latest when it ends. */
export interface Held {
  readonly harm?: ((how: Harm) => Promise<void>) | undefined;
  close(): Promise<void>;
}

/** What a request may touch of the connection that it came by. */
export interface Asker {
  readonly onProgress: OnProgress;
  /** The connection's sandboxes and guards by lease. */
  readonly own: Map<string, Held>;
  /** Aborted when the asker gave up or its connection ended. */
  readonly signal: AbortSignal;
}

export type Answer = (request: Asked, asker: Asker) => Promise<unknown>;

/** The supervisor's side of one connection: its requests under way and what it holds, which end with it. */
export class Session {
  readonly #socket: Socket;
  readonly #answer: Answer;
  readonly #own = new Map<string, Held>();
  readonly #underWay = new Map<number, AbortController>();

  constructor(socket: Socket, answer: Answer) {
    this.#socket = socket;
    this.#answer = answer;
    socket.on('error', () => undefined);
    forEachLine(socket, (line) => this.#take(line));
  }

  /** Resolves when nothing of it is left, requests under way included. */
  async close(): Promise<void> {
    for (const stop of this.#underWay.values()) stop.abort();
    await Promise.allSettled([...this.#own.values()].map((held) => held.close()));
  }

  #take(line: string): void {
    let request: Request;
    try {
      request = JSON.parse(line) as Request;
    } catch {
      // Half a line, by a client that died while it wrote.
      this.#socket.destroy();
      return;
    }
    if (request.method === 'cancel') this.#underWay.get(request.request)?.abort();
    else void this.#serve(request);
  }

  async #serve(request: Asked): Promise<void> {
    const { id } = request;
    const stop = new AbortController();
    // A line may be handled after the end of its connection.
    if (this.#socket.destroyed) stop.abort();
    this.#underWay.set(id, stop);
    try {
      const onProgress: OnProgress = (progress) => this.#send({ id, progress });
      this.#send({
        id,
        result: (await this.#answer(request, { onProgress, own: this.#own, signal: stop.signal })) ?? null,
      });
    } catch (error) {
      this.#send({ id, error: toReport(error) });
    } finally {
      this.#underWay.delete(id);
    }
  }

  #send(reply: Reply): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(reply)}\n`);
  }
}
