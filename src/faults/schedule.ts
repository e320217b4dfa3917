export type Point = 'before' | 'after-durable' | 'client-moved-on';

export interface Fault {
  readonly action: string;
  readonly incarnation: number;
  readonly boundary: string;
  readonly nth: number;
  readonly point: Point;
  readonly argument?: string | undefined;
}

export interface Schedule {
  readonly lab: string;
  readonly stage: number;
  readonly seed: number;
  readonly size: number;
  readonly faults: readonly Fault[];
}
