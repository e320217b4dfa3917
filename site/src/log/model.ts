import type { ResultOfSql } from '#src/commands/sql.ts';

/** A row of a plot: its length is a share of the longest. */
export interface Bar {
  readonly label: string;
  readonly value: string;
  readonly share: number;
}

/** The bars of a result; none where a column is missing or nothing in it is a number. */
export function barsOf(
  { columns, rows }: ResultOfSql,
  plot: { readonly label: string; readonly value: string },
): Bar[] {
  const at = (name: string): number => columns.findIndex((column) => column.name === name);
  const [label, value] = [at(plot.label), at(plot.value)];
  if (label === -1 || value === -1) return [];
  const numbers = rows.map((row) => Number(row[value] ?? Number.NaN)).map((one) => (Number.isFinite(one) ? one : 0));
  const most = Math.max(0, ...numbers);
  return rows.map((row, i) => ({
    label: row[label] ?? '',
    value: row[value] ?? '',
    share: most === 0 ? 0 : Math.max(0, numbers[i] ?? 0) / most,
  }));
}
