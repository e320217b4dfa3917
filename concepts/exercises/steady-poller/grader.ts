import {
  faultWords,
  finding,
  killsOf,
  type CaseFinding,
  type ExerciseBench,
  type ExerciseCase,
  type ExercisePlace,
} from '#src/grading/api.ts';

/** What each place begins with; the guide shows the tables to the learner. */
const TABLES = `
  CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY, xid xid8 DEFAULT pg_current_xact_id());
  CREATE TABLE warehouse (id int);
  CREATE TABLE position (at text);
  INSERT INTO position VALUES ('0');
`;

/** What the tills do and when the poller is called: `A insert`, `B commit`, `P poll`. */
type Steps = readonly string[];

const IN_ORDER: Steps = ['A insert', 'A commit', 'P poll', 'B insert', 'B commit', 'P poll', 'P poll'];
/** As short as it may be, because each of its commits is a few runs. */
const ONE: Steps = ['A insert', 'A commit', 'P poll'];
const OVERTAKEN: Steps = ['A insert', 'B insert', 'B commit', 'P poll', 'A commit', 'P poll'];
const MANY: Steps = [
  'A insert',
  ...Array.from({ length: 8 }).flatMap(() => ['B insert', 'B commit']),
  'P poll',
  'C insert',
  'C commit',
  'P poll',
  'A commit',
  'P poll',
];
const ROLLED_BACK: Steps = [
  'A insert',
  'A commit',
  'B insert',
  'B rollback',
  'A insert',
  'A commit',
  'P poll',
  'P poll',
];

export const cases: readonly ExerciseCase[] = [
  { id: 'in-order', title: 'Orders that are committed one after the other', play: (bench) => played(bench, IN_ORDER) },
  { id: 'overtaken', title: 'An order that is overtaken by another', play: (bench) => played(bench, OVERTAKEN) },
  { id: 'overtaken-by-many', title: 'An order that is overtaken by nine', play: (bench) => played(bench, MANY) },
  { id: 'rolled-back', title: 'An order that is rolled back', play: (bench) => played(bench, ROLLED_BACK) },
  { id: 'killed', title: 'Killed at each commit, and started again', play: killed },
];

async function played(bench: ExerciseBench, steps: Steps): Promise<CaseFinding | undefined> {
  const place = await placeWith(bench, steps);
  await place.run();
  const likely = {
    lost: 'A poll had read a higher id, or had moved its position past the order, before the order could be seen.',
    duplicate: 'The same order was read by two polls, and nothing kept it from being stored twice.',
  };
  return judged(place, `let the tills and your poller take turns: ${steps.join(', ')}`, likely);
}

async function killed(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const calm = await (await placeWith(bench, ONE)).run();
  const likely = {
    lost: 'The position was made durable before the orders were. Started again, your poller takes them for loaded.',
    duplicate:
      'The orders were made durable, and the position was not. Started again, your poller loads them once more.',
  };
  for (const fault of killsOf(calm)) {
    const place = await placeWith(bench, ONE);
    await place.run({ faults: [fault] });
    const found = await judged(place, `${faultWords(fault)}; then started it again, with new orders`, likely);
    if (found !== undefined) return found;
  }
  return undefined;
}

function placeWith(bench: ExerciseBench, steps: Steps): Promise<ExercisePlace> {
  const lines = steps.map((step) => `${step.replace(' ', ',')}\n`);
  return bench.place({ sql: TABLES, files: { 'steps.csv': lines.join('') } });
}

/** Every order is in the warehouse once. What became of ids that were rolled back is nobody's business. */
async function judged(
  place: ExercisePlace,
  did: string,
  likely: { readonly lost: string; readonly duplicate: string },
): Promise<CaseFinding | undefined> {
  const rows = await place.query(`
    SELECT o.id, count(w.id) AS copies FROM orders o LEFT JOIN warehouse w ON w.id = o.id
    GROUP BY o.id HAVING count(w.id) <> 1 ORDER BY o.id`);
  const of = (wanted: (copies: number) => boolean): string[] =>
    rows.filter((row) => wanted(Number(row['copies']))).map((row) => `order ${String(row['id'])}`);
  const [lost, twice] = [of((copies) => copies === 0), of((copies) => copies > 1)];
  const [anomaly, witnesses] = lost.length > 0 ? (['lost', lost] as const) : (['duplicate', twice] as const);
  if (witnesses.length === 0) return undefined;
  const found = `${witnesses.slice(0, 5).join(', ')} ${anomaly === 'lost' ? 'missing' : 'more than once'}`;
  const expected = 'every order in the warehouse once';
  return { ...finding({ anomaly, expected, found, count: witnesses.length }), did, likely: likely[anomaly] };
}
