import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault } from '#src/faults/schedule.ts';

/** In which order a program writes and commits, as its undisturbed run shows it. */
export type KafkaCause =
  | { readonly kind: 'offset-before-write'; readonly record: Step; readonly offset: Step }
  | { readonly kind: 'offset-after-write'; readonly record: Step; readonly offset: Step }
  | { readonly kind: 'unanswered-write'; readonly record: Step }
  | { readonly kind: 'committed-unwritten' };

export interface Step {
  readonly boundary: string;
  readonly nth: number;
  readonly role: string | undefined;
}

/** Topics that the program writes without asking for an answer (acks=0): what is lost on the way there stays lost. */
export function unansweredTopics(recorded: readonly HistoryEvent[]): string[] {
  const written = (point: string): Set<string> =>
    new Set(
      recorded.flatMap(({ boundary, role, incarnation, ...event }) =>
        boundary === 'kafka.produce' && incarnation === 1 && event.point === point ? [role ?? ''] : [],
      ),
    );
  const answered = written('after-durable');
  return [...written('before')].filter((topic) => !answered.has(topic)).sort();
}

/**
 * Nothing where both happen in one transaction: then no order is to blame. A program that writes nothing to Kafka writes
 * to PostgreSQL.
 */
export function kafkaCauses(recorded: readonly HistoryEvent[], fault: Fault): KafkaCause[] {
  const { boundary, nth, role } = fault;
  if (boundary === 'kafka.produce' && unansweredTopics(recorded).includes(role ?? ''))
    return [{ kind: 'unanswered-write', record: { boundary, nth, role } }];
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
