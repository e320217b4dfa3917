import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import type { History } from '#src/faults/history.ts';
import { openLedger, type HttpLog, type HttpRequestNote, type Ledger } from '#src/faults/http-ledger.ts';
import { troubles, type HttpTrouble, type Troubles } from '#src/faults/http-troubles.ts';
import type { Point } from '#src/faults/schedule.ts';
import { pause } from '#src/deadline.ts';

export interface HttpSourceOptions {
  /** What `GET /payments` hands out, in this order; each needs an id that is unique. */
  readonly payments: readonly HttpPayment[];
  readonly pageSize?: number;
  /** The first that concerns a request decides its answer. */
  readonly troubles?: readonly HttpTrouble[];
  /** How long an answer of `silence` keeps the client waiting before the connection is cut. */
  readonly silenceMs?: number;
}

export type HttpPayment = Readonly<Record<string, unknown>> & { readonly id: string };

export interface HttpSource {
  /** `http://127.0.0.1:<port>`, without a slash at its end. */
  readonly url: string;
  readonly log: HttpLog;
  /** From now on nothing is acted on or told: the program is about to die. */
  hold(): void;
  /** Cuts what is left of a program that ended. */
  quiet(): Promise<void>;
  /** Boundaries are counted anew; what was settled stays settled. */
  nextIncarnation(): void;
  close(): Promise<void>;
}

export interface HttpSourceSetting {
  readonly history: History;
  /** Asked at every point of every settlement while it is held: `drop` cuts the connection. */
  readonly onPoint: (hit: { boundary: string; nth: number; point: Point }) => Promise<'go' | 'drop'>;
  /** What the program asks here waits until this resolves. */
  readonly opened?: () => Promise<void>;
  /** What this source had done before it was last closed. */
  readonly earlier?: HttpLog | undefined;
}

const BOUNDARY = 'http.request';
const DEFAULT_PAGE = 50;
const MAX_BODY_BYTES = 64 * 1024;
const SILENCE_MS = 3000;

/**
 * The payments API of a lab, on loopback: `GET /payments[?cursor=…]` answers `{payments, next}` (next is null on the
 * last page), `POST /payments/<id>/settle` settles one payment and honours an Idempotency-Key. A settlement that acts is
 * the boundary `http.request`.
 */
export async function startHttpSource(options: HttpSourceOptions, setting: HttpSourceSetting): Promise<HttpSource> {
  const source = new Source(options, setting);
  await source.listen();
  return source;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly acted?: boolean;
  readonly replayed?: boolean;
  readonly retryAfterS?: number | undefined;
}

class Source implements HttpSource {
  readonly #options: HttpSourceOptions;
  readonly #setting: HttpSourceSetting;
  readonly #ledger: Ledger;
  readonly #troubles: Troubles;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });
  readonly #ended = new AbortController();
  #count = 0;
  #isHeld = false;
  /** Settlements whose answer is out; the client's next message shows that it has read it. */
  #told: number[] = [];
  #moving: Promise<'go' | 'drop'> = Promise.resolve('go');

