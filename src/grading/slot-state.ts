import type { StreamDriver } from '#src/grading/stream.ts';

/** What the slots of a run's own server say of whoever reads them, as SQL for a `StreamDriver`. */
const SLOTS = 'FROM pg_replication_slots';

/** Someone reads a slot. */
export const SLOT_IS_READ = `EXISTS (SELECT ${SLOTS} WHERE active)`;
/** A slot is there, and nobody reads it. */
export const SLOT_IS_IDLE = `EXISTS (SELECT ${SLOTS} WHERE NOT active)`;

/**
 * Someone began to read after this time (an expression), and is sent again what the slot still holds of before: that all of
 * it is applied shows in something later that has come, and in no confirmation, which can be of what the target held already.
 */
export function slotIsReadSince(time: string): string {
  return `EXISTS (SELECT FROM pg_stat_replication WHERE backend_start > ${time})`;
}

/** A confirmation lies behind the beginning of the transaction that it covers; null where there is no slot. */
export function confirmedSince(lsn: string, is: '>' | '>=' = '>'): string {
  return `(SELECT bool_and(confirmed_flush_lsn ${is} '${lsn}') ${SLOTS})`;
}

/** Where the log is now. */
export async function logPosition(driver: StreamDriver): Promise<string> {
  const [row] = await driver.ask('SELECT pg_current_wal_insert_lsn()::text AS at');
  return typeof row?.['at'] === 'string' ? row['at'] : LOG_END;
}

/** Later than any position. */
export const LOG_END = 'FFFFFFFF/FFFFFFFF';
