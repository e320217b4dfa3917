import type { JournalEvent } from '#src/journal/event.ts';
import type { Zone } from '#src/study/day.ts';
import type { Course } from '#src/study/steps.ts';
import { studyTime, topicOf } from '#src/study/study-time.ts';

type Cell = string | number | boolean | null;

/** A table that the learner may ask: what is in it, its columns with DuckDB's types, its rows by column. */
export interface EventTable {
  readonly name: string;
  readonly about: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, Cell>>[];
}

/** An entry of the log, as far as it is asked. */
export interface LogRow {
  readonly id: string;
  readonly kind: string;
  readonly day: string | undefined;
  readonly text: string;
  readonly about: string | undefined;
  readonly answered: boolean;
}

export interface TablesInput {
  readonly course: Course;
  /** In fold order, without what was taken back. */
  readonly events: readonly JournalEvent[];
  readonly log: readonly LogRow[];
  readonly zone: Zone;
}

const WHEN = { at_utc: 'TIMESTAMP', day: 'DATE' } as const;
const STAGE = { lab: 'VARCHAR', stage: 'INTEGER' } as const;

/** What the events say, a table for each kind of question. Times are UTC; days are the learner's own. */
export function tablesOf({ course, events, log, zone }: TablesInput): readonly EventTable[] {
  const when: When = ({ at }) => ({ at_utc: at, day: zone(Date.parse(at)) });
  const of = rowsOf(events, when);
  return [
    table('events', 'everything that was written down, as it stands in events.jsonl', {
      columns: { id: 'VARCHAR', ...WHEN, machine: 'VARCHAR', kind: 'VARCHAR', topic: 'VARCHAR', line: 'JSON' },
      rows: events.map((event) => {
        const { id, machine, kind } = event;
        return { id, ...when(event), machine, kind, topic: topicOf(event) ?? null, line: JSON.stringify(event) };
      }),
    }),
    ...guideTables(of),
    ...labTables(of),
    table('study_time', 'minutes by day and guide or lab, estimated from the time between two things done', {
      columns: { day: 'DATE', topic: 'VARCHAR', minutes: 'DOUBLE' },
      rows: studyTime(events, zone).map(({ day, topic, ms }) => ({ day, topic, minutes: ms / 60_000 })),
    }),
    table('log', 'entries of your log', {
      columns: { id: 'VARCHAR', kind: 'VARCHAR', day: 'DATE', text: 'VARCHAR', about: 'VARCHAR', answered: 'BOOLEAN' },
      rows: log.map(({ id, kind, day, text, about, answered }) => ({
        ...{ id, kind, day: day ?? null, text },
        ...{ about: about ?? null, answered },
      })),
    }),
    ...courseTables(course, events),
  ];
}

type When = (event: JournalEvent) => { at_utc: string; day: string };
type RowsOf = ReturnType<typeof rowsOf>;

/** Gives the rows of one kind of event. */
function rowsOf(events: readonly JournalEvent[], when: When) {
  return <K extends JournalEvent['kind']>(
    kind: K,
    turn: (event: Extract<JournalEvent, { kind: K }>) => Record<string, Cell>,
  ) =>
    events
      .filter((event): event is Extract<JournalEvent, { kind: K }> => event.kind === kind)
      .map((event) => ({ ...when(event), ...turn(event) }));
}

