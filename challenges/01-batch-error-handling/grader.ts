import {
  ASKED,
  compareParted,
  compareReport,
  DELIVERY,
  finding,
  judgeRequests,
  neverSettled,
  mostRetries,
  mutated,
  neverFalls,
  onlySees,
  type BadRecord,
  type Finding,
  type FollowUp,
  type GoodRecord,
  type HttpLog,
  type HttpPayment,
  type HttpTrouble,
  type Random,
  type Row,
  type Stage,
  type StageInput,
  type StagePlan,
  type Trial,
} from '#src/grading/api.ts';

const noun = { one: 'order', many: 'orders' };
const paymentNoun = { one: 'payment', many: 'payments' };
const COLUMNS = ['order_id', 'customer', 'amount', 'ordered_on', 'note'] as const;
const TABLES = [
  `CREATE TABLE orders (order_id text NOT NULL, customer text NOT NULL, amount numeric NOT NULL,
     ordered_on date NOT NULL, note text NOT NULL, file text, line integer)`,
  'CREATE TABLE quarantine (raw text NOT NULL, reason text NOT NULL, file text, line integer)',
  'CREATE TABLE payments (payment_id text NOT NULL, order_id text NOT NULL, amount numeric NOT NULL)',
];
const COUNTS =
  'SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM quarantine) AS quarantine, ' +
  '(SELECT count(*) FROM payments) AS payments';
/** Exit codes with a meaning, beside 0. */
const EXIT = { refused: 3, spent: 4 } as const;
const BRANCHES = 3;
const FIRST_DAY = 1;

/** Files only: the good records in, the bad ones aside. */
export const stage1: Stage = (input) => plan(sendAll(input, FIRST_DAY));

/** The same, killed before, at and after every commit, and run once more at the end. */
export const stage2: Stage = (input) =>
  plan(sendAll(input, FIRST_DAY), { attack: [{ boundary: 'pg.commit' }], rerun: true, reader: COUNTS });

/** The payments API in bad shape: it refuses, stumbles, is too busy, and loses answers after it has acted. */
export const stage3: Stage = (input) => {
  const sent = sendAll(input, FIRST_DAY);
  const api = troubled(sent, input.random.fork('api'));
  return plan(sent, {
    http: { payments: api.payments, pageSize: 5, troubles: api.troubles, silenceMs: 3000 },
    env: { HTTP_TIMEOUT: '1', RETRY_PAUSE: String(FIRST_PAUSE_S) },
    attack: [{ boundary: 'http.request', points: ['after-durable', 'before'] }, { boundary: 'pg.commit' }],
    rerun: true,
    reader: COUNTS,
    judge: async (trial) => [...asked(trial, api, true), ...(await conserved(trial, sent, api))],
  });
};

/** Files as they come in real life. */
export const stage4: Stage = (input) =>
  plan(dirty(input), { attack: [{ boundary: 'pg.commit', points: ['after-durable'] }], rerun: true, reader: COUNTS });

/** All of a delivery or nothing: a good one under attack, then one with too many errors, then that one corrected. */
export const stage5: Stage = (input) => {
  const today = sendAll(input, FIRST_DAY + 1);
  const earlier = makeRecords({ size: EARLIER, random: input.random.fork('earlier') }, 'e', 0).filter(isGood);
  return plan(today, {
    tables: [...TABLES, ...earlier.map(insertOf)],
    env: { ERROR_LIMIT: String(ERROR_LIMIT) },
    attack: [{ boundary: 'pg.commit' }],
    reader: 'SELECT count(*) AS orders FROM orders',
    judge: async (trial) => {
      const partial = onlySees(trial.samples, earlier.length, earlier.length + today.good.length);
      return [...partial, ...(await conserved(trial, { ...today, good: [...earlier.map(goodOf), ...today.good] }))];
    },
    then: nextDay(input, [...earlier.map(goodOf), ...today.good]),
  });
};

