import {
  compareRows,
  confirmedSince,
  finding,
  LOG_END,
  logPosition,
  neverBack,
  SLOT,
  SLOT_IS_IDLE,
  SLOT_IS_READ,
  slotIsReadSince,
  type AttackRule,
  type Finding,
  type Random,
  type Row,
  type Stage,
  type StageInput,
  type StagePlan,
  type StreamDriver,
  type Trial,
} from '#src/grading/api.ts';

const noun = { one: 'row', many: 'rows' };
const ACCOUNTS = ['checking', 'savings'] as const;
const PUBLISHED = [...ACCOUNTS, 'heartbeat'] as const;
const [CUSTOMERS, BALANCE] = [12, 1000];
/** Longer than what PostgreSQL keeps in the row itself, so that an update of another column does not send it. */
const LARGE = 6000;
/** How long a transaction may take to arrive before the next one is sent all the same. */
const STEP_MS = 2000;
/** For the last one, with a restart in it on a busy machine, and for the first copy it is waited longer. */
const [LAST_MS, COPY_MS] = [30_000, 20_000];
const [RETAINED_KB, BUSY_ROWS] = [512, 400];

const account = (schema: string, name: string): string =>
  `CREATE TABLE ${schema}.${name} (id int PRIMARY KEY, owner text NOT NULL, balance int NOT NULL, note text,
     version int NOT NULL, updated_at timestamptz NOT NULL)`;
const TABLES = [
  ...['source', 'target'].flatMap((schema) => [
    `CREATE SCHEMA ${schema}`,
    ...ACCOUNTS.map((name) => account(schema, name)),
    `CREATE TABLE ${schema}.heartbeat (n int PRIMARY KEY, updated_at timestamptz NOT NULL)`,
  ]),
  ...ACCOUNTS.map((name) => `ALTER TABLE source.${name} ALTER note SET STORAGE EXTERNAL`),
  'CREATE TABLE source.busy (id int GENERATED ALWAYS AS IDENTITY, text text)',
  'CREATE TABLE target.progress (name text PRIMARY KEY, lsn pg_lsn NOT NULL)',
  `CREATE PUBLICATION pipeline FOR TABLE ${PUBLISHED.map((name) => `source.${name}`).join(', ')}`,
];

/** A copy of what is there, then inserts; one transaction begins before another and commits after it. */
export const stage1: Stage = (input) => plan(sent(input, [insert, insert, open, insert]));

/** Every kind of change, undisturbed. */
export const stage2: Stage = (input) => plan(sent(input, [deposit, moveKey, remove, insert, annotate, forget]));

/** The source is written to while it is copied: at each step that the program takes until then. */
export const stage3: Stage = (input) => plan(sent(input, [deposit, insert, remove, moveKey]), { whileCopying: true });

/** The program is killed at each step, and PostgreSQL crashes; then the slot is where it was at first. */
export const stage4: Stage = (input) =>
  plan(sent(input, [payAgain, insert, moveKey, deposit, payAgain, remove]), {
    whileCopying: true,
    attack: [
      // What decides stands early in each list, so that a save tries it: after the first confirmation a slot has little to
      // go back over, after the last one everything; the first commit is the copy's, the last one the last position's.
      { boundary: 'pg.confirm', byRole: true, actions: ['rewind'], points: ['after-durable'], most: 2 },
      { boundary: 'pg.commit', byRole: true, points: ['before'] },
      { boundary: 'pg.commit', byRole: true, points: ['after-durable', 'client-moved-on'] },
      { boundary: 'pg.confirm', byRole: true, points: ['after-durable'] },
      { boundary: 'pg.slot', byRole: true },
      { boundary: 'pg.commit', byRole: true, actions: ['crash'], points: ['after-durable'], most: 1 },
      { boundary: 'pg.commit', byRole: true, actions: ['cut'], points: ['after-durable'], from: 'full', most: 1 },
      { boundary: 'pg.confirm', byRole: true, points: ['before', 'client-moved-on'] },
    ],
  });

/** Money moves between tables, and a table gets a column. */
export const stage5: Stage = (input) =>
  plan(sent(input, [transfer, transfer, widen, transfer, insert]), {
    conserved: true,
    attack: [{ boundary: 'pg.commit', byRole: true, most: 9 }],
  });

/** Much is written that is not for the program; and its slot is dropped while it is down. */
export const stage6: Stage = (input) =>
  plan(sent(input, [deposit, insert, remove]), {
    busy: true,
    attack: [{ boundary: 'pg.confirm', byRole: true, actions: ['lose'], points: ['after-durable'], most: 6 }],
  });

// What is fed

/** One transaction; `held` is begun first, and committed after the one that follows it. */
interface Transaction {
  readonly statements: readonly string[];
  readonly held?: boolean;
}

