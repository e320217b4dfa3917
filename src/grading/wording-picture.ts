import { SHIFT } from '#src/faults/clock.ts';
import type { Fault } from '#src/faults/schedule.ts';
import type { Anomaly } from '#src/grading/anomaly.ts';
import { boundaryWords, lowerFirst, survivedWords, type PointWords } from '#src/grading/wording.ts';
import { offWords } from '#src/grading/wording-actions.ts';
import { number } from '#src/grading/wording-oracle.ts';

// The picture

export const LANES = {
  program: { name: 'program', says: 'yours' },
  postgres: { name: 'PostgreSQL', says: 'commits made durable' },
  kafka: { name: 'Kafka', says: 'records, @ offsets' },
  http: { name: 'server', says: 'requests it acted on' },
  file: { name: 'files', says: 'written by your program' },
  fault: { name: 'faults', says: 'what we did' },
  oracle: { name: 'oracle', says: 'what a reader sees' },
} as const;

/** `of` is a stage's number, or what was typed. */
export function pictureTitle(of: number | string, title: string, found: string | undefined): string {
  return `${typeof of === 'number' ? `Stage ${of}` : of} · ${found ?? lowerFirst(title)}`;
}

export function pictureSubtitle(faults: readonly Fault[], seed: number, points: PointWords): string {
  const what = faults.map(({ action, argument = '', boundary, nth, role, point }) =>
    action === SHIFT
      ? `clock ${offWords(argument)}`
      : `${boundaryWords(boundary, nth, boundary.startsWith('pg.') ? role : undefined)}, ${PICTURE.points[point]}`,
  );
  const survived = points.tried === 0 ? [] : [survivedWords(points)];
  return [...(what.length === 0 ? [PICTURE.calm] : what), `seed ${seed}`, ...survived].join(' · ');
}

/** The few characters in a boundary's mark; offsets that are committed stand beside records that are written. */
export function markLabel(boundary: string | undefined, nth: number | undefined, role: string | undefined): string {
  // How many confirmations there were says less than which transaction is safe.
  if (boundary === 'pg.confirm') return `✓${role?.replace(/^t/, '') ?? ''}`;
  if (boundary === 'pg.slot') return 'slot';
  const before: Readonly<Record<string, string>> = { 'kafka.offset': '@', 'kafka.endtxn': '=' };
  return `${before[boundary ?? ''] ?? ''}${nth ?? ''}`;
}

export const PICTURE = {
  killed: 'killed',
  still: 'stands still',
  points: {
    before: 'sent, not yet received',
    'after-durable': 'durable',
    'client-moved-on': 'told, and gone on',
  },
  untold: 'reply never arrives',
  start: (nth: number): string => `start ${nth}`,
  ended: (code: number | null): string => (code === null ? 'ended by a signal' : `exit ${code}`),
  more: (count: number): string => `${number(count)} more`,
  calm: 'no fault',
  broken: (anomaly: Anomaly, count: number): string => `${number(count)} × ${anomaly}`,
  right: 'as expected',
} as const;
