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
  | { readonly kind: 'not-acknowledged' }
  | { readonly kind: 'impatient' }
  | { readonly kind: 'recovery-not-restartable'; readonly first: Fault; readonly second: Fault };

const KINDS = [
  'zombie-wrote',
  'kept-past-replacement',
  'gave-up-on-engine',
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
    if (isStuck) return [{ kind: 'gave-up-on-engine' }];
    return anomalies.includes('lost') ? [{ kind: 'not-acknowledged' }] : [];
  }
  return action === 'slow' && (isStuck || anomalies.includes('duplicate')) ? [{ kind: 'impatient' }] : [];
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
