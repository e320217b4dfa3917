import type { Socket } from 'node:net';

import { drained } from '#src/faults/drained.ts';
import { Gate } from '#src/faults/gate.ts';
import { KafkaCounts, type KafkaStep } from '#src/faults/kafka-counts.ts';
import { KafkaDoors } from '#src/faults/kafka-doors.ts';
import { API, KafkaSplitter, LAST_READ } from '#src/faults/kafka-frames.ts';
import { ask, isDue, movedOn, type Asking, type PointOptions } from '#src/faults/kafka-points.ts';
import {
  errorOf,
  headOf,
  isForeground,
  isIdle,
  noteOf,
  transactionalIdOf,
  versionsRequest,
  type KafkaRequest,
} from '#src/faults/kafka-requests.ts';
import { learnTopics } from '#src/faults/kafka-topics.ts';
import { KafkaTransactions, type EndedTransaction } from '#src/faults/kafka-transactions.ts';
import { openKafkaUpstream } from '#src/faults/kafka-upstream.ts';
import type { Slowness } from '#src/faults/slowness.ts';
import { until, within } from '#src/deadline.ts';
import type { KafkaAccess } from '#src/engines/kafka-access.ts';

export interface KafkaProxyOptions extends PointOptions {
  /** Where Kafka is, and how one comes in; the program needs to know neither. */
  readonly access: KafkaAccess;
  /** The names of this run's topics begin so. */
  readonly prefix: string;
  /** Topics by their id in hex: newer clients write ids. */
  readonly names?: ReadonlyMap<string, string>;
  readonly slowness?: Slowness;
  /** Shared with what else stands between the program and its engines. */
  readonly gate?: Gate;
}

export interface KafkaProxy {
  /** What the program is told as Kafka's address. */
  readonly bootstrap: string;
  /** Writes, commits and ends of transactions that the broker still owes an answer. */
  inFlight(): number;
  /** Since when the program has only been reading and waiting, as `performance.now()` counts; not before it reads. */
  idleSince(): number | undefined;
  /** Kafka has accepted a record or an offset from it. */
  hasWritten(): boolean;
  /** The program waits for its group to take it in. */
  isJoining(): boolean;
  /** When a group last took the program's present start in, as `performance.now()` counts. */
  joinedMs(): number | undefined;
  /** Under which names the program has written in transactions. */
  transactionalIds(): readonly string[];
  /** Transactions whose end Kafka has accepted. */
  transactions(): readonly EndedTransaction[];
  /** The program is about to be ended: nothing of it reaches the broker any more. */
  hold(): void;
  /** The program has done what it should and is told to stop: nothing is a step any more. */
  settle(): void;
  nextIncarnation(): void;
  /** Resolves when the broker has answered all that it had received; then every connection is cut. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

/** How long nothing more may come before what the program does next counts as caused by what it was told. */
const UNDER_WAY_MS = 25;
const UNDER_WAY_LIMIT_MS = 1000;

/**
 * Stands between one program and Kafka, however many brokers that is: each has a port here, and the program is told no
 * other. Its connections are counted as one. Writes are the boundary `kafka.produce`, commits of offsets `kafka.offset`, ends
 * of transactions `kafka.endtxn`, and what joins one `kafka.addtxn`.
 */
export async function startKafkaProxy(options: KafkaProxyOptions): Promise<KafkaProxy> {
  const names = new Map(options.names);
  const shared: Shared = {
    options,
    counts: new KafkaCounts(options.prefix),
    names,
    transactions: new KafkaTransactions(names),
    links: new Set(),
    told: [],
    ids: new Set(),
    isHeld: false,
    gate: options.gate ?? new Gate(),
    isSettled: false,
    hasRead: false,
    hasWritten: false,
    onAccepted: () => undefined,
    idleSince: performance.now(),
    joinedMs: undefined,
    busyMs: 0,
  };
  const doors = new KafkaDoors((client, address) => {
    const { access } = options;
    new Link(client, shared, { doors, server: openKafkaUpstream(access, address) });
    // Behind the door whoever comes is the learner's user.
  }, options.access.sasl !== undefined);
  const bootstrap = await doors.open(options.access.bootstrap);
  const inFlight = (): number => [...shared.links].reduce((sum, link) => sum + link.outstanding, 0);
  const cutAll = (): void => {
    for (const link of shared.links) link.cut();
  };
  return {
    bootstrap,
    inFlight,
    idleSince: () => (shared.hasRead ? shared.idleSince : undefined),
    hasWritten: () => shared.hasWritten,
    isJoining: () => [...shared.links].some((link) => link.isJoining),
    joinedMs: () => shared.joinedMs,
    transactionalIds: () => [...shared.ids],
    transactions: () => shared.transactions.ended,
    hold: () => {
      shared.isHeld = true;
    },
    settle: () => {
      shared.isSettled = true;
    },
    nextIncarnation: () => {
      shared.counts.reset();
      shared.told = [];
      shared.isHeld = false;
      shared.hasRead = false;
      shared.joinedMs = undefined;
      shared.idleSince = performance.now();
    },
    quiet: async () => {
      if (!shared.isHeld) await shared.gate.hold(() => movedOn(shared));
      shared.isHeld = true;
      await until('answers of Kafka to what it had received', () => inFlight() === 0, {
        deadlineMs: 10_000,
        everyMs: 2,
      });
      cutAll();
    },
    close: async () => {
      cutAll();
      await doors.close();
    },
  };
}

interface Shared extends Asking {
  readonly options: KafkaProxyOptions;
  readonly counts: KafkaCounts;
  /** Those that are known, and those that the broker has told the program. */
  readonly names: Map<string, string>;
  readonly transactions: KafkaTransactions;
  readonly links: Set<Link>;
  told: KafkaStep[];
  readonly ids: Set<string>;
  isHeld: boolean;
  isSettled: boolean;
  /** The program has asked for records in its present start. */
  hasRead: boolean;
  hasWritten: boolean;
  /** Called when Kafka has accepted a step. */
  onAccepted: () => void;
  readonly gate: Gate;
  idleSince: number;
  joinedMs: number | undefined;
  /** When the last request in the foreground came. */
  busyMs: number;
}

/** Of all questions the one that every broker answers at any time. */
const OURS = { api: API.apiVersions, version: 0 } as const;

type Open = KafkaRequest & {
  readonly steps: readonly KafkaStep[];
  readonly isNoted: boolean;
  readonly done: () => void;
  readonly onAnswer?: ((answer: Buffer) => void) | undefined;
};

interface Passing {
  readonly request: KafkaRequest;
  readonly frame: Buffer;
  readonly note: ReturnType<typeof noteOf>;
  readonly steps: readonly KafkaStep[];
}

interface Way {
  readonly doors: KafkaDoors;
  /** The broker's end, once it stands. */
  readonly server: Promise<Socket>;
}

/** One connection. Each direction is a queue that is worked off in order, so that holding a message holds what follows. */
class Link {
  readonly #client: Socket;
  readonly #way: Way;
  readonly #shared: Shared;
  readonly #requests = new KafkaSplitter();
  readonly #answers = new KafkaSplitter();
  readonly #open = new Map<number, Open>();
  #server: Socket | undefined;
  /** The program has done more here than reading and finding its way. */
  #isUsed = false;
  #isCut = false;
  /** Clients count their questions upwards from nought. */
  #question = -1;
  /** Resolves when all that the client has sent so far is dealt with. */
  #working: Promise<void> = Promise.resolve();

