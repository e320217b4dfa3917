import {
  compareParted,
  compareReport,
  neverFalls,
  type BadRecord,
  type Finding,
  type GoodRecord,
  type Stage,
  type StageInput,
  type StagePlan,
  type Trial,
} from '#src/grading/api.ts';

const noun = { one: 'order', many: 'orders' };
const COLUMNS = ['order_id', 'customer', 'amount', 'ordered_on', 'note'] as const;
const TABLES = [
  `CREATE TABLE orders (order_id text NOT NULL, customer text NOT NULL, amount numeric NOT NULL, ordered_on date NOT NULL,
     note text NOT NULL, file text, line integer)`,
  'CREATE TABLE quarantine (raw text NOT NULL, reason text NOT NULL, file text, line integer)',
];
const BRANCHES = 3;
/** One record in so many is bad. */
const ONE_BAD_IN = 12;

/** Files only: the good rows in, the bad ones aside. */
export const stage1: Stage = (input) => delivery(input, {});

/** The same, killed before, at and after every commit, and run once more at the end. */
export const stage2: Stage = (input) =>
  delivery(input, {
    attack: [{ boundary: 'pg.commit' }],
    rerun: true,
    reader: 'SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM quarantine) AS quarantine',
  });

interface Sent {
  readonly files: Readonly<Record<string, string>>;
  readonly good: readonly GoodRecord[];
  readonly bad: readonly BadRecord[];
}

function delivery(input: StageInput, more: Partial<StagePlan>): StagePlan {
  const sent = send(input);
  return {
    noun,
    inputs: sent.files,
    tables: TABLES,
    outputs: ['report.json'],
    judge: async (trial) => [...(await conserved(trial, sent)), ...neverFalls(trial.samples)],
    ...more,
  };
}

async function conserved(trial: Trial, { good, bad }: Sent): Promise<Finding[]> {
  const found = compareParted({
    noun,
    good,
    bad,
    key: 'order_id',
    loaded: await trial.query('SELECT order_id, customer, amount, ordered_on::text AS ordered_on, note FROM orders'),
    parked: await trial.query('SELECT raw, reason FROM quarantine'),
  });
  // A report on wrong tables is wrong, too; it is told only where it is the one thing that is.
  if (found.length > 0) return found;
  const quarantined: Record<string, number> = {};
  for (const { reason } of bad) quarantined[reason] = (quarantined[reason] ?? 0) + 1;
  const text = await trial.output('report.json');
  return compareReport({ file: 'report.json', text, due: { loaded: good.length, quarantined } });
}

type Fields = readonly [order: string, customer: string, amount: string, day: string, note: string];

/** What can be wrong with a record, one thing at a time. */
const SPOILT: readonly [reason: string, spoil: (fields: Fields) => readonly string[]][] = [
  ['date', ([id, customer, amount, , note]) => [id, customer, amount, '03/01/2026', note]],
  ['amount', ([id, customer, , day, note]) => [id, customer, '12,50', day, note]],
  ['columns', ([id, customer, amount, day]) => [id, customer, amount, day]],
  ['missing', ([id, , amount, day, note]) => [id, '', amount, day, note]],
  ['amount', ([id, customer, , day, note]) => [id, customer, 'NaN', day, note]],
  ['date', ([id, customer, amount, , note]) => [id, customer, amount, '2026-02-30', note]],
  ['columns', (fields) => [...fields, 'again']],
  ['amount', ([id, customer, , day, note]) => [id, customer, '-5.00', day, note]],
  ['missing', ([, customer, amount, day, note]) => ['', customer, amount, day, note]],
  ['amount', ([id, customer, , day, note]) => [id, customer, '', day, note]],
  ['date', ([id, customer, amount, , note]) => [id, customer, amount, '', note]],
  ['amount', ([id, customer, , day, note]) => [id, customer, 'free', day, note]],
];

const NOTES = [
  '',
  '',
  '',
  'gift',
  'ring twice',
  'blue, please',
  'say "hello"',
  'für Zoë',
  'back door; then left',
] as const;

function send({ size, random }: StageInput): Sent {
  const files = Array.from({ length: BRANCHES }, () => [COLUMNS.join(',')]);
  const good: GoodRecord[] = [];
  const bad: BadRecord[] = [];
  const places = random.fork('bad');
  const values = random.fork('values');
  for (let i = 0; i < size; i++) {
    const id = `o-${String(i + 1).padStart(6, '0')}`;
    const customer = `c-${String(values.below(500)).padStart(4, '0')}`;
    const amount = `${1 + values.below(300)}.${String(values.below(100)).padStart(2, '0')}`;
    const day = `2026-03-${String(1 + values.below(28)).padStart(2, '0')}`;
    const fields: Fields = [id, customer, amount, day, values.pick(NOTES)];
    // The fourth record is always bad, so that even the smallest input holds one.
    const [reason, spoil] = SPOILT[bad.length % SPOILT.length] ?? ['', undefined];
    const isBad = i === 3 || (i > 3 && places.below(ONE_BAD_IN) === 0);
    const cells = isBad && spoil !== undefined ? spoil(fields) : fields;
    const raw = cells.map(cell).join(',');
    if (isBad) bad.push({ raw, reason, ...(cells[0] === '' ? {} : { key: id }) });
    else good.push({ raw, row: { order_id: id, customer, amount, ordered_on: day, note: fields[4] } });
    files[Math.floor((i * BRANCHES) / size)]?.push(raw);
  }
  const named = files.map((lines, i) => [`branch-${i + 1}.csv`, `${lines.join('\n')}\n`]);
  return { files: Object.fromEntries(named) as Record<string, string>, good, bad };
}

/** A cell as CSV writes it. */
function cell(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
