import {
  faultWords,
  finding,
  killsOf,
  type CaseFinding,
  type ExerciseBench,
  type ExerciseCase,
  type ExercisePlace,
} from '#src/grading/api.ts';

interface Product {
  readonly id: number;
  readonly price: number;
  readonly manual: string;
}

/** What was done, the id that the row had before where the log tells it, and the row after it. */
type Change = readonly [op: 'insert' | 'update' | 'delete', oldId: number | null, row: Product | null];

/** One committed transaction of the source. */
interface Transaction {
  readonly lsn: number;
  readonly changes: readonly Change[];
}

/** What each place begins with; the guide shows the tables to the learner. */
const TABLES = `
  CREATE TABLE follower (id int PRIMARY KEY, price int, manual text);
  CREATE TABLE state (n int NOT NULL, applied int NOT NULL);
  INSERT INTO state VALUES (0, 0);
`;
const MARK = 'unchanged-toast-datum';
const product = (id: number, price: number, manual = `manual ${id}`): Product => ({ id, price, manual });

const CALM: readonly Transaction[] = [
  {
    lsn: 10,
    changes: [
      ['insert', null, product(1, 10)],
      ['insert', null, product(2, 20)],
    ],
  },
  { lsn: 20, changes: [['update', null, product(1, 12)]] },
  { lsn: 30, changes: [['delete', 2, null]] },
  { lsn: 40, changes: [['insert', null, product(3, 30)]] },
];
const CALM_END = [product(1, 12), product(3, 30)];
const SHORT = CALM.slice(0, 1);
const SHORT_END = [product(1, 10), product(2, 20)];
const KEYS: readonly Transaction[] = [...SHORT, { lsn: 20, changes: [['update', 1, product(7, 10)]] }];
const LARGE: readonly Transaction[] = [
  ...SHORT,
  { lsn: 20, changes: [['update', null, product(1, 12, MARK)]] },
  { lsn: 30, changes: [['update', 2, product(8, 22, MARK)]] },
  { lsn: 40, changes: [['update', null, product(1, 12, 'a new manual')]] },
  { lsn: 50, changes: [['update', null, product(1, 13, MARK)]] },
];
const LARGE_END = [product(1, 13, 'a new manual'), product(8, 22, 'manual 2')];

export const cases: readonly ExerciseCase[] = [
  { id: 'calm', title: 'Rows that come, change and go', play: calm },
  { id: 'again', title: 'Transactions delivered again', play: again },
  { id: 'killed', title: 'Killed at each commit, and started again', play: killed },
  { id: 'key-changed', title: 'A row that gets another key', play: keyChanged },
  { id: 'large', title: 'Large values that did not change', play: large },
];

async function calm(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const place = await placeWith(bench, CALM);
  await place.run();
  return judged(place, CALM_END, 'delivered four transactions, each once', 'A change was not applied as it was told.');
}

async function again(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const place = await placeWith(bench, CALM);
  await place.run();
  await place.write('changes.jsonl', linesOf(CALM.slice(3)));
  await place.run();
  const last = 'delivered four transactions, started your program again, and delivered the last one once more';
  const likely = 'Nothing that is stored tells your follower that it has applied these transactions before.';
  const found = await judged(place, CALM_END, last, likely);
  if (found !== undefined) return found;
  // To apply by key is right again only when the redelivery has come to its end; a reader may look before that.
  await place.write('changes.jsonl', linesOf(CALM.slice(0, 2)));
  await place.run();
  const first = 'delivered four transactions, started your program again, and delivered the first two once more';
  return judged(place, CALM_END, first, likely);
}

async function killed(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const undisturbed = await (await placeWith(bench, SHORT)).run();
  for (const fault of killsOf(undisturbed)) {
    const place = await placeWith(bench, SHORT);
    await place.run({ faults: [fault] });
    const likely =
      'The rows, their number and the position were not durable at the same moment. Started again, your follower believes the part that was.';
    const found = await judged(place, SHORT_END, `${faultWords(fault)}; then delivered the same again`, likely);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function keyChanged(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const place = await placeWith(bench, KEYS);
  await place.run();
  const likely = 'The update brought an old id and a new one. What stood under the old id is not there any more.';
  return judged(place, [product(2, 20), { ...product(7, 10) }], 'changed the id of product 1 to 7', likely);
}

async function large(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const place = await placeWith(bench, LARGE);
  await place.run();
  const likely = 'The mark says that the manual did not change. It is no value; the value is in your own table.';
  return judged(place, LARGE_END, `changed prices; the manuals came as ${MARK}`, likely);
}

function placeWith(bench: ExerciseBench, transactions: readonly Transaction[]): Promise<ExercisePlace> {
  return bench.place({ sql: TABLES, files: { 'changes.jsonl': linesOf(transactions) } });
}

function linesOf(transactions: readonly Transaction[]): string {
  return transactions.map((transaction) => `${JSON.stringify(transaction)}\n`).join('');
}

async function judged(
  place: ExercisePlace,
  due: readonly Product[],
  did: string,
  likely: string,
): Promise<CaseFinding | undefined> {
  const rows = await place.query('SELECT id, price, manual FROM follower ORDER BY id');
  const found = rows.map(({ id, price, manual }) => ({ id: Number(id), price: Number(price), manual }));
  const say = (anomaly: CaseFinding['anomaly'], expected: string, seen: string): CaseFinding => ({
    ...finding({ anomaly, expected, found: seen, count: 1 }),
    did,
    likely,
  });
  for (const one of due) {
    const mine = found.find(({ id }) => id === one.id);
    if (mine === undefined) return say('lost', `product ${one.id}`, 'no such row');
    if (mine.price !== one.price)
      return say('stale', `product ${one.id} at ${one.price}`, `product ${one.id} at ${mine.price}`);
    if (mine.manual !== one.manual)
      return say('corrupted', `product ${one.id} with "${one.manual}"`, `"${String(mine.manual)}"`);
  }
  const ghost = found.find(({ id }) => !due.some((one) => one.id === id));
  if (ghost !== undefined) return say('phantom', `no product ${ghost.id}`, `product ${ghost.id} at ${ghost.price}`);
  const [state] = await place.query('SELECT n FROM state');
  const n = Number(state?.['n']);
  if (n === due.length) return undefined;
  return say(n > due.length ? 'double-effect' : 'lost', `n = ${due.length}`, `n = ${n}`);
}