/** The payments API goes away for good: retries come out of one budget, and when it is spent the run ends. */
export const stage6: Stage = (input) => {
  const sent = sendAll(input, FIRST_DAY);
  const api = failing(sent, input.random.fork('api'));
  return plan(sent, {
    http: { payments: api.payments, pageSize: 5, troubles: api.troubles },
    env: { HTTP_TIMEOUT: '5', RETRY_PAUSE: '0.05', RETRY_BUDGET: String(RETRY_BUDGET) },
    expectedExit: EXIT.spent,
    judge: async (trial) => {
      const { http } = trial;
      const settled = api.payments.filter(({ id }) => (http?.settled[id] ?? 0) > 0);
      const budget = http === undefined ? [] : budgeted(http);
      return [...budget, ...asked(trial, { ...api, good: [] }), ...(await recorded(trial, { ...api, good: settled }))];
    },
  });
};

// What is judged

interface Sent {
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly good: readonly GoodRecord[];
  readonly bad: readonly BadRecord[];
}

interface Api {
  readonly payments: readonly Payment[];
  readonly troubles: readonly HttpTrouble[];
  /** Those that the server settles when it is asked rightly, and those that it refuses for good. */
  readonly good: readonly Payment[];
  readonly refused: readonly Payment[];
}

type Payment = HttpPayment & { readonly order_id: string; readonly amount: string };

function plan(sent: Sent, more: Partial<StagePlan> = {}): StagePlan {
  return {
    noun,
    inputs: sent.files,
    tables: TABLES,
    outputs: ['report.json'],
    codes: [EXIT.refused, EXIT.spent],
    judge: async (trial) => [...(await conserved(trial, sent)), ...neverFalls(trial.samples)],
    ...more,
  };
}

async function conserved(trial: Trial, { good, bad }: Sent, api?: Api): Promise<Finding[]> {
  const ids = new Set(api?.payments.map(({ id }) => id));
  const parked = await trial.query('SELECT raw, reason FROM quarantine');
  const found = compareParted({
    noun,
    good,
    bad,
    key: 'order_id',
    loaded: await trial.query('SELECT order_id, customer, amount, ordered_on::text AS ordered_on, note FROM orders'),
    parked: parked.filter(({ raw }) => !ids.has(String(raw))),
  });
  const paid = api === undefined ? [] : await recorded(trial, api);
  // A report on wrong tables is wrong, too; it is told only where it is the one thing that is.
  if (found.length + paid.length > 0) return [...found, ...paid];
  const quarantined: Record<string, number> = {};
  for (const { reason } of bad) quarantined[reason] = (quarantined[reason] ?? 0) + 1;
  if (api !== undefined) quarantined['refused'] = api.refused.length;
  const due = { loaded: good.length, ...(api === undefined ? {} : { settled: api.good.length }), quarantined };
  return compareReport({ file: 'report.json', text: await trial.output('report.json'), due });
}

/** Payments in the table as the server has them, the refused ones in quarantine. */
async function recorded(trial: Trial, { payments, good, refused }: Api): Promise<Finding[]> {
  const ids = new Set(payments.map(({ id }) => id));
  const parked = await trial.query('SELECT raw, reason FROM quarantine');
  return compareParted({
    noun: paymentNoun,
    good: good.map(({ id, order_id, amount }) => ({ raw: id, row: { payment_id: id, order_id, amount } })),
    bad: refused.map(({ id }) => ({ raw: id, reason: 'refused', keys: [id] })),
    key: 'payment_id',
    loaded: await trial.query('SELECT payment_id, order_id, amount FROM payments'),
    parked: parked.filter(({ raw }) => ids.has(String(raw))),
  });
}

function asked({ http, exits }: Trial, { good, payments }: Api, isPaced = false): Finding[] {
  if (http === undefined) return [];
  // A kill in between makes pauses of its own.
  const pacing = isPaced && exits.length === 1;
  const due = good.map(({ id }) => id);
  return [
    ...judgeRequests(http, { noun: paymentNoun, due: payments.map(({ id }) => id), pacing }),
    ...neverSettled(http, due),
  ];
}

function budgeted(http: HttpLog): Finding[] {
  const most = mostRetries(http);
  const over = judgeRequests(http, { noun: paymentNoun, due: [], budget: RETRY_BUDGET });
  const early = most < FEWEST_SPENT * RETRY_BUDGET;
  const gaveUp = finding({ anomaly: 'missing-retry', ...ASKED.gaveUp(RETRY_BUDGET, most), count: 1 });
  return [...over.filter(({ anomaly }) => anomaly === 'over-budget'), ...(early ? [gaveUp] : [])];
}

// Orders

interface Made {
  readonly raw: string;
  readonly cells: readonly string[];
  /** Why it is bad; undefined where it is good. */
  readonly reason: string | undefined;
  readonly order: string;
}

