import type { Point } from '#src/faults/schedule.ts';

export interface HistoryEvent {
  readonly atMs: number;
  readonly incarnation: number;
  readonly lane: 'program' | 'postgres' | 'http' | 'file' | 'fault' | 'oracle';
  readonly kind: string;
  readonly text: string;
  readonly boundary?: string;
  readonly nth?: number;
  readonly point?: Point;
  readonly detail?: Record<string, unknown>;
}
