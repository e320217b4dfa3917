import type { ResultOfSql } from '#src/commands/sql.ts';

type Value = string | number | boolean | null;

/** Rows for a program: numbers and booleans are such, whatever else is its text. */
export function recordsOf({ columns, rows }: ResultOfSql): Record<string, Value>[] {
  return rows.map((row) =>
    Object.fromEntries(
      columns.map(({ name, type, numeric }, at): [string, Value] => {
        const cell = row[at] ?? null;
        if (cell === null) return [name, null];
        if (type === 'BOOLEAN') return [name, cell === 'true'];
        const number = Number(cell);
        // A number that JSON's readers would round stays its text.
        const isExact = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number));
        return [name, numeric && isExact ? number : cell];
      }),
    ),
  );
}

/** As RFC 4180 has it, with line feeds; NULL is an empty field, an empty text is quoted. */
export function csvOf({ columns, rows }: ResultOfSql): string {
  const field = (cell: string | null | undefined): string => {
    if (cell === null || cell === undefined) return '';
    return cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  };
  const lines = [columns.map(({ name }) => name), ...rows];
  return `${lines.map((line) => line.map(field).join(',')).join('\n')}\n`;
}
