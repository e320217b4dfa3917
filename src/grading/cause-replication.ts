import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault } from '#src/faults/schedule.ts';
import type { Anomaly } from '#src/grading/anomaly.ts';

/** How a program's target and its replication slot came to disagree. */
export type SlotCause =
  | { readonly kind: 'confirmed-first'; readonly transaction: string | undefined }
  | { readonly kind: 'applied-again' }
  | { readonly kind: 'slot-for-copy' }
  | { readonly kind: 'slot-gone' };

/** What a target shows that lacks changes of its source. */
const BEHIND: readonly Anomaly[] = ['lost', 'stale', 'phantom', 'corrupted'];
/** What it shows when changes came to it a second time. */
const TWICE: readonly Anomaly[] = ['duplicate', 'reordered', 'crashed'];

/** Where a fault struck the slot itself. A target that is behind leaves two ways, unless the order shows one of them. */
export function slotCauses(
  fault: Fault,
  anomalies: readonly Anomaly[],
  recorded: readonly HistoryEvent[],
): SlotCause[] {
  const isBehind = anomalies.some((anomaly) => BEHIND.includes(anomaly));
  if (fault.action === 'lose') return isBehind || anomalies.includes('crashed') ? [{ kind: 'slot-gone' }] : [];
  if (isBehind) {
    if (fault.boundary === 'pg.slot') return [{ kind: 'slot-for-copy' }];
    const transaction = confirmedFirst(recorded);
    if (transaction !== undefined) return [{ kind: 'confirmed-first', transaction }];
    return [{ kind: 'confirmed-first', transaction: undefined }, { kind: 'slot-for-copy' }];
  }
  const isTwice = fault.boundary === 'pg.confirm' && anomalies.some((anomaly) => TWICE.includes(anomaly));
  return isTwice ? [{ kind: 'applied-again' }] : [];
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
