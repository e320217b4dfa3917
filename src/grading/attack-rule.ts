import type { Point } from '#src/faults/schedule.ts';

/** What of a stage is attacked, and how. */
export interface AttackRule {
  readonly boundary: string;
  readonly actions?: readonly string[];
  readonly points?: readonly Point[];
  /** Each boundary is named by its role and its number within it, as a stream's are, which does things by the clock too. */
  readonly byRole?: boolean;
  /** No more schedules than this, but overnight: a crash of a server takes seconds. */
  readonly most?: number;
  /** Not on a save: it takes longer than anybody waits for then. */
  readonly from?: 'full';
}

/**
 * What a program on Kafka meets beside kills, where there is time: it is stopped until its group has gone on without it, and
 * let go on then; its broker dies and comes back, before it has a record, and when it has it and has not said so; and its
 * connection is cut then.
 */
export const BESIDES_KILLS: readonly AttackRule[] = [
  { boundary: 'kafka.produce', actions: ['pause'], points: ['after-durable'], from: 'full', most: 2 },
  { boundary: 'kafka.offset', actions: ['pause'], points: ['before'], from: 'full', most: 2 },
  { boundary: 'kafka.produce', actions: ['crash'], points: ['before'], from: 'full', most: 1 },
  { boundary: 'kafka.produce', actions: ['crash'], points: ['after-durable'], from: 'full', most: 1 },
  { boundary: 'kafka.offset', actions: ['crash'], points: ['before'], from: 'full', most: 1 },
  { boundary: 'kafka.produce', actions: ['cut'], points: ['after-durable'], from: 'full', most: 1 },
];

/** Boundaries of one kind that are counted together: all of a name, or those of one role. */
export interface Target {
  readonly boundary: string;
  readonly role?: string;
  readonly total: number;
  /** Where a boundary stands for several numbers: the last one of each that the first run passed. */
  readonly numbers?: readonly number[];
  /** Two undisturbed runs passed it differently often: by the clock, or by chance. */
  readonly varies?: boolean;
  /** Where not all of them can be met: a write that asks for no answer can only be held back. */
  readonly points?: readonly Point[];
}

export const POINTS: readonly Point[] = ['after-durable', 'before', 'client-moved-on'];

/** More boundaries than this are never tried by a level that a person waits for. */
export const MAX_BOUNDARIES = 40;

/** 1…total, at most `limit` of them: first, last, middle, their neighbours, then evenly spread. */
export function ordered(total: number, limit: number): number[] {
  if (total <= 0) return [];
  const middle = Math.ceil(total / 2);
  const telling = [1, total, middle, 2, total - 1, middle + 1, middle - 1].filter((nth) => nth >= 1 && nth <= total);
  const chosen = new Set(telling.slice(0, limit));
  // The stride is so wide that its last step still falls inside the limit.
  const others = Array.from({ length: total }, (_, i) => i + 1).filter((nth) => !chosen.has(nth));
  const room = Math.min(others.length, limit - chosen.size);
  for (let i = 0; i < room; i++) chosen.add(others[Math.floor((i * others.length) / room)] ?? 1);
  return [...chosen];
}
