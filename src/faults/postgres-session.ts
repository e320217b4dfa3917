import { FrameSplitter, textAt, type Frame } from '#src/faults/postgres-frames.ts';
import { makesSlot, slotRead } from '#src/faults/postgres-replication.ts';
import { effectOf, functionMade } from '#src/faults/postgres-sql.ts';
import { statements } from '#src/statements.ts';

/** What one commit wrote, as its statements say. */
export interface CommitNote {
  readonly tables: readonly string[];
  readonly emptied: readonly string[];
  /** It is no commit, but makes a replication slot. */
  readonly makesSlot?: boolean;
}

/** What a message of the client means for the proxy, beside being passed on. */
export interface ClientStep {
  readonly frame: Frame;
  /** Set where this message makes a write durable. */
  readonly commit: CommitNote | undefined;
  /** The server answers with ReadyForQuery. */
  readonly syncs: boolean;
  /** Set where this message begins to read a replication slot. */
  readonly slot?: string | undefined;
}

interface Open {
  tables: Set<string>;
  emptied: Set<string>;
  wrote: boolean;
}

/**
 * Follows one connection's transactions from the client's own messages, so that a commit is known before the server
 * has seen it, in pipelines too. The server's status corrects what was predicted whenever nothing is under way.
 */
export class ClientFollower {
  readonly #splitter = new FrameSplitter('client');
  readonly #statements = new Map<string, string>();
  readonly #portals = new Map<string, string>();
  #inTransaction = false;
  #failed = false;
  #open: Open = empty();
  /** A write outside a transaction block in the extended protocol becomes durable at the next Sync. */
  #implicit = false;
  readonly #writers: Set<string>;

  /** `writers` are functions that may write, in lower case; those that the program makes are added. */
  constructor(writers: Set<string> = new Set()) {
    this.#writers = writers;
  }

  push(chunk: Buffer): ClientStep[] {
    return this.#splitter.push(chunk).map((frame) => this.#step(frame));
  }

  /** The status of ReadyForQuery: I idle, T in a transaction, E in a failed one. Only when no answer is outstanding. */
  settle(status: string): void {
    this.#inTransaction = status !== 'I';
    this.#failed = status === 'E';
    this.#implicit = false;
    if (status === 'I') this.#open = empty();
  }

  #step(frame: Frame): ClientStep {
    switch (frame.type) {
      case 'Q':
        return this.#query(frame, textAt(frame.bytes, 5).text);
      case 'F':
        return { frame, commit: undefined, syncs: true };
      case 'P': {
        const { text: name, next } = textAt(frame.bytes, 5);
        this.#statements.set(name, textAt(frame.bytes, next).text);
        break;
      }
      case 'B': {
        const { text: portal, next } = textAt(frame.bytes, 5);
        this.#portals.set(portal, this.#statements.get(textAt(frame.bytes, next).text) ?? '');
        break;
      }
      case 'E':
        return { frame, commit: this.#execute(this.#portals.get(textAt(frame.bytes, 5).text) ?? ''), syncs: false };
      case 'S': {
        const commit = this.#implicit && !this.#inTransaction ? this.#take() : undefined;
        this.#implicit = false;
        return { frame, commit, syncs: true };
      }
    }
    return { frame, commit: undefined, syncs: false };
  }

  /** Commands of replication are no SQL, and come alone. */
  #query(frame: Frame, sql: string): ClientStep {
    const slot = slotRead(sql);
    if (slot !== undefined) return { frame, commit: undefined, syncs: true, slot };
    return { frame, commit: this.#simple(sql), syncs: true };
  }

  /** A simple query may hold several statements; they end in one answer, so they are one boundary at most. */
  #simple(sql: string): CommitNote | undefined {
    let commit: CommitNote | undefined;
    for (const { text } of statements(sql)) commit = this.#execute(text) ?? commit;
    if (this.#implicit && !this.#inTransaction) commit = this.#take();
    this.#implicit = false;
    return commit;
  }

  #execute(sql: string): CommitNote | undefined {
    if (makesSlot(sql)) return { tables: [], emptied: [], makesSlot: true };
    const { kind, tables, emptied } = effectOf(sql, this.#writers);
    const made = functionMade(sql);
    if (made !== undefined) this.#writers.add(made);
    switch (kind) {
      case 'begin':
        this.#inTransaction = true;
        return undefined;
      case 'rollback':
        this.#inTransaction = false;
        this.#failed = false;
        this.#open = empty();
        return undefined;
      case 'commit': {
        this.#inTransaction = /\bAND\s+CHAIN\b/i.test(sql);
        const wrote = this.#open.wrote && !this.#failed;
        const note = this.#take();
        return wrote ? note : undefined;
      }
      case 'write':
        this.#open.wrote = true;
        for (const table of tables) this.#open.tables.add(table);
        for (const table of emptied) this.#open.emptied.add(table);
        if (!this.#inTransaction) this.#implicit = true;
        return undefined;
      case 'other':
        return undefined;
    }
  }

  #take(): CommitNote {
    const { tables, emptied } = this.#open;
    this.#open = empty();
    return { tables: [...tables].sort(), emptied: [...emptied].sort() };
  }
}

function empty(): Open {
  return { tables: new Set(), emptied: new Set(), wrote: false };
}