function guideTables(of: RowsOf): EventTable[] {
  return [
    table('answers', 'answers in the quiz of a guide', {
      columns: { ...WHEN, guide: 'VARCHAR', question: 'VARCHAR', options: 'VARCHAR', correct: 'BOOLEAN' },
      rows: of('answered', ({ guide, question, options, right }) => ({
        guide,
        question,
        options: options.join(''),
        correct: right,
      })),
    }),
    table('predictions', 'what a block was expected to do; NULL where that was skipped', {
      columns: { ...WHEN, guide: 'VARCHAR', block: 'VARCHAR', option: 'VARCHAR' },
      rows: of('predicted', ({ guide, block, option }) => ({ guide, block, option: option ?? null })),
    }),
    table('runs', 'blocks that were run', {
      columns: {
        ...WHEN,
        guide: 'VARCHAR',
        block: 'VARCHAR',
        state: 'VARCHAR',
        edited: 'BOOLEAN',
        elapsed_ms: 'DOUBLE',
      },
      rows: of('ran', ({ guide, block, state, edited, elapsedMs: elapsed_ms }) => ({
        ...{ guide, block, state, edited },
        elapsed_ms,
      })),
    }),
    table('exercises', 'tries of an exercise', {
      columns: { ...WHEN, guide: 'VARCHAR', exercise: 'VARCHAR', outcome: 'VARCHAR', anomaly: 'VARCHAR' },
      rows: of('tried', ({ guide, exercise, outcome, anomaly }) => ({
        ...{ guide, exercise, outcome },
        anomaly: anomaly ?? null,
      })),
    }),
  ];
}

function labTables(of: RowsOf): EventTable[] {
  return [
    table('checks', 'stages of a lab that were graded', {
      columns: {
        ...{ ...WHEN, ...STAGE, level: 'VARCHAR', state: 'VARCHAR', anomaly: 'VARCHAR' },
        ...{ survived: 'INTEGER', tried: 'INTEGER', possible: 'INTEGER', schedule: 'VARCHAR' },
      },
      rows: of('graded', ({ lab, stage, level, state, anomaly, survived, tried, possible, schedule }) => ({
        ...{ lab, stage, level, state, anomaly: anomaly ?? null },
        ...{ survived, tried, possible, schedule: schedule ?? null },
      })),
    }),
    table('mendings', 'anomalies that turned from red to green', {
      columns: { ...WHEN, ...STAGE, anomaly: 'VARCHAR' },
      rows: of('mended', ({ lab, stage, anomaly }) => ({ lab, stage, anomaly })),
    }),
    table('reviews', 'cards that were met in review', {
      columns: { ...WHEN, card: 'VARCHAR', topic: 'VARCHAR', grade: 'VARCHAR', elapsed_ms: 'DOUBLE' },
      rows: of('reviewed', (event) => ({
        ...{ card: event.card, topic: topicOf(event) ?? null, grade: event.grade },
        elapsed_ms: event.elapsedMs,
      })),
    }),
  ];
}

/** What the events are about, so that an answer can say titles. */
function courseTables(course: Course, events: readonly JournalEvent[]): EventTable[] {
  const guides = course.groups.flatMap((group) =>
    group.guides.map(({ id, number, title }) => ({ id, title: `${number} · ${title}`, kind: 'guide' })),
  );
  const labs = course.labs.map(({ id, title, kind }) => ({ id, title, kind }));
  // What comes before the guides has no entry in the course; its name says what it is.
  const before = [...new Set(events.map(topicOf))].flatMap((id) => {
    if (id === 'placement') return [{ id, title: 'Ten questions', kind: 'placement' }];
    const name = /^primer-(.+)$/.exec(id ?? '')?.[1];
    return name === undefined || id === undefined
      ? []
      : [{ id, title: `Primer: ${name.replaceAll('-', ' ')}`, kind: 'primer' }];
  });
  return [
    table('topics', 'guides and labs by the names that other tables have for them', {
      columns: { id: 'VARCHAR', title: 'VARCHAR', kind: 'VARCHAR' },
      rows: [...guides, ...labs, ...before],
    }),
    table('questions', 'questions of the quizzes', {
      columns: { guide: 'VARCHAR', question: 'VARCHAR', title: 'VARCHAR', deep: 'BOOLEAN' },
      rows: course.guides.flatMap((guide) =>
        guide.questions.map(({ id, title, deep }) => ({ guide: guide.id, question: id, title, deep })),
      ),
    }),
  ];
}

function table(name: string, about: string, { columns, rows }: Pick<EventTable, 'columns' | 'rows'>): EventTable {
  return { name, about, columns, rows };
}
