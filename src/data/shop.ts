import { random, type Random } from '#src/random.ts';

/** How a column's values are held: money as whole cents, times as milliseconds since 1970 (UTC). */
export type ColumnKind = 'text' | 'integer' | 'money' | 'time';
export type Value = string | number | null;

export interface TableSpec {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly kind: ColumnKind; readonly nullable?: boolean }[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly { readonly column: string; readonly table: string }[];
}

export interface Table extends TableSpec {
  readonly rows: readonly (readonly Value[])[];
}

export interface ShopOptions {
  readonly seed: number;
  /** Number of orders; everything else follows from it. */
  readonly size: number;
}

export const DEFAULT_SHOP: ShopOptions = { seed: 42, size: 1000 };
/** Part of the cache's key: raised whenever the same seed would give other rows. */
export const SHOP_VERSION = 2;

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);
/** The days that the shop's orders lie in: four weeks from a Monday. */
const DAYS = 28;

const text = (name: string, nullable = false) => ({ name, kind: 'text', nullable }) as const;
const integer = (name: string) => ({ name, kind: 'integer' }) as const;
const money = (name: string) => ({ name, kind: 'money' }) as const;
const time = (name: string) => ({ name, kind: 'time' }) as const;

const CUSTOMERS: TableSpec = {
  name: 'customers',
  columns: [text('customer_id'), text('name'), text('email'), text('country'), time('created_at')],
  primaryKey: ['customer_id'],
  foreignKeys: [],
};
const PRODUCTS: TableSpec = {
  name: 'products',
  columns: [text('product_id'), text('name'), text('category'), money('price')],
  primaryKey: ['product_id'],
  foreignKeys: [],
};
const ORDERS: TableSpec = {
  name: 'orders',
  columns: [
    text('order_id'),
    text('customer_id'),
    time('ordered_at'),
    text('status'),
    text('coupon', true),
    money('amount'),
  ],
  primaryKey: ['order_id'],
  foreignKeys: [{ column: 'customer_id', table: 'customers' }],
};
const ITEMS: TableSpec = {
  name: 'order_items',
  columns: [text('order_id'), integer('line'), text('product_id'), integer('quantity'), money('unit_price')],
  primaryKey: ['order_id', 'line'],
  foreignKeys: [
    { column: 'order_id', table: 'orders' },
    { column: 'product_id', table: 'products' },
  ],
};
const PAYMENTS: TableSpec = {
  name: 'payments',
  columns: [text('payment_id'), text('order_id'), time('paid_at'), text('method'), money('amount')],
  primaryKey: ['payment_id'],
  foreignKeys: [{ column: 'order_id', table: 'orders' }],
};
const EVENTS: TableSpec = {
  name: 'events',
  columns: [
    text('event_id'),
    text('customer_id', true),
    text('session_id'),
    time('event_at'),
    text('kind'),
    text('product_id', true),
  ],
  primaryKey: ['event_id'],
  foreignKeys: [
    { column: 'customer_id', table: 'customers' },
    { column: 'product_id', table: 'products' },
  ],
};

const FIRST_NAMES = [
  'Ada',
  'Ben',
  'Chidi',
  'Dana',
  'Emre',
  'Fatima',
  'Goran',
  'Hana',
  'Ines',
  'Jonas',
  'Kofi',
  'Lin',
  'Mara',
  'Nils',
  'Olga',
  'Priya',
] as const;
const LAST_NAMES = [
  'Adler',
  'Bauer',
  'Costa',
  'Diaz',
  'Eriksen',
  'Farouk',
  'Garcia',
  'Haas',
  'Ito',
  'Jansen',
  'Kim',
  'Lopez',
  'Meyer',
  'Novak',
] as const;
const COUNTRIES = ['DE', 'DE', 'DE', 'FR', 'FR', 'ES', 'IT', 'NL', 'PL', 'SE'] as const;
type Thing = readonly [name: string, category: string];
const THINGS: readonly [Thing, ...Thing[]] = [
  ['Lamp', 'lighting'],
  ['Notebook', 'office'],
  ['Kettle', 'kitchen'],
  ['Chair', 'garden'],
  ['Mug', 'kitchen'],
  ['Tent', 'outdoor'],
  ['Shelf', 'office'],
  ['Clock', 'office'],
  ['Basket', 'garden'],
  ['Bottle', 'outdoor'],
];
const MODELS = ['Alba', 'Brisa', 'Cala', 'Duna', 'Elba', 'Faro'] as const;
const KINDS = ['Small', 'Large', 'Red', 'Blue', 'Folding', 'Classic'] as const;
const COUPONS = ['WINTER10', 'WELCOME', 'FREESHIP'] as const;
const METHODS = ['card', 'card', 'card', 'transfer', 'wallet'] as const;

/**
 * One shop: the same people, products and orders in every guide, quiz and lab. Deterministic in seed and size; no clock.
 * Popularity follows Zipf's law (the k-th product is chosen with weight 1/k), as it does in shops.
 */
export function shop({ seed, size }: ShopOptions = DEFAULT_SHOP): Table[] {
  const source = random(seed);
  const customers = makeCustomers(source.fork('customers'), Math.max(3, Math.ceil(size / 5)));
  const products = makeProducts(source.fork('products'), Math.max(5, Math.ceil(size / 25)));
  const { orders, items } = makeOrders(source.fork('orders'), size, customers, products);
  const payments = makePayments(source.fork('payments'), orders);
  const events = makeEvents(source.fork('events'), size * 5, customers, products);
  return [
    { ...CUSTOMERS, rows: customers },
    { ...PRODUCTS, rows: products },
    { ...ORDERS, rows: orders },
    { ...ITEMS, rows: items },
    { ...PAYMENTS, rows: payments },
    { ...EVENTS, rows: events },
  ];
}