  constructor(options: HttpSourceOptions, setting: HttpSourceSetting) {
    this.#options = options;
    this.#setting = setting;
    this.#ledger = openLedger(setting.history, setting.earlier);
    this.#troubles = troubles(options.troubles ?? []);
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      // A client that hangs up after its answer has gone on, too: the last answer would never be followed otherwise.
      socket.on('close', () => {
        this.#sockets.delete(socket);
        void this.#movedOn();
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get log(): HttpLog {
    return this.#ledger.log();
  }

  hold(): void {
    this.#isHeld = true;
  }

  async quiet(): Promise<void> {
    // A program that ended by itself has gone on, whether or not its hanging up was seen yet.
    await this.#movedOn();
    this.#isHeld = true;
    this.#told = [];
    for (const socket of this.#sockets) socket.destroy();
  }

  nextIncarnation(): void {
    this.#isHeld = false;
    this.#count = 0;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  async close(): Promise<void> {
    this.hold();
    await this.quiet();
    this.#ended.abort();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    if ((await this.#movedOn()) === 'drop') return void response.destroy();
    const body = await readBody(request);
    await this.#setting.opened?.();
    if (body === 'cut' || this.#isHeld) return void response.destroy();
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const settle = /^\/payments\/([^/]+)\/settle$/.exec(path)?.[1];
    const method = request.method ?? 'GET';
    const note = (rest: Omit<HttpRequestNote, 'nth' | 'atMs' | 'incarnation' | 'method' | 'path' | 'attempt'>): void =>
      // Who has hung up meanwhile does not get this answer.
      this.#ledger.note({ method, path: request.url ?? '', ...rest, ...(response.destroyed ? { answer: 'cut' } : {}) });
    if (body === 'large') {
      note({ what: 'other', answer: 413, acted: false, replayed: false });
      return write(response, { status: 413, body: problem('the body is larger than 64 KiB') });
    }
    if (settle !== undefined && method === 'POST') {
      return this.#settle(decoded(settle), headerOf(request, 'idempotency-key'), response, note);
    }
    if (path === '/payments' && method === 'GET') {
      return this.#page(new URLSearchParams(query).get('cursor'), response, note);
    }
    const known = path === '/payments' || settle !== undefined;
    const answer = known
      ? { status: 405, body: problem(`${method} is not for this address`) }
      : { status: 404, body: problem('there are GET /payments and POST /payments/<id>/settle') };
    note({ what: 'other', answer: answer.status, acted: false, replayed: false });
    write(response, answer);
  }

  async #page(cursor: string | null, response: ServerResponse, note: Note): Promise<void> {
    const trouble = this.#troubles.take('page', undefined);
    if (trouble !== undefined) return this.#fail(response, trouble, note, { what: 'page', cursor }, false);
    const { payments, pageSize = DEFAULT_PAGE } = this.#options;
    const from = cursor === null ? 0 : positionOf(cursor);
    if (from === undefined || from > payments.length) {
      note({ what: 'page', cursor, answer: 400, acted: false, replayed: false });
      return write(response, { status: 400, body: problem('this cursor was not handed out here') });
    }
    const end = from + pageSize;
    note({ what: 'page', cursor, answer: 200, acted: false, replayed: false });
    write(response, {
      status: 200,
      body: { payments: payments.slice(from, end), next: end < payments.length ? cursorAt(end) : null },
    });
  }

  async #settle(payment: string, key: string | undefined, response: ServerResponse, note: Note): Promise<void> {
    const about = { what: 'settle', payment, ...(key === undefined ? {} : { key }) } as const;
    const trouble = this.#troubles.take('settle', payment);
    if (trouble !== undefined && trouble.acts !== true) return this.#fail(response, trouble, note, about, false);
    const refusal = this.#refusal(payment, key);
    if (refusal !== undefined) {
      note({ ...about, answer: refusal.status, acted: false, replayed: refusal.replayed ?? false });
      return write(response, refusal);
    }
    const nth = ++this.#count;
    const release = this.#ledger.reserve(key, payment);
    if ((await this.#ask(nth, 'before')) === 'drop') {
      release();
      return void response.destroy();
    }
    this.#ledger.settle(payment, key);
    if ((await this.#ask(nth, 'after-durable')) === 'drop') {
      note({ ...about, answer: 'cut', acted: true, replayed: false });
      return void response.destroy();
    }
    if (trouble !== undefined) return this.#fail(response, trouble, note, about, true);
    note({ ...about, answer: 200, acted: true, replayed: false });
    this.#told.push(nth);
    write(response, { status: 200, body: { id: payment, status: 'settled' } });
  }

  /** An answer that needs no action: what is wrong with the request, or what was done for this key before. */
  #refusal(payment: string, key: string | undefined): Answer | undefined {
    if (!this.#options.payments.some(({ id }) => id === payment)) {
      return { status: 404, body: problem(`there is no payment ${payment}`) };
    }
    switch (this.#ledger.stateOf(key, payment)) {
      case 'new':
        return undefined;
      case 'done':
        return { status: 200, body: { id: payment, status: 'settled' }, replayed: true };
      case 'under way':
        return { status: 425, body: problem('a request with this Idempotency-Key is under way') };
      case 'of another':
        return { status: 422, body: problem('this Idempotency-Key was used for another payment') };
    }
  }

  async #fail(
    response: ServerResponse,
    trouble: HttpTrouble,
    note: Note,
    about: Pick<HttpRequestNote, 'what' | 'payment' | 'key' | 'cursor'>,
    acted: boolean,
  ): Promise<void> {
    const { answer, retryAfterS } = trouble;
    note({ ...about, answer, acted, replayed: false, ...(retryAfterS === undefined ? {} : { retryAfterS }) });
    if (typeof answer === 'number') {
      return write(response, { status: answer, body: problem(trouble.reason ?? 'not now'), retryAfterS });
    }
    if (answer === 'silence') {
      const wait = AbortSignal.any([this.#ended.signal, closed(response)]);
      await pause(this.#options.silenceMs ?? SILENCE_MS, wait).catch(() => undefined);
    }
    response.destroy();
  }

  /** One at a time: whoever asks meanwhile goes on when all points have been asked about. */
  #movedOn(): Promise<'go' | 'drop'> {
    this.#moving = this.#moving.then(async () => {
      for (let nth = this.#told.shift(); nth !== undefined; nth = this.#told.shift()) {
        if ((await this.#ask(nth, 'client-moved-on')) === 'drop') return 'drop';
      }
      return 'go';
    });
    return this.#moving;
  }

  async #ask(nth: number, point: Point): Promise<'go' | 'drop'> {
    if (this.#isHeld) return 'drop';
    const hit = { boundary: BOUNDARY, nth, point };
    this.#setting.history.tell({ lane: 'http', kind: 'boundary', text: `settlement ${nth}`, ...hit });
    return this.#setting.onPoint(hit);
  }
}

type Note = (rest: Omit<HttpRequestNote, 'nth' | 'atMs' | 'incarnation' | 'method' | 'path' | 'attempt'>) => void;

function write(response: ServerResponse, { status, body, retryAfterS }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
  });
  response.end(`${JSON.stringify(body)}\n`);
}

function problem(message: string): { readonly error: string } {
  return { error: message };
}

/** The body says nothing that the source needs, but a settlement counts only when all of it has arrived. */
async function readBody(request: IncomingMessage): Promise<'read' | 'large' | 'cut'> {
  let size = 0;
  try {
    for await (const chunk of request) {
      size += (chunk as Buffer).length;
      if (size > MAX_BODY_BYTES) return 'large';
    }
  } catch {
    return 'cut';
  }
  return 'read';
}

function closed(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function cursorAt(position: number): string {
  return Buffer.from(`after ${position}`).toString('base64url');
}

function positionOf(cursor: string): number | undefined {
  const digits = /^after (\d{1,9})$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1];
  return digits === undefined ? undefined : Number(digits);
}
