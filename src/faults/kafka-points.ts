import type { History } from '#src/faults/history.ts';
import type { KafkaStep } from '#src/faults/kafka-counts.ts';
import type { Hit } from '#src/faults/postgres-proxy.ts';
import type { Point } from '#src/faults/schedule.ts';

export interface PointOptions {
  readonly history: Pick<History, 'tell'>;
  /** Asked at every point while the message is held: `drop` passes nothing more. */
  readonly onPoint: (hit: Hit) => Promise<'go' | 'drop'>;
  /** Whether something is to happen at this point: only then is it worth waiting for what is already under way. */
  readonly isDue?: (hit: Hit) => boolean;
}

/** What is known of the program while it is asked whether its next step is to pass. */
export interface Asking {
  readonly options: PointOptions;
  /** Told to the program; its next request in the foreground, on whatever connection, shows that it has gone on. */
  readonly told: KafkaStep[];
  readonly isHeld: boolean;
  readonly isSettled: boolean;
}

/** The program has gone on from all that it was told. */
export async function movedOn(asking: Asking): Promise<'go' | 'drop'> {
  for (let step = asking.told.shift(); step !== undefined; step = asking.told.shift()) {
    if ((await ask(asking, 'client-moved-on', step)) === 'drop') return 'drop';
  }
  return 'go';
}

export function isDue({ options }: Asking, point: Point, steps: readonly KafkaStep[]): boolean {
  return steps.some((step) => options.isDue?.(hitOf(point, step)) === true);
}

export async function ask(asking: Asking, point: Point, step: KafkaStep): Promise<'go' | 'drop'> {
  if (asking.isSettled) return 'go';
  const hit = hitOf(point, step);
  const { history, onPoint } = asking.options;
  history.tell({ lane: 'kafka', kind: 'boundary', text: `${step.boundary} ${step.role ?? ''}`.trim(), ...hit });
  return asking.isHeld ? 'drop' : onPoint(hit);
}

function hitOf(point: Point, { boundary, role, since, nth }: KafkaStep): Hit {
  return { boundary, nth, since, ...(role === undefined ? {} : { role, roleNth: nth }), point };
}