type Fields = readonly [order: string, customer: string, amount: string, day: string, note: string];

/** What can be wrong with a record; where two things are, the reason is the first of the list. */
const SPOILT: readonly [reason: string, spoil: (fields: Fields) => readonly string[]][] = [
  ['date', ([id, customer, amount, , note]) => [id, customer, amount, '03/01/2026', note]],
  ['amount', ([id, customer, , day, note]) => [id, customer, '12,50', day, note]],
  ['columns', ([id, customer, amount, day]) => [id, customer, amount, day]],
  ['missing', ([id, , amount, day, note]) => [id, '', amount, day, note]],
  ['amount', ([id, customer, , day, note]) => [id, customer, 'NaN', day, note]],
  ['date', ([id, customer, amount, , note]) => [id, customer, amount, '20260301', note]],
  ['amount', ([id, customer, , day, note]) => [id, customer, '1e2', day, note]],
  ['missing', ([id, , , day, note]) => [id, '', 'free', day, note]],
  ['columns', (fields) => [...fields, 'again']],
  ['amount', ([id, customer, , day, note]) => [id, customer, '19.9', day, note]],
  ['date', ([id, customer, amount, , note]) => [id, customer, amount, '2026-02-30', note]],
  ['amount', ([id, customer, , day, note]) => [id, customer, '-5.00', day, note]],
  ['missing', ([, customer, amount, day, note]) => ['', customer, amount, day, note]],
  ['amount', ([id, customer, , , note]) => [id, customer, '', '2026-13-01', note]],
  ['date', ([id, customer, amount, , note]) => [id, customer, amount, '', note]],
  ['amount', ([id, customer, , day, note]) => [id, customer, '0.00', day, note]],
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
const LETTERS = ['two\nlines', 'please\n\ncall, then "knock"\n', 'ends here\n'] as const;

/** `badIn`: one record in so many is bad; none where it is 0. */
function makeRecords(
  { size, random }: Pick<StageInput, 'size' | 'random'>,
  prefix: string,
  badIn: number,
  notes: readonly [string, ...string[]] = NOTES,
): Made[] {
  const places = random.fork('bad');
  const values = random.fork('values');
  let spoilt = 0;
  return Array.from({ length: size }, (_, i): Made => {
    const order = `${prefix}-${String(i + 1).padStart(6, '0')}`;
    const customer = `c-${String(values.below(500)).padStart(4, '0')}`;
    const amount = `${1 + values.below(300)}.${String(values.below(100)).padStart(2, '0')}`;
    const day = `2026-03-${String(1 + values.below(28)).padStart(2, '0')}`;
    const fields: Fields = [order, customer, amount, day, values.pick(notes)];
    // The fourth record is always bad, so that even the smallest input holds one.
    const isBad = badIn > 0 && (i === 3 || (i > 3 && places.below(badIn) === 0));
    const [reason, spoil] = (isBad ? SPOILT[spoilt++ % SPOILT.length] : undefined) ?? [undefined, undefined];
    const cells = spoil?.(fields) ?? fields;
    return { raw: cells.map(cell).join(','), cells, reason, order };
  });
}

/** A cell as CSV writes it. */
function cell(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** The smallest check sends each kind of badness once. */
const ONE_BAD_IN = 8;

function sendAll(input: StageInput, day: number, badIn = ONE_BAD_IN): Sent {
  const made = makeRecords(input, 'o', badIn);
  return { files: filesOf(made, day), ...partsOf(made) };
}

function partsOf(made: readonly Made[]): Pick<Sent, 'good' | 'bad'> {
  const bad = made.flatMap(({ raw, reason, cells, order }) =>
    reason === undefined ? [] : [{ raw, reason, keys: cells[0] === '' ? [] : [order] }],
  );
  return { good: made.filter(isGood).map(goodOf), bad };
}

function isGood({ reason }: Made): boolean {
  return reason === undefined;
}

function goodOf({ raw, cells }: Made): GoodRecord {
  const [order_id, customer, amount, ordered_on, note] = cells;
  return { raw, row: { order_id, customer, amount, ordered_on, note } };
}

/** Each branch sends a part of the records. */
function filesOf(made: readonly Made[], day: number): Record<string, string> {
  const share = Math.ceil(made.length / BRANCHES);
  const files = Array.from({ length: BRANCHES }, (_, i): [string, string] => [
    `2026-03-0${day}-branch-${i + 1}.csv`,
    textOf(made.slice(i * share, (i + 1) * share)),
  ]);
  return Object.fromEntries(files);
}

function textOf(made: readonly Made[]): string {
  return [COLUMNS.join(','), ...made.map(({ raw }) => raw), ''].join('\n');
}

// Dirty files

/** A byte order mark and Windows lines, quoted line ends packed with gzip, a copy cut short, and bytes that are no UTF-8. */
function dirty(input: StageInput): Sent {
  const quarter = Math.max(8, Math.floor(input.size / 4));
  const part = (label: string, notes?: readonly [string, ...string[]]): Made[] =>
    makeRecords({ size: quarter, random: input.random.fork(label) }, label, ONE_BAD_IN, notes);
  const marked = part('m');
  const letters = part('q', ['', LETTERS[0], 'gift', LETTERS[1], LETTERS[2]]);
  const short = part('t');
  const bytes = part('b');
  const latin = bytes.filter(isGood).filter((_, i) => i % 5 === 1);
  const file = (branch: number, end = 'csv'): string => `2026-03-01-branch-${branch}.${end}`;
  const sent = partsOf([...marked, ...letters, ...bytes.filter((one) => !latin.includes(one))]);
  return {
    files: {
      [file(1)]: mutated(textOf(marked), { kind: 'windows-lines' }, { kind: 'byte-order-mark' }),
      [file(2, 'csv.gz')]: mutated(textOf(letters), { kind: 'gzip' }),
      [file(3, 'csv.gz')]: mutated(textOf(short), { kind: 'cut-gzip', keep: 0.6 }),
      [file(4)]: mutated(latinText(bytes, latin), { kind: 'no-last-newline' }),
    },
    good: sent.good,
    bad: [
      ...sent.bad,
      { raw: file(3, 'csv.gz'), reason: 'truncated', keys: short.map(({ order }) => order) },
      ...latin.map(({ cells, order }) => ({ raw: spelt(cells), reason: 'encoding', keys: [order] })),
    ],
  };
}

/** The byte E9 is é in Latin-1, and no text in UTF-8 before another ASCII character. */
const LATIN_NOTE = Buffer.from('caf\xe9 noir', 'latin1');

function latinText(made: readonly Made[], latin: readonly Made[]): Buffer {
  const lines = made.flatMap((one) => {
    const line = latin.includes(one)
      ? Buffer.concat([Buffer.from(`${one.cells.slice(0, 4).join(',')},`), LATIN_NOTE])
      : Buffer.from(one.raw);
    return [line, Buffer.from('\n')];
  });
  return Buffer.concat([Buffer.from(`${COLUMNS.join(',')}\n`), ...lines]);
}

/** The same line as quarantine must hold it. */
function spelt(cells: readonly string[]): string {
  return `${cells.slice(0, 4).join(',')},caf\\xe9 noir`;
}

// Deliveries one after the other

const EARLIER = 20;
const ERROR_LIMIT = 0.2;
const TOO_MANY_BAD_IN = 2;

function insertOf({ cells }: Made): string {
  const values = cells.map((value) => `'${value.replaceAll("'", "''")}'`).join(', ');
  return `INSERT INTO orders (order_id, customer, amount, ordered_on, note, file) VALUES (${values}, '2026-03-01-branch-1.csv')`;
}

/** A delivery that is refused, and the same one corrected: loaded whole, whatever the refused one left. */
function nextDay(input: StageInput, before: readonly GoodRecord[]): FollowUp[] {
  const random = input.random.fork('next day');
  const size = Math.max(20, Math.floor(input.size / 4));
  const spoilt = makeRecords({ size, random }, 'n', TOO_MANY_BAD_IN);
  const corrected = makeRecords({ size, random }, 'n', 0);
  const count = spoilt.length - spoilt.filter(isGood).length;
  const after = [...before, ...corrected.map(goodOf)];
  return [
    {
      did: DELIVERY.spoilt(count, size, ERROR_LIMIT),
      inputs: filesOf(spoilt, FIRST_DAY + 2),
      expectedExit: EXIT.refused,
      judge: async (trial) => unpublished(trial, before),
    },
    {
      did: DELIVERY.corrected,
      inputs: filesOf(corrected, FIRST_DAY + 2),
      judge: async (trial) => [
        ...onlySees(trial.samples, before.length, after.length),
        ...compareParted({ noun, good: after, bad: [], key: 'order_id', loaded: await ordersOf(trial), parked: [] }),
      ],
    },
  ];
}

function ordersOf(trial: Trial): Promise<readonly Row[]> {
  return trial.query('SELECT order_id, customer, amount, ordered_on::text AS ordered_on, note FROM orders');
}

async function unpublished(trial: Trial, before: readonly GoodRecord[]): Promise<Finding[]> {
  const stood = new Set(before.map(({ row }) => row['order_id']));
  const found = (await ordersOf(trial)).map(({ order_id }) => order_id);
  const published = found.filter((id) => !stood.has(id)).map(String);
  const there = new Set(found);
  const gone = [...stood].filter((id) => !there.has(id)).map(String);
  const tell = (anomaly: Finding['anomaly'], ids: readonly string[], words: (count: number) => string): Finding[] =>
    ids.length === 0
      ? []
      : [finding({ anomaly, expected: DELIVERY.nothing, found: words(ids.length), count: ids.length, witnesses: ids })];
  return [
    ...tell('lost', gone, DELIVERY.gone),
    ...tell('published-anyway', published, DELIVERY.published),
    // Published and taken back: a reader saw it all the same.
    ...(published.length + gone.length > 0 ? [] : onlySees(trial.samples, before.length, before.length)),
  ];
}

// The payments API

const FIRST_PAUSE_S = 0.15;
const RETRY_BUDGET = 8;
/** A run that ends with more of its budget left has given up. */
const FEWEST_SPENT = 0.75;
const FEWEST_PAYMENTS = 18;
/** Settled before the API goes away. */
const SETTLED_FIRST = 6;

function paymentsOf({ good }: Sent): Payment[] {
  const count = Math.max(FEWEST_PAYMENTS, Math.floor(good.length / 20));
  return good.slice(0, count).map(({ row }, i) => ({
    id: `p-${String(i + 1).padStart(4, '0')}`,
    order_id: String(row['order_id']),
    amount: String(row['amount']),
  }));
}

function troubled(sent: Sent, random: Random): Api {
  const payments = paymentsOf(sent);
  const order = shuffled(payments, random);
  const take = (from: number, to: number): readonly Payment[] => order.slice(from, to);
  const settle = (of: readonly Payment[], trouble: Omit<HttpTrouble, 'on' | 'payment'>): HttpTrouble[] =>
    of.map(({ id }) => ({ on: 'settle', payment: id, ...trouble }));
  const [refused, stumbling] = [take(0, 3), take(3, 13)];
  return {
    payments,
    refused,
    good: payments.filter((one) => !refused.includes(one)),
    troubles: [
      { on: 'page', from: 2, answer: 503 },
      ...settle(refused.slice(0, 1), { answer: 402, times: Infinity, reason: 'the card was declined' }),
      ...settle(refused.slice(1, 2), { answer: 410, times: Infinity, reason: 'the order was cancelled' }),
      ...settle(refused.slice(2), { answer: 422, times: Infinity, reason: 'the amount is not the order’s' }),
      ...settle(stumbling, { answer: 500, times: 2 }),
      ...settle(take(13, 14), { answer: 429, retryAfterS: 1 }),
      ...settle(take(14, 15), { answer: 408 }),
      ...settle(take(15, 16), { answer: 'silence', acts: true }),
      ...settle(take(16, 17), { answer: 'cut', acts: true }),
      ...settle(take(17, 18), { answer: 500, acts: true }),
    ],
  };
}

function failing(sent: Sent, random: Random): Api {
  const payments = paymentsOf(sent);
  const [one, other] = shuffled(payments, random.fork('which'));
  return {
    payments,
    refused: [],
    good: payments,
    troubles: [
      { on: 'page', from: 1, answer: 503 },
      ...[one, other].flatMap((found): HttpTrouble[] =>
        found === undefined ? [] : [{ on: 'settle', payment: found.id, answer: 500 }],
      ),
      { on: 'settle', from: SETTLED_FIRST, times: Infinity, answer: 503 },
    ],
  };
}

function shuffled<T>(values: readonly T[], random: Random): T[] {
  const ranked = values.map((value) => ({ value, rank: random.next() }));
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ value }) => value);
}
