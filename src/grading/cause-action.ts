import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault } from '#src/faults/schedule.ts';
import type { Anomaly } from '#src/grading/anomaly.ts';

/** Why a program fails of what is no single kill. */
export type ActionCause =
  | {
      readonly kind: 'zombie-wrote';
      readonly boundary: string;
      readonly nth: number;
      readonly role: string | undefined;
    }
  | { readonly kind: 'kept-past-replacement' }
  | { readonly kind: 'gave-up-on-engine' }
  | { readonly kind: 'waits-for-old-coordinator' }
  | { readonly kind: 'not-acknowledged' }
  | { readonly kind: 'impatient' }
  | { readonly kind: 'recovery-not-restartable'; readonly first: Fault; readonly second: Fault };

const KINDS = [
  'zombie-wrote',
  'kept-past-replacement',
  'gave-up-on-engine',
  'waits-for-old-coordinator',
  'not-acknowledged',
  'impatient',
  'recovery-not-restartable',
];

export function isOfAction(cause: { readonly kind: string }): cause is ActionCause {
  return KINDS.includes(cause.kind);
}

const CONTENT: readonly Anomaly[] = ['not-parked', 'wrongly-parked', 'wrong-reason', 'corrupted', 'stale', 'gap'];

/** By the order of the run that failed; the smallest schedule has what all of them are needed for. */
export function actionCauses(
  faults: readonly Fault[],
  failed: readonly HistoryEvent[],
  anomalies: readonly Anomaly[],
): ActionCause[] {
  const kills = faults.filter(({ action }) => action === 'kill');
  const [first, second] = kills;
  if (first !== undefined && second !== undefined && kills.length === faults.length)
    return [{ kind: 'recovery-not-restartable', first, second }];
  const action = faults.at(-1)?.action;
  const isStuck = anomalies.some((one) => one === 'crashed' || one === 'did-not-finish');
  if (action === 'pause') return zombieCauses(failed, anomalies);
  if (action === 'crash' && faults.at(-1)?.boundary.startsWith('kafka.') === true) {
    if (isStuck) return stuckCauses(failed);
    return anomalies.includes('lost') ? [{ kind: 'not-acknowledged' }] : [];
  }
  return action === 'slow' && (isStuck || anomalies.includes('duplicate')) ? [{ kind: 'impatient' }] : [];
}

/** One that goes on in a transaction, and stops where the group's offsets should join it, asks a broker that is no more. */
function stuckCauses(failed: readonly HistoryEvent[]): ActionCause[] {
  const struck = failed.findIndex(({ lane, kind }) => lane === 'fault' && kind === 'fired');
  const isStep = ({ kind, boundary = '', point }: HistoryEvent): boolean =>
    kind === 'boundary' &&
    point === 'after-durable' &&
    ['kafka.addtxn', 'kafka.offset', 'kafka.endtxn'].includes(boundary);
  const knewIt = failed.slice(0, struck).some((one) => isStep(one) && one.boundary === 'kafka.offset');
  const last = failed.slice(struck).findLast(isStep);
  const gaveUp = { kind: 'gave-up-on-engine' } as const;
  return knewIt && last?.boundary === 'kafka.addtxn' ? [{ kind: 'waits-for-old-coordinator' }, gaveUp] : [gaveUp];
}

function zombieCauses(failed: readonly HistoryEvent[], anomalies: readonly Anomaly[]): ActionCause[] {
  const resumed = failed.find(({ lane, kind }) => lane === 'program' && kind === 'resumed');
  if (resumed === undefined) return [];
  const late = failed.find(
    ({ atMs, incarnation, point, boundary }) =>
      atMs >= resumed.atMs &&
      incarnation === resumed.incarnation &&
      point === 'after-durable' &&
      boundary !== undefined,
  );
  const kept: ActionCause[] = anomalies.some((one) => CONTENT.includes(one)) ? [{ kind: 'kept-past-replacement' }] : [];
  if (late?.boundary === undefined) return kept;
  const { boundary, nth = 0, role } = late;
  return [...kept, { kind: 'zombie-wrote', boundary, nth, role }];
}
