import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';

import fc from 'fast-check';

import { cents, timestamp, toCsv, toJsonLines, toSql } from '#src/data/formats.ts';
import { shop, type ShopOptions, type Table, type Value } from '#src/data/shop.ts';

function byName(tables: readonly Table[], name: string): Table {
  const found = tables.find((table) => table.name === name);
  assert.ok(found, name);
  return found;
}

function column(table: Table, name: string): Value[] {
  const at = table.columns.findIndex((candidate) => candidate.name === name);
  assert.notEqual(at, -1, `${table.name}.${name}`);
  return table.rows.map((row) => row[at] ?? null);
}

function fingerprint(options?: ShopOptions): string {
  return createHash('sha256').update(shop(options).map(toCsv).join('')).digest('hex').slice(0, 16);
}

/** Any small shop. */
const anyShop = fc.record({ seed: fc.nat(), size: fc.integer({ min: 1, max: 60 }) }).map((options) => shop(options));

test('a seed gives the same rows on every machine; whoever changes them raises SHOP_VERSION', () => {
  assert.equal(fingerprint(), '71ad60e97685e3dd');
  assert.equal(fingerprint({ seed: 7, size: 20 }), '01d28c6d0a81edc4');
  assert.notEqual(fingerprint({ seed: 8, size: 20 }), fingerprint({ seed: 7, size: 20 }));
});

test('the size is the number of orders, and the rest follows', () => {
  for (const size of [1, 50, 2000]) {
    const tables = shop({ seed: 42, size });
    assert.equal(byName(tables, 'orders').rows.length, size);
    assert.equal(byName(tables, 'events').rows.length, 5 * size);
    assert.ok(byName(tables, 'order_items').rows.length >= size);
  }
});

test('every key is unique, every reference is met, and only nullable columns hold NULL', () => {
  fc.assert(
    fc.property(anyShop, (tables) => {
      for (const table of tables) {
        const keys = table.rows.map((_, i) => table.primaryKey.map((name) => column(table, name)[i]).join('/'));
        assert.equal(new Set(keys).size, keys.length, `primary key of ${table.name}`);
        for (const reference of table.foreignKeys) {
          const known = new Set(column(byName(tables, reference.table), reference.column));
          for (const value of column(table, reference.column))
            assert.ok(value === null || known.has(value), `${table.name}.${reference.column} ${value}`);
        }
        for (const { name, nullable } of table.columns) {
          if (nullable !== true) assert.ok(!column(table, name).includes(null), `${table.name}.${name}`);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test('an order costs what its items cost, and is paid in full or not at all', () => {
  fc.assert(
    fc.property(anyShop, (tables) => {
      const [orders, items, payments] = [
        byName(tables, 'orders'),
        byName(tables, 'order_items'),
        byName(tables, 'payments'),
      ];
      const owed = new Map<Value, number>();
      const [quantities, prices] = [column(items, 'quantity'), column(items, 'unit_price')];
      column(items, 'order_id').forEach((id, i) =>
        owed.set(id, (owed.get(id) ?? 0) + Number(quantities[i]) * Number(prices[i])),
      );
      const paid = new Map<Value, number>();
      const amounts = column(payments, 'amount');
      column(payments, 'order_id').forEach((id, i) => paid.set(id, (paid.get(id) ?? 0) + Number(amounts[i])));
      const [statuses, totals] = [column(orders, 'status'), column(orders, 'amount')];
      column(orders, 'order_id').forEach((id, i) => {
        assert.equal(owed.get(id), totals[i], String(id));
        const expected = statuses[i] === 'paid' || statuses[i] === 'shipped' ? totals[i] : undefined;
        assert.equal(paid.get(id), expected, `payments of ${id}, ${statuses[i]}`);
      });
    }),
    { numRuns: 40 },
  );
});

test('the shop is as shops are: favourites, missing coupons, late and split payments, unknown visitors', () => {
  const tables = shop();
  const sold = new Map<Value, number>();
  for (const product of column(byName(tables, 'order_items'), 'product_id'))
    sold.set(product, (sold.get(product) ?? 0) + 1);
  const ranked = [...sold.values()].sort((a, b) => b - a);
  assert.ok(
    (ranked[0] ?? 0) > 5 * (ranked[Math.floor(ranked.length / 2)] ?? 0),
    'a favourite sells more than five times the median',
  );
  const share = (values: Value[]): number => values.filter((value) => value === null).length / values.length;
  assert.ok(share(column(byName(tables, 'orders'), 'coupon')) > 0.5);
  assert.ok(share(column(byName(tables, 'events'), 'customer_id')) > 0.2);
  const payments = byName(tables, 'payments');
  const orders = byName(tables, 'orders');
  const orderedAt = new Map(column(orders, 'order_id').map((id, i) => [id, Number(column(orders, 'ordered_at')[i])]));
  const paidAt = column(payments, 'paid_at');
  const delays = column(payments, 'order_id').map((id, i) => Number(paidAt[i]) - (orderedAt.get(id) ?? 0));
  assert.ok(
    delays.every((delay) => delay > 0),
    'nobody pays before ordering',
  );
  assert.ok(
    delays.some((delay) => delay > 86_400_000),
    'somebody pays more than a day late',
  );
  assert.ok(payments.rows.length > new Set(column(payments, 'order_id')).size, 'somebody pays in two parts');
});

test('all orders lie in four weeks from Monday, 2026-01-05 UTC, in the order of their ids', () => {
  const times = column(byName(shop(), 'orders'), 'ordered_at').map(Number);
  assert.ok(times.every((time) => time >= Date.UTC(2026, 0, 5) && time < Date.UTC(2026, 1, 2)));
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});

test('money and times are written exactly', () => {
  assert.deepEqual([0, 5, 10, 1999, 100_000].map(cents), ['0.00', '0.05', '0.10', '19.99', '1000.00']);
  assert.equal(timestamp(Date.UTC(2026, 0, 5, 1, 9, 34)), '2026-01-05 01:09:34');
});

test('cells that hold separators, quotes or line ends survive every format', () => {
  const table: Table = {
    name: 't',
    columns: [
      { name: 'id', kind: 'text' },
      { name: 'note', kind: 'text', nullable: true },
      { name: 'price', kind: 'money' },
    ],
    primaryKey: ['id'],
    foreignKeys: [],
    rows: [
      ['a', `it's "5,0"\nand more`, 1250],
      ['b', null, 5],
    ],
  };
  assert.equal(toCsv(table), `id,note,price\na,"it's ""5,0""\nand more",12.50\nb,,0.05\n`);
  assert.equal(
    toJsonLines(table),
    `{"id":"a","note":"it's \\"5,0\\"\\nand more","price":12.50}\n{"id":"b","note":null,"price":0.05}\n`,
  );
  assert.ok(
    toSql([table]).endsWith(`INSERT INTO t VALUES\n('a', 'it''s "5,0"\nand more', 12.50),\n('b', NULL, 0.05);\n`),
  );
});
