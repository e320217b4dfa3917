import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault } from '#src/faults/schedule.ts';

export interface Written {
  /** How many commits the program makes when nothing disturbs it. */
  readonly commits: number;
  /** When its position file changes. */
  readonly position?: 'after' | 'before' | undefined;
  /** The tables that commit n writes. */
  readonly tables?: (nth: number) => readonly string[];
  readonly fault?: Fault;
}

/** The history that a simple batch program leaves: made by rule, so that a test can say what it is about. */
export function history({ commits, position, tables, fault }: Written): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  let atMs = 0;
  const tell = (incarnation: number, event: Omit<HistoryEvent, 'atMs' | 'incarnation'>): void => {
    atMs += 1;
    events.push({ atMs, incarnation, ...event });
  };
  const save = (incarnation: number): void =>
    tell(incarnation, { lane: 'file', kind: 'changed', text: 'position.json' });
  const starts = fault === undefined ? 1 : 2;
  for (let start = 1; start <= starts; start++) {
    tell(start, { lane: 'program', kind: 'started', text: 'python main.py' });
    let isDead = false;
    for (let nth = 1; nth <= commits && !isDead; nth++) {
      if (position === 'before') save(start);
      const detail = tables === undefined ? {} : { detail: { tables: tables(nth) } };
      for (const point of ['before', 'after-durable', 'client-moved-on'] as const) {
        if (point === 'client-moved-on' && position === 'after') save(start);
        const boundary = { boundary: 'pg.commit', nth, point };
        tell(start, { lane: 'postgres', kind: 'boundary', text: `commit ${nth}`, ...boundary, ...detail });
        if (start === 1 && fault?.nth === nth && fault.point === point) {
          tell(start, { lane: 'fault', kind: 'fired', text: 'kill', ...boundary });
          tell(start, { lane: 'program', kind: 'killed', text: 'killed' });
          isDead = true;
          break;
        }
      }
    }
    if (!isDead) tell(start, { lane: 'program', kind: 'exited', text: 'exit 0' });
  }
  return events;
}

export function kill(nth: number, point: Fault['point'] = 'after-durable'): Fault {
  return { action: 'kill', incarnation: 1, boundary: 'pg.commit', nth, point };
}
