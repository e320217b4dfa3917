import type { RunEvent } from '#src/runner/event.ts';

type Table = Extract<RunEvent, { type: 'table' }>;

/**
 * The plain text of a run, as the terminal shows it and as a guide records it: results in order, an empty line between
 * two tables, NULL as NULL.
 */
export function renderAll(events: readonly RunEvent[]): string {
  const parts: string[] = [];
  let text = '';
  for (const event of events) {
    if (event.type === 'text') text += event.text;
    else if (event.type === 'table' || event.type === 'error') {
      if (text !== '') parts.push(text.trimEnd());
      text = '';
      parts.push(event.type === 'table' ? renderTable(event) : renderError(event));
    }
  }
  if (text !== '') parts.push(text.trimEnd());
  return parts.join('\n\n');
}

/** Columns padded to their widest cell, two spaces between; numbers to the right. */
export function renderTable({ columns, rows, total }: Table): string {
  const cells = rows.map((row) => row.map((cell) => (cell === null ? 'NULL' : oneLine(cell))));
  const widths = columns.map((column, i) => Math.max(width(column.name), ...cells.map((row) => width(row[i] ?? ''))));
  const line = (values: readonly string[]): string =>
    values
      .map((value, i) => {
        const gap = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(value)));
        return columns[i]?.numeric === true ? gap + value : value + gap;
      })
      .join('  ')
      .trimEnd();
  const lines = [line(columns.map(({ name }) => name)), ...cells.map(line)];
  if (total === 0) lines.push('(no rows)');
  else if (total > rows.length) lines.push(`(${rows.length} of ${total} rows)`);
  return lines.join('\n');
}

export function renderError({ message, detail }: Extract<RunEvent, { type: 'error' }>): string {
  return detail === undefined ? message : `${message}\n${detail}`;
}

function oneLine(cell: string): string {
  return cell.replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** Columns on screen: code points are enough for our data, wide scripts are rare in it. */
function width(text: string): number {
  return [...text].length;
}
