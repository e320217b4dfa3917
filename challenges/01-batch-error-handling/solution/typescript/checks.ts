import type { Record } from './files.ts';

export type Checked = { readonly reason: string } | { readonly order: readonly string[] };

/** The row that a good record becomes, or why it is a bad one. The checks stand in the order of the list of reasons. */
export function check({ cells, fields, fault }: Record): Checked {
  if (fault !== undefined) return { reason: fault };
  if (cells.length !== 5) return { reason: 'columns' };
  const { order_id = '', customer = '', amount = '', ordered_on = '', note = '' } = fields;
  if (order_id === '' || customer === '') return { reason: 'missing' };
  // PostgreSQL takes "NaN" and "1e3" for numbers, so the text is looked at first.
  if (!/^\d{1,8}\.\d\d$/.test(amount) || Number(amount) === 0) return { reason: 'amount' };
  if (!isDay(ordered_on)) return { reason: 'date' };
  return { order: [order_id, customer, amount, ordered_on, note] };
}

/** Date rolls 2026-02-30 over to March, so the day is written back and compared. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
