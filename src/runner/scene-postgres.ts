import type { Client, DatabaseError } from 'pg';

import { until } from '#src/deadline.ts';
import type { Address, Harm } from '#src/engines/engine.ts';
import { Bug, WorldError } from '#src/error.ts';
import { detailOf, isDatabaseError, tableOf } from '#src/runner/postgres.ts';
import { open, query, type Answer } from '#src/runner/postgres-query.ts';
import { renderTable } from '#src/runner/render.ts';
import type { Execution } from '#src/runner/run.ts';
import type { Troupe } from '#src/runner/scene.ts';
import { statements } from '#src/statements.ts';

interface Session {
  readonly client: Client;
  readonly pid: number;
  /** How long it waits for a lock before it looks for a deadlock. */
  readonly deadlockMs: number;
  /** What the server said of its own accord: notices, and why it ended the session. */
  readonly unasked: string[];
  /** The connection has ended. */
  isOver: boolean;
}

/** PostgreSQL's own second would be long to watch. */
const DEADLOCK_MS = 20;
/** A wait that is so much older has been looked at: whoever closes the circle after that is the one that fails. */
const CHECKED_MS = 80;

const ABOUT_ITSELF = "SELECT pg_backend_pid(), setting FROM pg_settings WHERE name = 'deadlock_timeout'";

/** One row a process: whom it waits for, and how long it has. */
const WAITS = `
  SELECT p.pid, array_to_string(pg_blocking_pids(p.pid), ','),
    (SELECT round(1000 * extract(epoch FROM clock_timestamp() - min(l.waitstart)))
     FROM pg_locks l WHERE l.pid = p.pid AND NOT l.granted)
  FROM unnest(string_to_array('PIDS', ',')::int[]) AS p (pid)`;

/** Sessions on PostgreSQL, each a connection of its own, whose `application_name` is the actor's. */
export class PostgresTroupe implements Troupe {
  readonly #address: Extract<Address, { kind: 'postgres' }>;
  readonly #execution: Execution;
  readonly #sessions = new Map<string, Session>();
  readonly #clients = new Set<Client>();
  #observer: Client | undefined;
  #isClosed = false;
  /** The server is being taken down, and every connection with it. */
  #isFalling = false;
  /** The server stands still and can't be asked. */
  #isPaused = false;

  constructor(address: Address, execution: Execution) {
    if (address.kind !== 'postgres') throw new Bug(`a session on ${address.kind}`);
    this.#address = address;
    this.#execution = execution;
  }

