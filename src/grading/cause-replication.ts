import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault } from '#src/faults/schedule.ts';
import type { Anomaly } from '#src/grading/anomaly.ts';

/** How a program's target and its replication slot came to disagree. */
export type SlotCause =
  | { readonly kind: 'confirmed-first'; readonly transaction: string | undefined }
  | { readonly kind: 'applied-again' }
  | { readonly kind: 'slot-for-copy' }
  | { readonly kind: 'half-copy'; readonly there: readonly string[]; readonly toCome: readonly string[] }
  | { readonly kind: 'slot-gone' };

const KINDS = ['confirmed-first', 'applied-again', 'slot-for-copy', 'half-copy', 'slot-gone'];

export function isSlotCause(cause: { readonly kind: string }): cause is SlotCause {
  return KINDS.includes(cause.kind);
}

/** What a target shows that lacks changes of its source. */
const BEHIND: readonly Anomaly[] = ['lost', 'stale', 'phantom', 'corrupted'];
/** What it shows when changes came to it a second time. */
const TWICE: readonly Anomaly[] = ['duplicate', 'reordered', 'crashed'];

/** An undisturbed run, and the one that failed. */
interface Runs {
  readonly recorded: readonly HistoryEvent[];
  readonly failed: readonly HistoryEvent[];
}

/** Where a fault struck the slot itself. A target that is behind leaves two ways, unless the order shows one of them. */
export function slotCauses(fault: Fault, anomalies: readonly Anomaly[], { recorded, failed }: Runs): SlotCause[] {
  const isBehind = anomalies.some((anomaly) => BEHIND.includes(anomaly));
  if (fault.action === 'lose') return isBehind || anomalies.includes('crashed') ? [{ kind: 'slot-gone' }] : [];
  if (isBehind) {
    if (fault.boundary === 'pg.slot') return [{ kind: 'slot-for-copy' }];
    const transaction = confirmedFirst(recorded);
    if (transaction !== undefined) return [{ kind: 'confirmed-first', transaction }];
    // Who had committed since it made the slot had made its copy before it read what it then confirmed.
    const isCopied = (sinceSlot(failed, fault.incarnation) ?? []).some(isCommit);
    return [
      { kind: 'confirmed-first', transaction: undefined },
      ...(isCopied ? [] : [{ kind: 'slot-for-copy' } as const]),
    ];
  }
  const isTwice = fault.boundary === 'pg.confirm' && anomalies.some((anomaly) => TWICE.includes(anomaly));
  return isTwice ? [{ kind: 'applied-again' }] : [];
}

/**
 * Where a fault struck a commit between the making of the slot and the first confirmation, and the next start made no slot
 * again: it took what was there of the copy for all of it.
 */
export function copyCauses(fault: Fault, anomalies: readonly Anomaly[], { recorded, failed }: Runs): SlotCause[] {
  if (fault.boundary !== 'pg.commit' || !anomalies.some((anomaly) => BEHIND.includes(anomaly))) return [];
  const done = sinceSlot(failed, fault.incarnation);
  const isMadeAnew = failed.some(
    ({ boundary, incarnation }) => boundary === 'pg.slot' && incarnation > fault.incarnation,
  );
  if (done === undefined || isMadeAnew || done.some(({ boundary }) => boundary === 'pg.confirm')) return [];
  const there = tablesOf(done);
  if (!done.some(isCommit)) return [{ kind: 'slot-for-copy' }];
  const calm = sinceSlot(recorded, 1) ?? [];
  const confirmed = calm.findIndex(({ boundary }) => boundary === 'pg.confirm');
  const toCome = tablesOf(calm.slice(0, confirmed === -1 ? undefined : confirmed)).filter(
    (name) => !there.includes(name),
  );
  return toCome.length === 0 ? [] : [{ kind: 'half-copy', there, toCome }];
}

/** What became durable in this start after it had made the slot, until a fault struck; undefined where it made none. */
function sinceSlot(history: readonly HistoryEvent[], start: number): HistoryEvent[] | undefined {
  const mine = history.filter(({ incarnation }) => incarnation === start);
  const struck = mine.findIndex(({ lane, kind }) => lane === 'fault' && kind === 'fired');
  const durable = mine.slice(0, struck === -1 ? undefined : struck).filter(({ point }) => point === 'after-durable');
  const made = durable.findIndex(({ boundary }) => boundary === 'pg.slot');
  return made === -1 ? undefined : durable.slice(made + 1);
}

function isCommit({ boundary }: HistoryEvent): boolean {
  return boundary === 'pg.commit';
}

function tablesOf(events: readonly HistoryEvent[]): string[] {
  return [...new Set(events.filter(isCommit).flatMap(({ role = '' }) => role.split('+')))];
}

/**
 * The transaction whose commit in the target came after its confirmation, as the undisturbed run shows it: each
 * confirmation is followed by one commit, and so is the last, after which nothing is left to commit.
 */
function confirmedFirst(recorded: readonly HistoryEvent[]): string | undefined {
  const order = recorded.filter(
    ({ boundary, point, incarnation, role }) =>
      incarnation === 1 &&
      point === 'after-durable' &&
      (boundary === 'pg.commit' || (boundary === 'pg.confirm' && role !== 'idle')),
  );
  const confirms = order.filter(({ boundary }) => boundary === 'pg.confirm');
  const [first] = confirms;
  if (first === undefined || order.at(-1)?.boundary === 'pg.confirm') return undefined;
  const commits = order.slice(order.indexOf(first)).length - confirms.length;
  return commits === confirms.length ? confirms.at(-1)?.role?.replace(/^t/, '') : undefined;
}
