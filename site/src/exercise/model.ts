import type { ExerciseEvent } from '#src/commands/exercise.ts';

type CaseEvent = Extract<ExerciseEvent, { type: 'case' }>;
export type Verdict = Extract<ExerciseEvent, { type: 'verdict' }>['verdict'];

export interface CaseRow {
  readonly id: string;
  readonly title: string;
  readonly state: 'waiting' | 'running' | CaseEvent['state'];
  readonly elapsedMs: number;
}

/** A check as the page shows it while it goes on. */
export interface Check {
  readonly rows: readonly CaseRow[];
  readonly verdict: Verdict | undefined;
  /** What takes time beside the cases, for example an engine that starts. */
  readonly words: string;
  /** Why the attempt is not in the learner's folder. */
  readonly unsaved: string;
}

export const NO_CHECK: Check = { rows: [], verdict: undefined, words: '', unsaved: '' };

export function follow(check: Check, event: ExerciseEvent): Check {
  const rows = (change: (row: CaseRow) => CaseRow): CaseRow[] => check.rows.map(change);
  switch (event.type) {
    case 'cases':
      return { ...check, rows: event.cases.map((one) => ({ ...one, state: 'waiting', elapsedMs: 0 })) };
    case 'progress':
      return { ...check, words: `${event.what} …` };
    case 'begun':
      return { ...check, words: '', rows: rows((row) => (row.id === event.id ? { ...row, state: 'running' } : row)) };
    case 'case': {
      const { state, elapsedMs } = event;
      return { ...check, rows: rows((row) => (row.id === event.id ? { ...row, state, elapsedMs } : row)) };
    }
    case 'unsaved':
      return { ...check, unsaved: `This attempt was not saved: ${event.message} ${event.remedy}` };
    case 'verdict':
      return { ...check, verdict: event.verdict, words: '' };
  }
}

/** The state of a case in words, so that no colour stands alone. */
export function stateWords({ state, elapsedMs }: CaseRow): string {
  const time = `${(elapsedMs / 1000).toFixed(1)} s`;
  return {
    waiting: 'not tried yet',
    running: 'running …',
    passed: `passed in ${time}`,
    failed: `failed after ${time}`,
    unknown: 'no outcome, and not your fault',
  }[state];
}

/** How it came out, in a sentence for the eye and for a screen reader. */
export function closing({ verdict, rows }: Check): string {
  if (verdict === undefined) return '';
  if (verdict.state === 'passed') return `Passed: right in all ${rows.length} cases.`;
  if (verdict.state === 'unknown') return `No outcome: ${verdict.why}. This does not count.`;
  return `Not yet. ${verdict.case.title}: ${verdict.finding.found}.`;
}