type Rows = Value[][];

function makeCustomers(draw: Random, count: number): Rows {
  return sequence(count, (n) => {
    const first = draw.pick(FIRST_NAMES);
    const last = draw.pick(LAST_NAMES);
    const email = `${first}.${last}.${n}@example.com`.toLowerCase();
    return [id('c', n, 4), `${first} ${last}`, email, draw.pick(COUNTRIES), START - DAY * (1 + draw.below(700))];
  });
}

function makeProducts(draw: Random, count: number): Rows {
  return sequence(count, (n) => {
    const kind = draw.pick(KINDS);
    const [thing, category] = draw.pick(THINGS);
    const name = `${kind} ${thing} ${draw.pick(MODELS)}`;
    return [id('p', n, 3), name, category, 199 + draw.below(180) * 50];
  });
}

function makeOrders(draw: Random, count: number, customers: Rows, products: Rows): { orders: Rows; items: Rows } {
  const items: Rows = [];
  // Orders come in the order of their time, so that ids and times agree, as a sequence in a database would have it.
  const times = sequence(count, () => START + draw.below(DAYS) * DAY + daytime(draw)).sort((a, b) => a - b);
  const chooseProduct = zipf(products.length);
  const chooseCustomer = zipf(customers.length);
  const orders = times.map((at, i): Value[] => {
    const order = id('o', i + 1, 4);
    let amount = 0;
    // Drawn anew for each line, so that long orders are rare.
    for (let line = 1; line <= 1 + draw.below(4); line++) {
      const product = products[chooseProduct(draw)] ?? [];
      const quantity = 1 + (draw.below(4) === 0 ? draw.below(3) : 0);
      const price = Number(product[3]);
      amount += quantity * price;
      items.push([order, line, product[0] ?? null, quantity, price]);
    }
    const customer = customers[chooseCustomer(draw)]?.[0] ?? null;
    return [
      order,
      customer,
      at,
      draw.pick(['paid', 'paid', 'paid', 'paid', 'shipped', 'shipped', 'open', 'cancelled']),
      draw.below(5) === 0 ? draw.pick(COUPONS) : null,
      amount,
    ];
  });
  return { orders, items };
}

/** Paid and shipped orders have a payment; one in forty comes more than a day late, one in fifty in two parts. */
function makePayments(draw: Random, orders: Rows): Rows {
  const payments: Rows = [];
  const pay = (order: Value, at: number, amount: number): void => {
    payments.push([id('pay', payments.length + 1, 4), order, at, draw.pick(METHODS), amount]);
  };
  for (const [order = null, , orderedAt, status, , amount] of orders) {
    if (status !== 'paid' && status !== 'shipped') continue;
    const late = draw.below(40) === 0;
    const at = Number(orderedAt) + (late ? DAY + draw.below(3 * DAY) : 1000 * (5 + draw.below(600)));
    const total = Number(amount);
    if (draw.below(50) === 0) {
      const part = Math.floor(total / 2);
      pay(order, at, part);
      pay(order, at + 1000 * draw.below(3600), total - part);
    } else pay(order, at, total);
  }
  return payments;
}

/** Clicks in sessions; four in ten are by visitors whom nobody knows. */
function makeEvents(draw: Random, count: number, customers: Rows, products: Rows): Rows {
  const chooseProduct = zipf(products.length);
  const clicks: { at: number; customer: Value; session: string; kind: string; product: Value }[] = [];
  for (let session = 1; clicks.length < count; session++) {
    const known = draw.below(10) < 6;
    const customer = known ? (customers[draw.below(customers.length)]?.[0] ?? null) : null;
    let at = START + draw.below(DAYS) * DAY + daytime(draw);
    // Drawn anew for each click, so that long sessions are rare.
    for (let click = 0; click < 1 + draw.below(9) && clicks.length < count; click++) {
      const kind = click === 0 ? 'visit' : draw.pick(['view', 'view', 'view', 'cart', 'search']);
      const hasProduct = kind === 'view' || kind === 'cart';
      clicks.push({
        at,
        customer,
        session: id('s', session, 5),
        kind,
        product: hasProduct ? (products[chooseProduct(draw)]?.[0] ?? null) : null,
      });
      at += 1000 * (1 + draw.below(120));
    }
  }
  clicks.sort((a, b) => a.at - b.at || (a.session < b.session ? -1 : 1));
  return clicks.map(({ at, customer, session, kind, product }, i) => [
    id('e', i + 1, 5),
    customer,
    session,
    at,
    kind,
    product,
  ]);
}

/** Milliseconds into a day, more in the evening: the greater of two draws leans late. */
function daytime(draw: Random): number {
  return 1000 * Math.max(draw.below(86_400), draw.below(86_400));
}

function zipf(count: number): (draw: Random) => number {
  const sums: number[] = [];
  let sum = 0;
  for (let k = 1; k <= count; k++) sums.push((sum += 1 / k));
  return (draw) => {
    const at = draw.unit() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at < (sums[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

function id(prefix: string, n: number, width: number): string {
  return `${prefix}-${String(n).padStart(width, '0')}`;
}

function sequence<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i + 1));
}
