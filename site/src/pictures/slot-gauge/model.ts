/**
 * How much of a server's log is kept for one slot. Time goes in minutes, the log in megabytes. A reader that receives
 * nothing has nothing to confirm, and the slot can't move, whatever other tables write.
 */
export interface Settings {
  readonly reading: boolean;
  /** Whether the captured table is written to in this minute. */
  readonly busy: boolean;
  readonly heartbeat: boolean;
  /** `max_slot_wal_keep_size`; undefined is no limit, as is PostgreSQL's default. */
  readonly limitMb: number | undefined;
}

export interface Server {
  readonly minute: number;
  /** The end of the log, counted from its beginning. */
  readonly endMb: number;
  /** From here on the log is kept for the slot. */
  readonly confirmedMb: number;
  readonly state: 'runs' | 'slot lost' | 'disk full';
}

/** What other tables of the server write, and what the captured one does when it is busy. */
export const OTHERS_MB = 8;
export const CAPTURED_MB = 2;
export const DISK_MB = 160;
export const START: Server = { minute: 0, endMb: 0, confirmedMb: 0, state: 'runs' };

/** The log that can't be removed. */
export function keptMb({ endMb, confirmedMb, state }: Server): number {
  return state === 'slot lost' ? 0 : endMb - confirmedMb;
}

export function minute(server: Server, { reading, busy, heartbeat, limitMb }: Settings): Server {
  if (server.state === 'disk full') return server;
  const endMb = server.endMb + OTHERS_MB + (busy ? CAPTURED_MB : 0);
  const receives = reading && (busy || heartbeat);
  const next: Server = {
    minute: server.minute + 1,
    endMb,
    confirmedMb: receives ? endMb : server.confirmedMb,
    state: server.state,
  };
  if (next.state === 'slot lost') return next;
  // PostgreSQL gives up the slot before it fills the disk, if it was told a limit below it.
  if (limitMb !== undefined && keptMb(next) > limitMb) return { ...next, state: 'slot lost' };
  return keptMb(next) >= DISK_MB ? { ...next, state: 'disk full' } : next;
}

export function minutes(server: Server, settings: Settings, count: number): Server {
  return Array.from({ length: count }).reduce<Server>((at) => minute(at, settings), server);
}