  async act(actor: string, text: string): Promise<readonly string[]> {
    const session = this.#sessions.get(actor) ?? (await this.#join(actor));
    const printed: string[] = session.unasked.splice(0);
    if (session.isOver) {
      // It was ended while it was idle, which it is told when it next says something.
      this.#sessions.delete(actor);
      return printed;
    }
    for (const statement of statements(text)) {
      try {
        const answer = await query(session.client, statement.text, this.#execution.limits.rows);
        printed.push(...session.unasked.splice(0), ...linesOf(answer, statement.text));
      } catch (error) {
        if (this.#isFalling) return [...printed, '(the connection is gone)'];
        if (!isDatabaseError(error)) throw this.#failure(error);
        if (error.severity === 'FATAL') this.#sessions.delete(actor);
        printed.push(...session.unasked.splice(0), ...errorLines(error));
        break;
      }
    }
    return printed;
  }

  async waits(busy: readonly string[]): Promise<ReadonlyMap<string, string> | undefined> {
    if (this.#isPaused) return new Map(busy.map((actor) => [actor, 'postgres']));
    const pids = busy.map((actor) => this.#sessions.get(actor)?.pid);
    // One that still connects waits for nobody.
    if (pids.includes(undefined)) return undefined;
    const { rows } = await this.#ask(WAITS.replace('PIDS', pids.join(',')));
    const waits = new Map<string, string>();
    for (const [pid, blockers, sinceMs] of rows) {
      const whom = this.#nameOf((blockers ?? '').split(','));
      const name = this.#nameOf([pid ?? '']) ?? '';
      const checkedMs = (this.#sessions.get(name)?.deadlockMs ?? 0) + CHECKED_MS;
      // What waits for something else will go on by itself, and so may one whose wait the server has not looked at yet.
      if (whom === undefined || Number(sinceMs ?? 0) < checkedMs) return undefined;
      waits.set(name, whom);
    }
    return isCircle(waits) ? undefined : waits;
  }

  async order(verb: string, actor: string): Promise<readonly string[]> {
    if (verb !== 'kill') throw new Bug(`no order ${verb} on PostgreSQL`);
    const session = this.#sessions.get(actor);
    if (session === undefined) return [`(${actor} is not connected)`];
    this.#sessions.delete(actor);
    session.client.connection.stream.destroy();
    const look = `SELECT 1 FROM pg_stat_activity WHERE pid = ${session.pid}`;
    const { signal, limits } = this.#execution;
    const isGone = async (): Promise<boolean> => (await this.#ask(look)).total === 0;
    await until(`the end of session ${actor}`, isGone, { deadlineMs: limits.timeMs, signal });
    return [`(${actor} is gone, without a word; the server has ended its session)`];
  }

  async harm(harm: Harm, perform: () => Promise<void>): Promise<readonly string[]> {
    if (harm === 'pause' || harm === 'resume') {
      await perform();
      this.#isPaused = harm === 'pause';
      return [];
    }
    this.#isFalling = true;
    try {
      await perform();
    } finally {
      this.#isFalling = false;
    }
    const lost = [...this.#sessions.keys()];
    this.#sessions.clear();
    this.#observer = undefined;
    for (const client of this.#clients) client.connection.stream.destroy();
    this.#clients.clear();
    const whose = lost.length === 0 ? '' : `; ${lost.join(', ')} must connect again`;
    return [harm === 'kill' ? `(killed, started again, recovered${whose})` : `(ended in order, started again${whose})`];
  }

  close(): void {
    this.#isClosed = true;
    for (const client of this.#clients) client.connection.stream.destroy();
  }

  async #join(actor: string): Promise<Session> {
    const client = await this.#connect(actor);
    // On a server of the learner's own it may not be allowed, and then it takes that server's time.
    await query(client, `SET deadlock_timeout = ${DEADLOCK_MS}`, 0).catch(() => undefined);
    const [[pid, timeout] = []] = (await query(client, ABOUT_ITSELF, 1)).rows;
    const session: Session = { client, pid: Number(pid), deadlockMs: Number(timeout), unasked: [], isOver: false };
    client.on('notice', ({ severity, message }) => session.unasked.push(`${severity ?? 'NOTICE'}: ${message}`));
    client.on('notification', ({ channel, payload }) => session.unasked.push(`notified on ${channel}: ${payload}`));
    client.on('error', (error) => {
      if (isDatabaseError(error)) session.unasked.push(...errorLines(error));
      session.isOver = true;
    });
    this.#sessions.set(actor, session);
    return session;
  }

  async #ask(text: string): Promise<Answer> {
    try {
      this.#observer ??= await this.#connect('observer');
      return await query(this.#observer, text, 100);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #connect(name: string): Promise<Client> {
    const client = await open(this.#address, this.#execution.signal, name);
    this.#clients.add(client);
    if (this.#isClosed) client.connection.stream.destroy();
    return client;
  }

  /** The first of these processes that is somebody's in this scene. */
  #nameOf(pids: readonly string[]): string | undefined {
    if (pids.includes('0')) return 'a prepared transaction';
    return [...this.#sessions].find(([, { pid }]) => pids.includes(String(pid)))?.[0];
  }

  #failure(cause: unknown): WorldError {
    return new WorldError('PostgreSQL ended in the middle of the scene', {
      remedy: 'Run it again: a new server is started.',
      lastLines: [(cause as Error).message],
      cause,
    });
  }
}

/** Whoever waits in a circle will not wait for ever: PostgreSQL ends one of them. */
function isCircle(waits: ReadonlyMap<string, string>): boolean {
  return [...waits.keys()].some((first) => {
    let at = waits.get(first);
    for (let steps = 0; at !== undefined && steps < waits.size; steps++) {
      if (at === first) return true;
      at = waits.get(at);
    }
    return false;
  });
}

/** Rows as a table; else the server's word where it says more than the statement itself. */
function linesOf(answer: Answer, statement: string): string[] {
  if (answer.fields.length > 0) return renderTable(tableOf(answer)).split('\n');
  const isEcho = statement.toUpperCase().startsWith(answer.tag.split(' ')[0] ?? '') && !/\d/.test(answer.tag);
  return isEcho ? [] : [answer.tag];
}

function errorLines(error: DatabaseError): string[] {
  const { severity = 'ERROR', message, code } = error;
  // A deadlock's details are numbers of processes and transactions.
  const detail = code === '40P01' ? undefined : detailOf(error);
  return [`${severity}: ${message}`, ...(detail === undefined ? [] : detail.split('\n'))];
}
