/** The tables of README.md, kept row by row, so that measuring a part leaves the other figures as they were. */

/** One row: what names it, and its cells. */
interface Row {
  readonly key: string;
  readonly cells: readonly string[];
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly string[][];
}

/** A row is named by what is measured and, where there is one, by the peer; the figures in it come and go. */
function keyOf(cells: readonly string[]): string {
  const bare = (cell: string | undefined): string => (cell ?? '').replace(/ -?[\d.,]+ ?\S*$/, '').trim();
  const [what, , peer] = cells;
  return cells.length >= COMPARED ? `${what ?? ''} | ${bare(peer)}` : (what ?? '');
}

/** A row of a comparison has this many cells; one of a count has fewer. */
const COMPARED = 7;

export function cellsOf(line: string): string[] {
  return line
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());
}

/** The rows of the tables in a text, those of comparisons and those of counts. */
export function rowsIn(text: string): { readonly compared: string[][]; readonly counted: string[][] } {
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[-| ]+\|$/.test(line))
    .map(cellsOf)
    .filter(([what]) => what !== 'what');
  return {
    compared: rows.filter((cells) => cells.length >= COMPARED),
    counted: rows.filter((cells) => cells.length < COMPARED),
  };
}

/** New rows take the place of those that measure the same; others stay, and what is new comes last. */
export function merged(old: readonly string[][], fresh: readonly string[][]): string[][] {
  const rows = (cells: readonly string[]): Row => ({ key: keyOf(cells), cells });
  const byKey = new Map(old.map(rows).map((row) => [row.key, row.cells]));
  for (const { key, cells } of fresh.map(rows)) byKey.set(key, cells);
  return [...byKey.values()].map((cells) => [...cells]);
}

export function tableText({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const width = head.length;
  const filled = rows.map((cells) => [
    ...cells,
    ...Array.from({ length: Math.max(0, width - cells.length) }, () => ''),
  ]);
  return [line(head), `|${'---|'.repeat(width)}`, ...filled.map(line)].join('\n');
}
