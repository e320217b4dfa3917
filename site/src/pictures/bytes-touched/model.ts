/**
 * Bytes that one second of work touches in the same table, stored by row and stored by column. The table has 102,400 rows
 * of ten whole numbers of eight bytes, nothing is compressed, and one query a second reads rows that lie together. Indexes
 * and logs are left out on both sides.
 */
export const TABLE = { rows: 102_400, columns: 10, valueBytes: 8 } as const;

/** PostgreSQL: a page, what its head takes, a row's own head and its place in the page, and the share that inserts fill. */
const PAGE = { bytes: 8192, headBytes: 24, rowHeadBytes: 24, pointerBytes: 4, filled: 0.9 } as const;

/** Parquet: the values of this many rows stand together, one column after the other. */
export const GROUP_ROWS = 10_240;

export interface Work {
  /** Columns that the query asks for. */
  readonly columns: number;
  /** Rows that the query asks for. */
  readonly rows: number;
  /** Rows that are changed in a second, each by a transaction of its own. */
  readonly writes: number;
  /** Whether the column store gathers the changes of a second and applies them together. */
  readonly gathered: boolean;
}

export interface Touched {
  readonly read: number;
  readonly written: number;
}

export interface Comparison {
  readonly row: Touched;
  readonly column: Touched;
  readonly fewer: 'row' | 'column';
}

/** Rows of the table that PostgreSQL puts into one page when it leaves a tenth of it free for updates. */
export function rowsInPage(): number {
  const row = PAGE.rowHeadBytes + TABLE.columns * TABLE.valueBytes + PAGE.pointerBytes;
  const free = Math.floor(PAGE.bytes * (1 - PAGE.filled));
  return Math.floor((PAGE.bytes - PAGE.headBytes - free) / row);
}

/** A page holds whole rows, so each one is read as a whole; a change finds room in the page of its row. */
export function byRow({ rows, writes }: Work): Touched {
  return { read: Math.ceil(rows / rowsInPage()) * PAGE.bytes, written: writes * PAGE.bytes };
}

/** Only the columns asked for are read; a change writes the row's group again, all columns of it. */
export function byColumn({ columns, rows, writes, gathered }: Work): Touched {
  const chunk = GROUP_ROWS * TABLE.valueBytes;
  const groups = TABLE.rows / GROUP_ROWS;
  const rewritten = gathered ? Math.min(writes, groups) : writes;
  return { read: columns * Math.ceil(rows / GROUP_ROWS) * chunk, written: rewritten * TABLE.columns * chunk };
}

export function compare(work: Work): Comparison {
  const [row, column] = [byRow(work), byColumn(work)];
  return { row, column, fewer: total(row) <= total(column) ? 'row' : 'column' };
}

export function total({ read, written }: Touched): number {
  return read + written;
}

/** Bytes as people say them: 8 kB, 12.3 MB. */
export function words(bytes: number): string {
  if (bytes === 0) return '0';
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  const mega = bytes / 1_000_000;
  return `${mega < 100 ? mega.toFixed(1) : Math.round(mega)} MB`;
}
