import { finding, type CaseFinding, type ExerciseBench, type ExerciseCase } from '#src/grading/api.ts';

/** An order of the case's shop; money in whole cents. */
interface Order {
  readonly country: string;
  readonly amount: number;
  /** Quantities, one for each item. */
  readonly items: readonly number[];
  /** Parts in which it was paid. */
  readonly paid: readonly number[];
}

const COLUMNS = ['revenue', 'pieces', 'paid'] as const;
type Column = (typeof COLUMNS)[number];
type Line = Readonly<Record<Column, number>>;

const order = (country: string, amount: number, items: number[], paid: number[]): Order => ({
  country,
  amount,
  items,
  paid,
});

/** The first shop is what everything gets right; each of the others has one trait more. */
const SHOPS = {
  plain: [order('DE', 2000, [1], [2000]), order('FR', 500, [2], [500])],
  items: [order('DE', 2000, [1, 2, 1], [2000]), order('FR', 500, [2], [500]), order('FR', 900, [1, 1], [900])],
  parts: [order('DE', 2000, [1, 2], [1500, 500]), order('DE', 700, [1], [700]), order('FR', 500, [2], [250, 250])],
  equal: [order('DE', 2000, [1, 1], [2000]), order('DE', 2000, [3], [2000]), order('FR', 500, [1], [500])],
  unpaid: [order('DE', 2000, [1, 1], []), order('DE', 300, [1], [300]), order('SE', 800, [1, 2], [])],
} as const;

export const cases: readonly ExerciseCase[] = [
  {
    id: 'plain',
    title: 'Orders with one item and one payment',
    play: (bench) => play(bench, 'plain', 'gave each order one item and one payment'),
  },
  {
    id: 'items',
    title: 'Orders with several items',
    play: (bench) => play(bench, 'items', 'gave some orders two or three items'),
  },
  {
    id: 'parts',
    title: 'Orders paid in two parts',
    play: (bench) => play(bench, 'parts', 'let some orders be paid in two parts, once in two equal ones'),
  },
  {
    id: 'equal',
    title: 'Two orders of the same amount',
    play: (bench) => play(bench, 'equal', 'gave two orders of a country the same amount'),
  },
  {
    id: 'unpaid',
    title: 'Orders that are not paid yet',
    play: (bench) => play(bench, 'unpaid', 'left two orders without a payment, in SE the only one'),
  },
];

async function play(bench: ExerciseBench, shop: keyof typeof SHOPS, did: string): Promise<CaseFinding | undefined> {
  const orders: readonly Order[] = SHOPS[shop];
  const place = await bench.place({ sql: sqlOf(orders) });
  const { results } = await place.run();
  const table = results.at(-1);
  const say = (anomaly: CaseFinding['anomaly'], expected: string, found: string, likely: string): CaseFinding => ({
    ...finding({ anomaly, expected, found, count: 1 }),
    did,
    likely,
  });
  const missing = ['country', ...COLUMNS].filter((name) => table?.columns.includes(name) !== true);
  if (table === undefined || missing.length > 0) {
    const found = table === undefined ? 'no result' : `the columns ${table.columns.join(', ')}`;
    return say('wrong-report', 'the columns country, revenue, pieces, paid', found, 'A column has another name.');
  }
  const due = linesOf(orders);
  for (const [country, line] of due) {
    const rows = table.rows.filter((row) => row['country'] === country);
    if (rows.length !== 1) {
      const likely =
        rows.length === 0
          ? 'A join drops an order that has no partner, and here the country has no other order.'
          : 'The report has a row for something smaller than a country.';
      return say(rows.length === 0 ? 'lost' : 'wrong-report', `one row for ${country}`, `${rows.length} rows`, likely);
    }
    for (const column of COLUMNS) {
      const found = judge(column, line[column], rows[0]?.[column]);
      if (found !== undefined) return say(found.anomaly, `${country}: ${found.expected}`, found.found, found.likely);
    }
  }
  const more = table.rows.length - due.size;
  if (more > 0)
    return say('wrong-report', `${due.size} rows`, `${table.rows.length} rows`, 'A country without orders has no row.');
  return undefined;
}

function judge(column: Column, due: number, cell: unknown) {
  const expected = `${column} ${shown(column, due)}`;
  if (cell === null || cell === undefined) {
    const likely = 'A sum over no rows is not zero: it is nothing.';
    return { anomaly: 'wrong-report', expected, found: `${column} null`, likely } as const;
  }
  const value = column === 'pieces' ? Number(cell) : Math.round(Number(cell) * 100);
  if (value === due) return undefined;
  const found = `${column} ${typeof cell === 'string' ? cell : JSON.stringify(cell)}`;
  if (value > due) {
    const likely =
      'A join repeated rows: where an order meets several rows of another table, everything of the order is there several times.';
    return { anomaly: 'duplicate', expected, found, likely } as const;
  }
  const likely = 'Rows were left out: a join dropped those without a partner, or equal values were taken for one.';
  return { anomaly: 'lost', expected, found, likely } as const;
}

function linesOf(orders: readonly Order[]): Map<string, Line> {
  const total = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);
  const countries = [...new Set(orders.map(({ country }) => country))];
  return new Map(
    countries.map((country) => {
      const own = orders.filter((one) => one.country === country);
      const revenue = total(own.map(({ amount }) => amount));
      const pieces = total(own.flatMap(({ items }) => items));
      return [country, { revenue, pieces, paid: total(own.flatMap(({ paid }) => paid)) }];
    }),
  );
}

function shown(column: Column, value: number): string {
  return column === 'pieces' ? String(value) : money(value);
}

function money(cents: number): string {
  return (cents / 100).toFixed(2);
}

/** Each order has a customer of its own; IT has a customer and no order. */
function sqlOf(orders: readonly Order[]): string {
  const at = "'2026-01-05 10:00'";
  const customer = (id: string, country: string): string =>
    `INSERT INTO customers VALUES ('${id}', 'Ada Kim', 'ada@example.com', '${country}', ${at});`;
  const lines = [
    'TRUNCATE customers, products, orders, order_items, payments, events;',
    `INSERT INTO products VALUES ('p-1', 'Lamp', 'lighting', 5.00);`,
    customer('c-0', 'IT'),
  ];
  let payment = 0;
  for (const [i, { country, amount, items, paid }] of orders.entries()) {
    const [id, buyer] = [`o-${i + 1}`, `c-${i + 1}`];
    lines.push(
      customer(buyer, country),
      `INSERT INTO orders VALUES ('${id}', '${buyer}', ${at}, 'open', NULL, ${money(amount)});`,
      ...items.map((quantity, j) => `INSERT INTO order_items VALUES ('${id}', ${j + 1}, 'p-1', ${quantity}, 5.00);`),
      ...paid.map(
        (part) => `INSERT INTO payments VALUES ('pay-${++payment}', '${id}', ${at}, 'card', ${money(part)});`,
      ),
    );
  }
  return lines.join('\n');
}