interface Sent {
  readonly first: readonly string[];
  readonly transactions: readonly Transaction[];
}

/** What the source will hold, so that every change meets a row. */
interface World {
  readonly random: Random;
  readonly ids: Readonly<Record<(typeof ACCOUNTS)[number], number[]>>;
  nextId: number;
  /** How many rows have come back under their key: each with a version above all that the key has had. */
  returned: number;
  hasTier: boolean;
}

type Change = (world: World) => Transaction;

function sent({ size, random }: StageInput, kinds: readonly Change[]): Sent {
  const world: World = {
    random: random.fork('changes'),
    ids: { checking: [], savings: [] },
    nextId: 1,
    returned: 0,
    hasTier: false,
  };
  const first = ACCOUNTS.flatMap((table) => Array.from({ length: CUSTOMERS }, () => insertInto(table, world)));
  const transactions = Array.from({ length: size }, (_, i) => (kinds[i % kinds.length] ?? insert)(world));
  return { first, transactions };
}

function insertInto(table: (typeof ACCOUNTS)[number], world: World): string {
  const id = world.nextId++;
  world.ids[table].push(id);
  const note = id % 2 === 0 ? `'${large(id)}'` : 'NULL';
  const [column, value] = world.hasTier && table === 'savings' ? [', tier', `, 'tier-${id % 3}'`] : ['', ''];
  return `INSERT INTO source.${table} (id, owner, balance, note, version, updated_at${column})
    VALUES (${id}, 'customer ''${id}''', ${BALANCE}, ${note}, 1, now()${value})`;
}

/** Text that does not repeat itself, for a value that PostgreSQL keeps beside the row. */
function large(id: number): string {
  return Array.from({ length: LARGE / 8 }, (_, i) =>
    ((id * 7919 + i * 104_729) % 99_999_999).toString().padStart(8, '0'),
  ).join('');
}

function one(world: World, table: (typeof ACCOUNTS)[number]): number {
  return world.random.pick(world.ids[table] as [number, ...number[]]);
}

const insert: Change = (world) => ({ statements: [insertInto('checking', world), insertInto('savings', world)] });

const open: Change = (world) => ({ ...insert(world), held: true });

/** A balance changes, and the note beside it doesn't; twice, so that a version lies between. */
const deposit: Change = (world) => payInto('checking', one(world, 'checking'));

/** The same account each time, so that a row which goes back is seen to. */
const payAgain: Change = (world) => payInto('savings', world.ids.savings[0] ?? 0);

function payInto(table: (typeof ACCOUNTS)[number], id: number): Transaction {
  const change = `UPDATE source.${table} SET balance = balance + 1, version = version + 1, updated_at = now() WHERE id = ${id}`;
  return { statements: [change, change] };
}

const annotate: Change = (world) => {
  const id = one(world, 'savings');
  const note = `UPDATE source.savings SET note = '${large(id + 500)}', version = version + 1, updated_at = now() WHERE id = ${id}`;
  return { statements: [note] };
};

const forget: Change = (world) => ({
  statements: [
    `UPDATE source.savings SET note = NULL, version = version + 1, updated_at = now() WHERE id = ${one(world, 'savings')}`,
  ],
});

/** The key changes; the note beside it is as large as ever and does not come again. */
const moveKey: Change = (world) => {
  const { checking } = world.ids;
  const id = checking.find((known) => known % 2 === 0) ?? one(world, 'checking');
  // Evenness says whether a row has a note, and stays.
  world.nextId += (world.nextId + id) % 2;
  const next = world.nextId++;
  checking[checking.indexOf(id)] = next;
  return {
    statements: [`UPDATE source.checking SET id = ${next}, version = version + 1, updated_at = now() WHERE id = ${id}`],
  };
};

/** A row goes; another comes back under the same key in one transaction. */
const remove: Change = (world) => {
  const [gone, back] = [world.ids.checking.splice(0, 1)[0] ?? 0, one(world, 'savings')];
  return {
    statements: [
      `DELETE FROM source.checking WHERE id = ${gone}`,
      `DELETE FROM source.savings WHERE id = ${back}`,
      `INSERT INTO source.savings (id, owner, balance, note, version, updated_at)
         VALUES (${back}, 'a new owner', ${BALANCE}, NULL, ${100 * ++world.returned}, now())`,
    ],
  };
};

/** What leaves one table arrives in the other. */
const transfer: Change = (world) => {
  const amount = 1 + world.random.below(50);
  const move = (table: (typeof ACCOUNTS)[number], by: number): string =>
    `UPDATE source.${table} SET balance = balance + ${by}, version = version + 1, updated_at = now()
       WHERE id = ${one(world, table)}`;
  return { statements: [move('checking', -amount), move('savings', amount)] };
};

