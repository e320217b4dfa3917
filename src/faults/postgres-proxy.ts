import { createServer, type AddressInfo, type Socket } from 'node:net';

import { drained } from '#src/faults/drained.ts';
import { Gate } from '#src/faults/gate.ts';
import type { History } from '#src/faults/history.ts';
import { ended, functionsThatMayWrite, SlotWatch } from '#src/faults/postgres-aside.ts';
import { counted, noteOf, tally, type Commit, type Group, type Hitting } from '#src/faults/postgres-boundaries.ts';
import { FrameSplitter, textAt, type Frame } from '#src/faults/postgres-frames.ts';
import { lsnText, ReplicationFollower } from '#src/faults/postgres-replication.ts';
import { ClientFollower, type ClientStep } from '#src/faults/postgres-session.ts';
import { reach, type Upstream } from '#src/faults/postgres-upstream.ts';
import type { Slowness } from '#src/faults/slowness.ts';
import type { Point } from '#src/faults/schedule.ts';
import { nextTurn } from '#src/deadline.ts';

export type { Upstream };

export interface Hit {
  readonly boundary: string;
  readonly nth: number;
  /** Where one boundary stands for several numbers, as a request of many records does: those above this one. */
  readonly since?: number;
  /** What kind of boundary it is, where that is known: for a commit, the tables that it writes. */
  readonly role?: string;
  /** Counted within its role. */
  readonly roleNth?: number;
  readonly point: Point;
}

export interface ProxyOptions {
  readonly upstream: Upstream;
  readonly history: Pick<History, 'tell'>;
  readonly slowness?: Slowness;
  /** Asked at every point while the message is held: `drop` cuts the connection and passes nothing more. */
  readonly onPoint: (hit: Hit) => Promise<'go' | 'drop'>;
  /** Shared with what else stands between the program and its engines. */
  readonly gate?: Gate;
  /** How long the server may take to answer at all. */
  readonly answerMs?: number;
}