  constructor(client: Socket, shared: Shared, way: Way) {
    this.#client = client;
    this.#shared = shared;
    this.#way = way;
    shared.links.add(this);
    client.setNoDelay(true);
    client.on('error', () => undefined);
    this.#pump(client, (chunk) => (this.#working = this.#fromClient(chunk)));
    client.on('close', () => void this.#hungUp());
    way.server.then(
      (server) => this.#reached(server),
      () => this.cut(),
    );
  }

  get outstanding(): number {
    return [...this.#open.values()].filter(({ isNoted }) => isNoted).length;
  }

  get isJoining(): boolean {
    return [...this.#open.values()].some(({ api }) => api === API.joinGroup || api === API.syncGroup);
  }

  cut(): void {
    this.#isCut = true;
    this.#client.destroy();
    this.#server?.destroy();
    for (const open of this.#open.values()) open.done();
    this.#open.clear();
    this.#shared.links.delete(this);
  }

  #reached(server: Socket): void {
    if (this.#isCut) return void server.destroy();
    this.#server = server;
    this.#pump(server, (chunk) => this.#fromServer(chunk));
    server.on('close', () => this.cut());
    if (server.destroyed) this.cut();
  }

  /**
   * A program that hangs up has gone on, too; but not one that leaves a broker where it has only asked its way. What the
   * broker already has is still answered, and that is awaited.
   */
  async #hungUp(): Promise<void> {
    if (this.#isCut) return;
    await this.#working.catch(() => undefined);
    if (this.#isUsed && !this.#shared.isHeld) await this.#shared.gate.hold(() => movedOn(this.#shared));
    if (this.outstanding === 0) this.cut();
  }

  #pump(socket: Socket, work: (chunk: Buffer) => Promise<void>): void {
    let last = Promise.resolve();
    socket.on('data', (chunk: Buffer) => {
      // While one piece is held, no more is read: the sender feels it as a slow network.
      socket.pause();
      last = last
        .then(() => (this.#isCut ? undefined : work(chunk)))
        .then(
          () => {
            if (!this.#isCut) socket.resume();
          },
          () => this.cut(),
        );
    });
    socket.resume();
  }

  async #fromClient(chunk: Buffer): Promise<void> {
    const shared = this.#shared;
    const server = await this.#way.server;
    for (const frame of this.#requests.push(chunk)) {
      while (shared.gate.isShut) await shared.gate.opened();
      const request = headOf(frame);
      // What can't be read can't be counted, and its answer may lead the program past us.
      if (request.version > (LAST_READ[request.api] ?? request.version)) return this.cut();
      if (request.api === API.fetch) shared.hasRead = true;
      if (!isIdle(request.api)) shared.idleSince = performance.now();
      if (isForeground(request.api)) {
        this.#isUsed = true;
        shared.busyMs = performance.now();
      }
      const id = transactionalIdOf(request, frame);
      if (id !== undefined) shared.ids.add(id);
      const note = noteOf(request, frame, shared.names);
      const steps = note === undefined ? [] : shared.counts.add(note);
      if (note?.isUnanswered === true && isDue(shared, 'before', steps)) await this.#goesOnAlone();
      const pass = (): Promise<'go' | 'drop'> => this.#pass({ request, frame, note, steps }, server);
      const isStep = note !== undefined || shared.told.length > 0;
      if ((await (isStep ? shared.gate.hold(pass) : pass())) === 'drop') {
        // Kafka has never had it, so that the same written again is the same event.
        shared.counts.takeBack(steps);
        return this.#dropped();
      }
    }
    await drained(server);
  }

  /** One request and its points, while nothing else of the program passes. */
  async #pass({ request, frame, note, steps }: Passing, server: Socket): Promise<'go' | 'drop'> {
    const shared = this.#shared;
    if (shared.isHeld) return 'drop';
    if (isForeground(request.api) && shared.told.length > 0 && (await movedOn(shared)) === 'drop') return 'drop';
    for (const step of steps) if ((await ask(shared, 'before', step)) === 'drop') return 'drop';
    if (shared.isHeld || this.#isCut) return 'drop';
    const { promise, resolve: done } = Promise.withResolvers<void>();
    const isUnanswered = note?.isUnanswered === true;
    const onAnswer = shared.transactions.asks(request, frame);
    const asked = { ...request, steps, isNoted: note !== undefined, done, onAnswer };
    if (!isUnanswered) this.#open.set(request.correlation, asked);
    // Whoever does not wait for the answer would go on meanwhile, as far as time allows.
    if (!isUnanswered && isDue(shared, 'after-durable', steps)) shared.gate.shutUntil(promise);
    if (!this.#isCut) server.write(frame);
    if (isUnanswered) this.#askBehind(server);
    return 'go';
  }

  /** Who asks for no answer goes on while the write is held back: its next step, on another connection, passes first. */
  async #goesOnAlone(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#shared.onAccepted = resolve;
    await within('what the program does meanwhile', promise, { deadlineMs: UNDER_WAY_LIMIT_MS }).catch(() => undefined);
  }

  /**
   * A write that asks for no answer (acks=0) is done when the broker answers a question of ours behind it: it works off
   * one connection's requests in their order.
   */
  #askBehind(server: Socket): void {
    const correlation = this.#question--;
    this.#open.set(correlation, { ...OURS, correlation, steps: [], isNoted: true, done: () => undefined });
    this.#shared.hasWritten = true;
    if (!this.#isCut) server.write(versionsRequest(correlation));
  }

  async #fromServer(chunk: Buffer): Promise<void> {
    const shared = this.#shared;
    for (const frame of this.#answers.push(chunk)) {
      const correlation = frame.readInt32BE(4);
      const open = this.#open.get(correlation);
      const isOurs = open?.api === OURS.api && open.isNoted;
      if (open !== undefined) learnTopics(open, frame, shared.names);
      open?.onAnswer?.(frame);
      if (open?.api === API.syncGroup && errorOf(open, frame) === 0) shared.joinedMs = performance.now();
      if (open?.isNoted === true && !isOurs) await this.#answered(open, frame).finally(open.done);
      this.#open.delete(correlation);
      if (isOurs || shared.isHeld || this.#isCut || this.#client.destroyed) continue;
      await shared.options.slowness?.pass();
      const led = open === undefined ? frame : await this.#way.doors.led(open, frame);
      // The program may have been ended meanwhile; what it is told then, nobody knows of.
      if (!shared.isHeld) this.#client.write(led);
    }
    if (this.#client.destroyed && this.outstanding === 0) this.cut();
    else await drained(this.#client);
  }

  /** A program that is being killed is cut when the broker has answered; one that lives on loses this connection now. */
  #dropped(): void {
    if (!this.#shared.isHeld) this.cut();
  }

  async #answered(open: Open, frame: Buffer): Promise<void> {
    const shared = this.#shared;
    if (errorOf(open, frame) !== 0) return shared.counts.takeBack(open.steps);
    shared.idleSince = performance.now();
    shared.hasWritten ||= open.steps.length > 0;
    if (open.steps.length > 0) shared.onAccepted();
    const answer = await shared.gate.hold(async () => {
      for (const step of open.steps) if ((await ask(shared, 'after-durable', step)) === 'drop') return 'drop';
      return 'go';
    });
    if (answer === 'drop') return this.#dropped();
    open.done();
    // What the program had sent before it is told passes first: then what comes next is caused by what it was told.
    if (isDue(shared, 'client-moved-on', open.steps))
      await until('end of what was under way', () => performance.now() - shared.busyMs > UNDER_WAY_MS, {
        deadlineMs: UNDER_WAY_LIMIT_MS,
        everyMs: 3,
      }).catch(() => undefined);
    shared.told.push(...open.steps);
  }
}
