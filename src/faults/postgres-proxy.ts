import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

import { Client } from 'pg';

import type { History } from '#src/faults/history.ts';
import { FrameSplitter, textAt } from '#src/faults/postgres-frames.ts';
import { ClientFollower, type ClientStep, type CommitNote } from '#src/faults/postgres-session.ts';
import type { Point } from '#src/faults/schedule.ts';
import { until } from '#src/deadline.ts';
import { WorldError } from '#src/error.ts';

export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

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
  readonly history: History;
  /** Asked at every point while the message is held: `drop` cuts the connection and passes nothing more. */
  readonly onPoint: (hit: Hit) => Promise<'go' | 'drop'>;
}

export interface PostgresProxy {
  readonly host: string;
  readonly port: number;
  /** Answers that the server still owes. */
  inFlight(): number;
  connections(): number;
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

/** Listens on loopback and stands between a program and PostgreSQL; each commit of a write is the boundary `pg.commit`. */
export async function startPostgresProxy(options: ProxyOptions): Promise<PostgresProxy> {
  const writers = await functionsThatMayWrite(options.upstream);
  const shared: Shared = {
    options,
    count: 0,
    roles: new Map(),
    isHeld: false,
    isSettled: false,
    links: new Set(),
    backends: new Set(),
    writers,
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
    hold: () => {
      shared.isHeld = true;
    },
    settle: () => {
      shared.isSettled = true;
    },
    nextIncarnation: () => {
      shared.count = 0;
      shared.roles.clear();
      shared.isHeld = false;
    },
    quiet: async () => {
      await Promise.all([...shared.links].map((link) => link.hangUp()));
      await ended(shared);
    },
    close: async () => {
      cutAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Shared {
  readonly options: ProxyOptions;
  count: number;
  readonly roles: Map<string, number>;
  isHeld: boolean;
  isSettled: boolean;
  readonly links: Set<Link>;
  /** Processes of the server that came through here. */
  readonly backends: Set<number>;
  readonly writers: Set<string>;
}

type Commit = CommitNote & { readonly nth: number; readonly role: string; readonly roleNth: number };

/** What the server answers with one ReadyForQuery. A pipeline may hold several commits before it. */
interface Group {
  readonly commits: readonly Commit[];
  /** How many COMMITs the server has carried out. */
  done: number;
  failed: boolean;
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
  #isCut = false;
  #isCancel = false;
  #hungUp: Promise<void> | undefined;

  constructor(client: Socket, shared: Shared) {
    this.#client = client;
    this.#shared = shared;
    this.#follower = new ClientFollower(shared.writers);
    const { host, port } = shared.options.upstream;
    this.#server = connect({ host, port });
    shared.links.add(this);
    client.setNoDelay(true);
    this.#server.setNoDelay(true);
    this.#pump(client, (chunk) => this.#fromClient(chunk));
    this.#pump(this.#server, (chunk) => this.#fromServer(chunk));
    for (const socket of [client, this.#server]) socket.on('error', () => this.cut());
    this.#server.on('close', () => this.cut());
    client.on('close', () => void this.hangUp());
  }

  get outstanding(): number {
    return this.#groups.length;
  }

  cut(): void {
    this.#isCut = true;
    this.#client.destroy();
    this.#server.destroy();
    this.#shared.links.delete(this);
  }

  /** A client that ends without a farewell has gone on, too: its last commit would never be followed otherwise. */
  hangUp(): Promise<void> {
    // Whoever asks again waits for the same end, so that nothing is judged before the last point was asked about.
    this.#hungUp ??= this.#farewell();
    return this.#hungUp;
  }

  async #farewell(): Promise<void> {
    if (!this.#isCut && !this.#shared.isHeld) await this.#movedOn();
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
    const out: Buffer[] = [];
    for (const step of this.#follower.push(chunk)) {
      if (step.frame.type === 'ssl') {
        this.#client.write('N');
        continue;
      }
      if (step.frame.type === 'cancel') this.#isCancel = true;
      if ((await this.#movedOn()) === 'drop') return;
      if (step.commit !== undefined) {
        const commit = counted(step.commit, this.#shared);
        this.#commits.push(commit);
        // What came before it is sent first: the server works on it while the commit itself is held.
        this.#send(out);
        if ((await this.#ask('before', commit)) === 'drop') return;
      }
      this.#note(step);
      out.push(step.frame.bytes);
    }
    this.#send(out);
    await drained(this.#server);
  }

  async #movedOn(): Promise<'go' | 'drop'> {
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
    for (const { type, bytes } of this.#answers.push(chunk)) {
      const [group] = this.#groups;
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
    for (const commit of durable) if ((await this.#ask('after-durable', commit)) === 'drop') return 'drop';
    this.#told.push(...durable);
    this.#ignoreSync = false;
    if (this.#groups.length === 0) this.#follower.settle(status);
    this.#release();
    return 'go';
  }

  #release(): void {
    if (this.#held.length > 0 && !this.#isCut) this.#client.write(Buffer.concat(this.#held));
    this.#held = [];
  }

  async #ask(point: Point, commit: Commit): Promise<'go' | 'drop'> {
    if (this.#shared.isSettled) return 'go';
    const { nth, role, roleNth, tables, emptied } = commit;
    const hit = { boundary: 'pg.commit', nth, role, roleNth, point };
    const { history, onPoint } = this.#shared.options;
    history.tell({ lane: 'postgres', kind: 'boundary', text: `commit ${nth}`, ...hit, detail: { tables, emptied } });
    const answer = await onPoint(hit);
    if (answer === 'drop') this.cut();
    return answer;
  }
}

/** Its number among all commits and among those that write the same tables: the latter holds where threads take turns. */
function counted(note: CommitNote, shared: Shared): Commit {
  const role = note.tables.map((table) => table.replace(/[^\w.-]/g, '_')).join('+') || 'other';
  const roleNth = (shared.roles.get(role) ?? 0) + 1;
  shared.roles.set(role, roleNth);
  return { ...note, nth: ++shared.count, role, roleNth };
}

function tally(group: Group, tag: string): void {
  if (tag === 'COMMIT' || tag === 'PREPARE TRANSACTION') group.done++;
  // A COMMIT of a failed transaction is answered with ROLLBACK.
  if (tag === 'ROLLBACK') group.failed = true;
}

/** A side that reads slowly slows the other one, instead of filling our memory. */
async function drained(socket: Socket): Promise<void> {
  if (!socket.writableNeedDrain || socket.destroyed) return;
  await new Promise<void>((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', resolve);
  });
}

/** Names, in lower case, of the functions outside the system's own that PostgreSQL calls volatile. */
async function functionsThatMayWrite(upstream: Upstream): Promise<Set<string>> {
  return asked(upstream, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT DISTINCT lower(proname) AS name FROM pg_proc WHERE provolatile = 'v'
       AND pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`,
    );
    return new Set(rows.map(({ name }) => name));
  });
}

async function ended({ backends, options }: Shared): Promise<void> {
  await asked(options.upstream, async (client) => {
    await until(
      'end of the program’s connections to PostgreSQL',
      async () => {
        const { rows } = await client.query<{ left: string }>(
          `SELECT count(*) AS left FROM pg_stat_activity WHERE pid = ANY($1) AND backend_type IN ('client backend', 'walsender')`,
          [[...backends]],
        );
        return Number(rows[0]?.left) === 0;
      },
      { deadlineMs: 30_000, everyMs: 2 },
    );
  });
  backends.clear();
}

/** A server that can't be asked is the world's fault, and what the program did meanwhile tells nothing. */
async function asked<T>(upstream: Upstream, question: (client: Client) => Promise<T>): Promise<T> {
  const { host, port, user, password, database } = upstream;
  const client = new Client({ host, port, user, password, database, ssl: false });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await question(client);
  } catch (error) {
    if (error instanceof WorldError) throw error;
    throw new WorldError(`PostgreSQL can't be reached (${(error as Error).message})`, {
      remedy: 'Run it again: a new server is started.',
      cause: error,
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}