export interface PostgresProxy {
  readonly host: string;
  readonly port: number;
  /** Answers that the server still owes. */
  inFlight(): number;
  connections(): number;
  /** A step of the program is held, or on its way to be durable. */
  isPassing(): boolean;
  /** The program is about to be ended: the closing of its connections is no step of its own. */
  hold(): void;
  /** The program has done what it should and is told to stop: nothing is a step any more. */
  settle(): void;
  /** Boundaries are counted anew. */
  nextIncarnation(): void;
  /** Resolves when the server has ended all that came through here, so that nothing of it can still commit. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Listens on loopback and stands between a program and PostgreSQL; each commit of a write is the boundary `pg.commit`,
 * each new slot `pg.slot`, and each confirmation that moves a slot on `pg.confirm`.
 */
export async function startPostgresProxy(options: ProxyOptions): Promise<PostgresProxy> {
  const writers = await functionsThatMayWrite(options.upstream, options.answerMs);
  const shared: Shared = {
    options,
    counts: new Map(),
    slots: new SlotWatch(options.upstream),
    roles: new Map(),
    isHeld: false,
    isSettled: false,
    links: new Set(),
    backends: new Set(),
    writers,
    readers: new Set(),
    gate: options.gate ?? new Gate(),
    confirmed: [],
  };
  const server = createServer((client) => void new Link(client, shared));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const cutAll = (): void => {
    for (const link of shared.links) link.cut();
  };
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    inFlight: () => [...shared.links].reduce((sum, link) => sum + link.outstanding, 0),
    connections: () => shared.links.size,
    isPassing: () => [...shared.links].some((link) => link.isPassing),
    hold: () => {
      shared.isHeld = true;
    },
    settle: () => {
      shared.isSettled = true;
    },
    nextIncarnation: () => {
      shared.counts.clear();
      shared.confirmed.length = 0;
      shared.roles.clear();
      shared.isHeld = false;
    },
    quiet: async () => {
      await Promise.all([...shared.links].map((link) => link.hangUp()));
      await ended(options.upstream, shared.backends);
      shared.backends.clear();
    },
    close: async () => {
      cutAll();
      await shared.slots.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Shared {
  readonly options: ProxyOptions;
  /** By boundary. */
  readonly counts: Map<string, number>;
  readonly slots: SlotWatch;
  readonly roles: Map<string, number>;
  isHeld: boolean;
  isSettled: boolean;
  readonly links: Set<Link>;
  /** Processes of the server that came through here. */
  readonly backends: Set<number>;
  readonly writers: Set<string>;
  /** Those that read a slot. */
  readonly readers: Set<Link>;
  readonly gate: Gate;
  /** Confirmations after which the program has not yet said anything. */
  readonly confirmed: Hitting[];
}

/** One connection. Each direction is a queue that is worked off in order, so that holding a message holds what follows. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #shared: Shared;
  readonly #follower: ClientFollower;
  readonly #answers = new FrameSplitter('server');
  readonly #groups: Group[] = [];
  /** Commits of the group that is being sent. */
  #commits: Commit[] = [];
  #held: Buffer[] = [];
  /** Told to the client; its next message shows that it has gone on. */
  #told: Commit[] = [];
  #ignoreSync = false;
  #replication: ReplicationFollower | undefined;
  #isCut = false;
  #isCancel = false;
  #hungUp: Promise<void> | undefined;
  #asking = 0;
  /** Resolves when all that the client has sent so far is dealt with. */
  #working: Promise<void> = Promise.resolve();

  constructor(client: Socket, shared: Shared) {
    this.#client = client;
    this.#shared = shared;
    this.#follower = new ClientFollower(shared.writers);
    this.#server = reach(shared.options.upstream);
    shared.links.add(this);
    client.setNoDelay(true);
    this.#pump(client, (chunk) => (this.#working = this.#fromClient(chunk)));
    this.#pump(this.#server, (chunk) => this.#fromServer(chunk));
    for (const socket of [client, this.#server]) socket.on('error', () => this.cut());
    this.#server.on('close', () => this.cut());
    client.on('close', () => void this.hangUp());
  }

  get outstanding(): number {
    return this.#groups.length;
  }

  get isPassing(): boolean {
    return this.#asking > 0 || this.#commits.length > 0 || this.#groups.some(({ commits }) => commits.length > 0);
  }

  cut(): void {
    this.#isCut = true;
    this.#client.destroy();
    this.#server.destroy();
    this.#shared.links.delete(this);
    this.#shared.readers.delete(this);
  }

  /** A client that ends without a farewell has gone on, too: its last commit would never be followed otherwise. */
  hangUp(): Promise<void> {
    // Whoever asks again waits for the same end, so that nothing is judged before the last point was asked about.
    this.#hungUp ??= this.#farewell();
    return this.#hungUp;
  }

  async #farewell(): Promise<void> {
    // What it sent last may still wait for others.
    await this.#working.catch(() => undefined);
    if (!this.#isCut && !this.#shared.isHeld) await this.#hold(() => this.#movedOn());
    // A cancel request is sent and hung up at once; it must still reach the server.
    if (this.#isCancel) this.#server.end();
    else this.cut();
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
  }

  async #fromClient(chunk: Buffer): Promise<void> {
    const { gate, confirmed } = this.#shared;
    if (this.#shared.readers.size > 0 && this.#replication === undefined) await this.#afterReaders();
    const out: Buffer[] = [];
    for (const step of this.#follower.push(chunk)) {
      if (gate.isShut) this.#send(out);
      while (gate.isShut) await gate.opened();
      // Of a program that has been ended nothing counts that it sent before and we did not pass on in time.
      if (this.#isCut || this.#shared.isHeld) return;
      if (step.frame.type === 'ssl') {
        this.#client.write('N');
        continue;
      }
      if (step.frame.type === 'cancel') this.#isCancel = true;
      const isReading = step.slot !== undefined || (step.frame.type === 'd' && this.#replication !== undefined);
      if (isReading || step.commit !== undefined || this.#told.length > 0 || confirmed.length > 0) {
        // What came before it is sent first: the server works on it while the step itself is held.
        this.#send(out);
        if ((await this.#hold(() => this.#pass(step))) === 'drop') return;
      } else {
        this.#note(step);
        out.push(step.frame.bytes);
      }
    }
    this.#send(out);
    await drained(this.#server);
  }

  /**
   * What whoever reads a slot has said before this came goes first. The system may report two connections in another order
   * than that in which they were written to, but not across a turn of the event loop.
   */
  async #afterReaders(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      await nextTurn();
      for (const reader of this.#shared.readers) await reader.#working.catch(() => undefined);
    }
  }

  /** One step and its points, while nothing else of the program passes. */
  async #pass(step: ClientStep): Promise<'go' | 'drop'> {
    if ((await this.#movedOn()) === 'drop') return 'drop';
    if (step.commit !== undefined) {
      const commit = counted(noteOf(step.commit), this.#shared);
      this.#commits.push(commit);
      if ((await this.#ask('before', commit)) === 'drop') return 'drop';
    }
    if (step.slot !== undefined) {
      this.#replication = new ReplicationFollower(step.slot);
      this.#shared.readers.add(this);
    }
    if (this.#shared.isHeld) return 'drop';
    if (step.frame.type === 'd' && this.#replication !== undefined) return this.#confirm(step.frame, this.#replication);
    this.#note(step);
    this.#send([step.frame.bytes]);
    return 'go';
  }

  /** Passes a message of a client that reads a slot on; where it confirms more than before, until the slot shows it. */
  async #confirm(frame: Frame, replication: ReplicationFollower): Promise<'go' | 'drop'> {
    const { slots, confirmed } = this.#shared;
    if (!replication.hasBegun) replication.begin((await slots.flushOf(replication.slot)) ?? 0n);
    const confirmation = replication.confirmed(frame);
    if (confirmation === undefined || this.#shared.isSettled) {
      this.#send([frame.bytes]);
      return 'go';
    }
    const { flush, role } = confirmation;
    const note = { boundary: 'pg.confirm', text: 'confirmation', role, detail: { flush: lsnText(flush) } };
    const hitting = counted(note, this.#shared);
    if ((await this.#ask('before', hitting)) === 'drop') return 'drop';
    this.#send([frame.bytes]);
    // A slot that was dropped meanwhile, or a server that is gone, shows nothing.
    if (!(await slots.shows(replication.slot, flush))) return 'go';
    if ((await this.#ask('after-durable', hitting)) === 'drop') return 'drop';
    confirmed.push(hitting);
    return 'go';
  }

  async #movedOn(): Promise<'go' | 'drop'> {
    // A confirmation has no answer: whatever the program says next, on any connection, shows that it has gone on.
    const { confirmed } = this.#shared;
    for (let hitting = confirmed.shift(); hitting !== undefined; hitting = confirmed.shift()) {
      if ((await this.#ask('client-moved-on', hitting)) === 'drop') return 'drop';
    }
    for (let told = this.#told.shift(); told !== undefined; told = this.#told.shift()) {
      if ((await this.#ask('client-moved-on', told)) === 'drop') return 'drop';
    }
    return 'go';
  }

  #note({ syncs, frame }: ClientStep): void {
    if (!syncs) return;
    // During COPY FROM STDIN the server swallows the Sync that ended the query, and answers the one after the data.
    if (frame.type === 'S' && this.#ignoreSync) {
      this.#ignoreSync = false;
      return;
    }
    this.#groups.push({ commits: this.#commits, done: 0, failed: false });
    this.#commits = [];
  }

  #send(out: Buffer[]): void {
    if (out.length > 0 && !this.#isCut) this.#server.write(Buffer.concat(out));
    out.length = 0;
  }

  async #fromServer(chunk: Buffer): Promise<void> {
    await this.#shared.options.slowness?.pass();
    for (const { type, bytes } of this.#answers.push(chunk)) {
      const [group] = this.#groups;
      this.#replication?.sent({ type, bytes });
      if (type === 'K') this.#shared.backends.add(bytes.readInt32BE(5));
      if (type === 'G') this.#ignoreSync = true;
      if (type === 'E' && group !== undefined) group.failed = true;
      if (type === 'C' && group !== undefined) tally(group, textAt(bytes, 5).text);
      this.#held.push(bytes);
      if (type === 'Z') {
        if ((await this.#ready(String.fromCharCode(bytes[5] ?? 73))) === 'drop') return;
      }
      // What belongs to a commit is held until the commit is known to be durable; all else passes at once.
      // The invitation to send data is no answer yet: the client would wait for it for ever.
      if (type === 'G' || (this.#groups[0]?.commits.length ?? 0) === 0) this.#release();
    }
    await drained(this.#client);
  }

  async #ready(status: string): Promise<'go' | 'drop'> {
    const group = this.#groups.shift();
    // Where something failed, the commits before it were carried out all the same.
    const durable = group?.failed === true ? group.commits.slice(0, group.done) : (group?.commits ?? []);
    const tell = (): 'go' => {
      this.#told.push(...durable);
      this.#ignoreSync = false;
      if (this.#groups.length === 0) this.#follower.settle(status);
      this.#release();
      return 'go';
    };
    if (durable.length === 0) return tell();
    return this.#hold(async () => {
      for (const commit of durable) if ((await this.#ask('after-durable', commit)) === 'drop') return 'drop';
      return tell();
    });
  }

  /** Behind the gate, where all points are asked about. */
  #hold<T>(work: () => Promise<T>): Promise<T> {
    this.#asking++;
    return this.#shared.gate.hold(work).finally(() => this.#asking--);
  }

  #release(): void {
    if (this.#held.length > 0 && !this.#isCut) this.#client.write(Buffer.concat(this.#held));
    this.#held = [];
  }

  async #ask(point: Point, commit: Commit): Promise<'go' | 'drop'> {
    if (this.#shared.isSettled) return 'go';
    const { boundary, nth, role, roleNth, text, detail } = commit;
    const hit = { boundary, nth, role, roleNth, point };
    const { history, onPoint } = this.#shared.options;
    history.tell({ lane: 'postgres', kind: 'boundary', text: `${text} ${nth}`, ...hit, detail });
    const answer = await onPoint(hit);
    if (answer === 'drop') this.cut();
    return answer;
  }
}
