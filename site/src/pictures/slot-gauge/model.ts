/**
 * How much of a server's log is kept for one slot. Time goes in minutes, the log in megabytes. A reader that receives
 * nothing has nothing to confirm, and the slot can't move, whatever other tables write. A transaction that is open holds
 * the slot back even so: once it commits it is read from its beginning. That the server notes its open transactions only
 * every 15 s is left out.
 */
export interface Settings {
  readonly reading: boolean;
  /** Whether the captured table is written to in this minute. */
  readonly busy: boolean;
  readonly heartbeat: boolean;
  /** Whether somebody has written in a transaction and neither commits nor rolls back. */
  readonly open: boolean;
  /** `max_slot_wal_keep_size`; undefined is no limit, as is PostgreSQL's default. */
  readonly limitMb: number | undefined;
}

export interface Server {
  readonly minute: number;
  /** The end of the log, counted from its beginning. */
  readonly endMb: number;
  /** `restart_lsn`: from here on the log is kept for the slot. */
  readonly restartMb: number;
  /** `confirmed_flush_lsn`: what is committed before it is not delivered again. */
  readonly confirmedMb: number;
  /** Where the transaction began that is open. */
  readonly openMb: number | undefined;
  readonly state: 'runs' | 'slot lost' | 'disk full';
}

/** What other tables of the server write, and what the captured one does when it is busy. */
export const OTHERS_MB = 8;
export const CAPTURED_MB = 2;
export const DISK_MB = 160;
export const START: Server = { minute: 0, endMb: 0, restartMb: 0, confirmedMb: 0, openMb: undefined, state: 'runs' };

/** The log that can't be removed. */
export function keptMb({ endMb, restartMb, state }: Server): number {
  return state === 'slot lost' ? 0 : endMb - restartMb;
}

export function minute(server: Server, { reading, busy, heartbeat, open, limitMb }: Settings): Server {
  if (server.state === 'disk full') return server;
  const endMb = server.endMb + OTHERS_MB + (busy ? CAPTURED_MB : 0);
  const openMb = open ? (server.openMb ?? server.endMb) : undefined;
  const receives = reading && (busy || heartbeat);
  const next: Server = {
    minute: server.minute + 1,
    endMb,
    restartMb: receives ? (openMb ?? endMb) : server.restartMb,
    confirmedMb: receives ? endMb : server.confirmedMb,
    openMb,
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
