/**
 * What is in the table after a crash and a restart, for six designs of the same step. A message with 3 rows is read, its
 * rows are written and committed, and that it is done is recorded; the crash falls between two of these, and then the step
 * runs again until it is acknowledged.
 */
export const DESIGNS = [
  { id: 'append-after', title: 'Append, position recorded after', keyed: false, order: ['effect', 'record'] },
  { id: 'append-before', title: 'Append, position recorded before', keyed: false, order: ['record', 'effect'] },
  { id: 'upsert-after', title: 'Upsert by key, position recorded after', keyed: true, order: ['effect', 'record'] },
  {
    id: 'dedup-apart',
    title: 'Deduplication table, committed after the effect',
    keyed: false,
    order: ['effect', 'record'],
  },
  {
    id: 'dedup-before',
    title: 'Deduplication table, committed before the effect',
    keyed: false,
    order: ['record', 'effect'],
  },
  { id: 'together', title: 'Effect and record in one transaction', keyed: false, order: ['both'] },
] as const;

export type Design = (typeof DESIGNS)[number];
export type Step = 'effect' | 'record' | 'both';

/** Rows that one message brings. */
export const ROWS = 3;

/** Where the crash can fall, as an index: 0 before anything is durable, then after each commit of the design. */
export function crashPoints(design: Design): number {
  return design.order.length + 1;
}

/** The steps of a design with the crash's place in them, for drawing. */
export function stepsOf(design: Design): readonly Step[] {
  return design.order;
}

export interface Outcome {
  /** Copies of each of the message's rows that the table holds in the end. */
  readonly copies: number;
  readonly anomaly: 'none' | 'duplicate' | 'lost';
}

interface State {
  copies: number;
  recorded: boolean;
}

/** Runs the design, crashes it after `crash` of its commits, and runs it again to its end. */
export function outcome(design: Design, crash: number): Outcome {
  const state: State = { copies: 0, recorded: false };
  for (const step of design.order.slice(0, crash)) apply(state, step, design.keyed);
  // The restart reads what is durable: a recorded message is not done again.
  if (!state.recorded) for (const step of design.order) apply(state, step, design.keyed);
  return { copies: state.copies, anomaly: state.copies === 0 ? 'lost' : state.copies > 1 ? 'duplicate' : 'none' };
}

function apply(state: State, step: Step, keyed: boolean): void {
  if (step === 'effect' || step === 'both') state.copies = keyed ? 1 : state.copies + 1;
  if (step === 'record' || step === 'both') state.recorded = true;
}