const widen: Change = (world) => {
  const before = world.hasTier ? [] : ['ALTER TABLE source.savings ADD COLUMN tier text'];
  world.hasTier = true;
  const set = `UPDATE source.savings SET tier = 'gold', version = version + 1 WHERE id = ${one(world, 'savings')}`;
  return { statements: [...before, set] };
};

// The plan

interface Options {
  readonly attack?: readonly AttackRule[];
  /** Some transactions come while the first copy is under way. */
  readonly whileCopying?: boolean;
  /** The sum of all balances never changes. */
  readonly conserved?: boolean;
  readonly busy?: boolean;
}

function plan(
  made: Sent,
  { attack = [], whileCopying = false, conserved = false, busy = false }: Options = {},
): StagePlan {
  const feed = new Feeding(made);
  let retainedKb = 0;
  return {
    noun,
    inputs: {},
    ownServer: true,
    tables: [...TABLES, ...made.first, 'INSERT INTO source.heartbeat VALUES (0, now())'],
    attack,
    reader: ACCOUNTS.map((name) => `SELECT '${name}' AS name, id, version, balance FROM target.${name}`).join(
      ' UNION ALL ',
    ),
    stream: {
      drive: async (driver) => {
        // A slot that is read shows that the program takes its copy for made; what has begun to arrive is no start any more.
        const hasBegun = await driver.until('a first copy', `SELECT ${SLOT_IS_READ} OR ${SOME}`, COPY_MS);
        // Nothing strikes the program of a stage without attack: where it has done nothing by then, it is not waited for.
        if (!hasBegun && attack.length === 0) feed.waits = { step: 0, last: 0 };
        await driver.until('the first copy', `${arrived(0)} OR ${SLOT_IS_READ}`, feed.waits.step);
        feed.isCopied = true;
        await feed.rest(driver);
        if (busy) retainedKb = await keepBusy(driver);
        await feed.end(driver);
        await driver.until('the last of a copy', COUNTS, feed.waits.step);
      },
      ...(whileCopying ? { at: (_, driver) => feed.one(driver) } : {}),
      lose: async (driver) => {
        await driver.until('an idle slot', `SELECT NOT ${SLOT_IS_READ}`, LAST_MS);
        await driver.ask('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
        await feed.one(driver, true);
      },
    },
    judge: async (trial) => {
      const differs = await equal(trial, feed);
      const found = [...(conserved ? sums(trial.samples) : []), ...differs, ...neverBack(trial.samples)];
      if (retainedKb <= RETAINED_KB) return found;
      const words = { expected: SLOT.retained(RETAINED_KB), found: SLOT.keeps(retainedKb) };
      return [...found, finding({ anomaly: 'wal-retained', ...words, count: retainedKb })];
    },
  };
}

/** Sends one transaction after the other, each with its number in `heartbeat`, whoever asks for the next. */
class Feeding {
  readonly #transactions: readonly Transaction[];
  #next = 0;
  isCopied = false;
  waits = { step: STEP_MS, last: LAST_MS };
  hasArrived = false;
  isRead = false;
  /** Where the log was before the last transaction. */
  #lastAt = LOG_END;
  #confirms = false;

  constructor({ transactions }: Sent) {
    this.#transactions = transactions;
  }

  /** While the copy is made, a few are sent at the program's own steps, so that they meet it everywhere. */
  async one(driver: StreamDriver, always = false): Promise<void> {
    if (!always && (this.isCopied || this.#next >= Math.min(4, this.#transactions.length - 2))) return;
    await driver.write(...this.#numbered(this.#transactions[this.#next] ?? { statements: [] }));
  }

  async rest(driver: StreamDriver): Promise<void> {
    while (this.#next < this.#transactions.length) {
      const transaction = this.#transactions[this.#next];
      if (transaction === undefined) return;
      this.#confirms ||= (await driver.ask(`SELECT ${confirmedSince(this.#lastAt)} AS is`))[0]?.['is'] === true;
      this.#lastAt = await logPosition(driver);
      const statements = this.#numbered(transaction);
      if (transaction.held === true) {
        const commit = await driver.hold(...statements);
        const number = this.#next;
        await this.one(driver, true);
        await driver.until('the later transaction', arrived(this.#next), this.waits.step);
        await commit();
        await driver.until('the held transaction', arrived(number), this.waits.step);
      } else {
        await driver.write(...statements);
        await driver.until('the transaction', await passed(this.#next, driver), this.waits.step);
      }
    }
  }

  /**
   * All has arrived, and a program that was struck meanwhile reads again and has said so. What comes later in the log and is
   * there shows that what is not there will not come, and that what a reader was sent anew is behind it
   * (some begin over and over).
   */
  async end(driver: StreamDriver): Promise<void> {
    for (let [last, anew] = [-1, 0]; last !== this.#next;) {
      last = this.#next;
      if (!(await driver.until('the last transaction', arrived(last), this.waits.step))) {
        await this.one(driver, true);
        last = this.#next;
        await driver.until('one that is later', await passed(last, driver), this.waits.last);
        await driver.until('one that is later', arrived(last), this.waits.step);
      }
      const reads = `SELECT NOT ${SLOT_IS_IDLE} AND ${confirmedSince(this.#lastAt)}`;
      // Whoever has never confirmed anything need not be waited for.
      await driver.until('its confirmation', reads, this.#confirms ? this.waits.last : this.waits.step);
      if (anew++ < 3 && (await driver.until('a reader that began later', `SELECT ${LATER}`, 0)))
        await this.one(driver, true);
    }
    this.hasArrived = await driver.until('the last transaction', arrived(this.#next), 0);
    const isRead = `SELECT ${SLOT_IS_READ} OR coalesce(${confirmedSince(this.#lastAt)}, false)`;
    this.isRead = await driver.until('a reader of its slot', isRead, this.waits.step);
  }

  #numbered({ statements }: Transaction): string[] {
    return [...statements, `INSERT INTO source.heartbeat VALUES (${++this.#next}, now())`];
  }
}

function arrived(n: number): string {
  return `SELECT EXISTS (SELECT FROM target.heartbeat WHERE n = ${n})`;
}

/** It is there, or the program needs nothing any more of what was written until now. */
async function passed(n: number, driver: StreamDriver): Promise<string> {
  return `${arrived(n)} OR coalesce(${confirmedSince(await logPosition(driver), '>=')}, false)`;
}

const COUNTS = `SELECT ${PUBLISHED.map((name) => `(SELECT count(*) FROM source.${name}) = (SELECT count(*) FROM target.${name})`).join(' AND ')}`;
const SOME = PUBLISHED.map((name) => `EXISTS (SELECT FROM target.${name})`).join(' OR ');
const LATER = slotIsReadSince('(SELECT max(updated_at) FROM source.heartbeat)');

/** How much of the log is kept for the slot after others have written, and the program has had time to say that it needs none. */
async function keepBusy(driver: StreamDriver): Promise<number> {
  for (let i = 0; i < 3; i++)
    await driver.write(
      `INSERT INTO source.busy (text) SELECT repeat(md5(n::text), 60) FROM generate_series(1, ${BUSY_ROWS}) n`,
    );
  const kept = `SELECT (pg_current_wal_lsn() - min(confirmed_flush_lsn)) / 1024 AS kb FROM pg_replication_slots`;
  await driver.until('less of the log', `SELECT kb < ${RETAINED_KB} FROM (${kept})`, 3 * STEP_MS);
  const [row] = await driver.ask(kept);
  return Math.round(Number(row?.['kb'] ?? 0));
}

// What is judged

/** Nothing is under way: the target must hold what the source holds. */
async function equal(trial: Trial, { hasArrived, isRead }: Feeding): Promise<Finding[]> {
  const both = async (schema: string): Promise<Row[]> => {
    const all: Row[] = [];
    for (const name of PUBLISHED) {
      for (const { id, n, ...rest } of await trial.query(`SELECT * FROM ${schema}.${name} ORDER BY 1`))
        all.push({ row: `${name} ${String(id ?? n)}`, ...rest });
    }
    return all;
  };
  const [truth, target] = [await both('source'), await both('target')];
  // A column may have come later, and need not be where it has no value.
  const columns = [...new Set([...truth, ...target].flatMap(Object.keys))];
  const compared = compareRows({ noun, key: ['row'], columns, truth, found: target });
  const found = compared.map((one) => (one.anomaly === 'phantom' ? { ...one, found: SLOT.ghosts(one.count) } : one));
  // Whoever copies all over and over, or at the end, has it right at some positions only.
  const unread = finding({ anomaly: 'lost', ...(hasArrived ? SLOT.unread : SLOT.atTheEnd), count: 1 });
  return (hasArrived && isRead) || found.length > 0 ? found : [unread];
}

/** Money in both tables together, in every state that a reader could see once all accounts were there. */
function sums(samples: Trial['samples']): Finding[] {
  const whole = samples.filter((rows) => rows.length > 0);
  const of = (rows: readonly Row[]): number => rows.reduce((sum, { balance }) => sum + Number(balance), 0);
  const wrong = [...new Set(whole.filter((rows) => of(rows) !== rows.length * BALANCE).map(of))];
  const words = { expected: SLOT.whole(2 * CUSTOMERS * BALANCE), found: SLOT.torn(wrong) };
  return wrong.length === 0 ? [] : [finding({ anomaly: 'partial-write', ...words, count: wrong.length })];
}
