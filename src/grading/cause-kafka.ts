import type { HistoryEvent } from '#src/faults/history.ts';

/** In which order a program writes and commits, as its undisturbed run shows it. */
export type KafkaCause =
  | { readonly kind: 'offset-before-write'; readonly record: Step; readonly offset: Step }
  | { readonly kind: 'offset-after-write'; readonly record: Step; readonly offset: Step }
  | { readonly kind: 'committed-unwritten' };

export interface Step {
  readonly boundary: string;
  readonly nth: number;
  readonly role: string | undefined;
}

/**
 * Nothing where both happen in one transaction: then no order is to blame. A program that writes nothing to Kafka writes
 * to PostgreSQL.
 */
export function kafkaCauses(recorded: readonly HistoryEvent[]): KafkaCause[] {
  const steps = recorded.filter(({ point, incarnation }) => point === 'after-durable' && incarnation === 1);
  if (steps.some(({ boundary }) => boundary === 'kafka.endtxn')) return [];
  const isOf = (name: string) => steps.some(({ boundary }) => boundary === name);
  const write = isOf('kafka.produce') ? 'kafka.produce' : 'pg.commit';
  const order = steps.flatMap(({ boundary = '', nth = 0, role }): Step[] =>
    boundary === write || boundary === 'kafka.offset' ? [{ boundary, nth, role }] : [],
  );
  const record = order.find(({ boundary }) => boundary === write);
  const offset = order.find(({ boundary }) => boundary === 'kafka.offset');
  if (record === undefined || offset === undefined) return [];
  const isLate = order.at(-1)?.boundary === 'kafka.offset' && order.indexOf(record) < order.indexOf(offset);
  return [{ kind: isLate ? 'offset-after-write' : 'offset-before-write', record, offset }];
}
