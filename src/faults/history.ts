import type { Point } from '#src/faults/schedule.ts';

/** One thing that happened, as the proxies and the process control saw it. */
export interface HistoryEvent {
  /** Since the run began, in milliseconds. */
  readonly atMs: number;
  /** The program's start that it belongs to, from 1. */
  readonly incarnation: number;
  readonly lane: 'program' | 'postgres' | 'kafka' | 'http' | 'file' | 'fault' | 'oracle';
  readonly kind: string;
  readonly text: string;
  readonly boundary?: string;
  readonly nth?: number;
  /** Of the boundary, where it is known, and its number within it. */
  readonly role?: string;
  readonly roleNth?: number;
  /** It stands for all numbers above this one, up to its own. */
  readonly since?: number;
  readonly point?: Point;
  readonly detail?: Record<string, unknown>;
}

/** Without a start it belongs to the latest one. */
export type Told = Omit<HistoryEvent, 'atMs' | 'incarnation'> & {
  readonly atMs?: number;
  readonly incarnation?: number;
};

/** Writes down what happens, in the order in which it is told. */
export interface History {
  readonly events: readonly HistoryEvent[];
  /** Counts the program's starts; what is told belongs to the present one. */
  incarnation: number;
  /** Without a time it happened now. */
  tell(event: Told): void;
  /** The run's own time for a wall-clock time, as files carry it. */
  timeOf(wallMs: number): number;
}

/** More than this is not kept: a program that prints without end must not take the memory. */
const MAX_EVENTS = 200_000;

export function startHistory(): History {
  const events: HistoryEvent[] = [];
  const began = performance.now();
  const beganWall = Date.now();
  const now = (): number => Math.round((performance.now() - began) * 1000) / 1000;
  const history: History = {
    events,
    incarnation: 0,
    tell(event) {
      if (events.length < MAX_EVENTS) events.push({ atMs: now(), incarnation: history.incarnation, ...event });
    },
    timeOf: (wallMs) => Math.max(0, Math.min(now(), wallMs - beganWall)),
  };
  return history;
}
