import { pause } from '#src/deadline.ts';
import { list, type ProcessRow, type Seen } from '#src/process.ts';

const FIRST_MS = 50;
const LAST_MS = 1000;

/** Remembers what a program started, so that a child is known even after it has left its group, parent and environment. */
export interface Family {
  /** Looks now and says who was ever there. */
  look(): Promise<readonly Seen[]>;
  /** Looks a last time and says who was ever there. */
  stop(): Promise<readonly Seen[]>;
}

/** Looks often at first, because that is when programs start others, and then rarely, because looking costs time. */
export function watchFamily(root: number): Family {
  const seen = new Map<number, Seen>();
  const stopper = new AbortController();
  const look = async (): Promise<void> => {
    for (const row of descendantsOf(root, seen, await list())) seen.set(row.pid, row);
  };
  const watching = (async () => {
    for (let gap = FIRST_MS; !stopper.signal.aborted; gap = Math.min(2 * gap, LAST_MS)) {
      await pause(gap, stopper.signal).catch(() => undefined);
      if (!stopper.signal.aborted) await look().catch(() => undefined);
    }
  })();
  return {
    async look() {
      await look();
      return [...seen.values()];
    },
    async stop() {
      stopper.abort();
      await watching;
      await look().catch(() => undefined);
      return [...seen.values()];
    },
  };
}

function descendantsOf(root: number, seen: ReadonlyMap<number, Seen>, rows: readonly ProcessRow[]): Seen[] {
  const kin = new Set([root]);
  for (const { pid, startedAt } of rows) if (seen.get(pid)?.startedAt === startedAt) kin.add(pid);
  const found: Seen[] = [];
  for (let grown = true; grown;) {
    grown = false;
    for (const { pid, parent, startedAt } of rows) {
      if (kin.has(pid) || !kin.has(parent)) continue;
      kin.add(pid);
      found.push({ pid, startedAt });
      grown = true;
    }
  }
  return found;
}
