import type { ColumnKind, Table, Value } from '#src/data/shop.ts';

/** Writes a table as text: the same rows in every format. Money has two decimals, times are UTC without a zone. */
export function toCsv(table: Table): string {
  const kinds = table.columns.map(({ kind }) => kind);
  const lines = table.rows.map((row) => row.map((value, i) => csvCell(plain(value, kinds[i]))).join(','));
  return `${[table.columns.map(({ name }) => name).join(','), ...lines].join('\n')}\n`;
}

export function toJsonLines(table: Table): string {
  const lines = table.rows.map((row) => {
    const fields = table.columns.map(({ name, kind }, i) => `${JSON.stringify(name)}:${json(row[i] ?? null, kind)}`);
    return `{${fields.join(',')}}`;
  });
  return `${lines.join('\n')}\n`;
}

const SQL_TYPES: Record<ColumnKind, string> = {
  text: 'text',
  integer: 'integer',
  money: 'numeric(10,2)',
  time: 'timestamp',
};

/** PostgreSQL: tables with their keys, then rows, parents first. */
export function toSql(tables: readonly Table[]): string {
  return tables.map((table) => `${createTable(table)}\n${inserts(table)}`).join('\n');
}

const SPARK_TYPES: Record<ColumnKind, string> = {
  text: 'STRING',
  integer: 'INT',
  money: 'DECIMAL(10,2)',
  time: 'TIMESTAMP_NTZ',
};

/** Spark: a view of a session that carries its rows itself, with the types that its files give them. */
export function toSparkView(table: Table): string {
  const rows = toJsonLines(table).trimEnd().split('\n').join(',');
  const types = table.columns.map(({ name, kind }) => `${name}: ${SPARK_TYPES[kind]}`).join(', ');
  const text = `[${rows}]`.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `CREATE TEMPORARY VIEW ${table.name} AS SELECT inline(from_json('${text}', 'ARRAY<STRUCT<${types}>>'))`;
}

export function createTable({ name, columns, primaryKey, foreignKeys }: Table): string {
  const lines = columns.map(
    (column) => `  ${column.name} ${SQL_TYPES[column.kind]}${column.nullable === true ? '' : ' NOT NULL'}`,
  );
  lines.push(`  PRIMARY KEY (${primaryKey.join(', ')})`);
  for (const { column, table } of foreignKeys) lines.push(`  FOREIGN KEY (${column}) REFERENCES ${table}`);
  return `CREATE TABLE ${name} (\n${lines.join(',\n')}\n);`;
}

const ROWS_PER_INSERT = 500;

function inserts({ name, columns, rows }: Table): string {
  const statements: string[] = [];
  for (let from = 0; from < rows.length; from += ROWS_PER_INSERT) {
    const values = rows
      .slice(from, from + ROWS_PER_INSERT)
      .map((row) => `(${row.map((value, i) => sqlValue(value, columns[i]?.kind)).join(', ')})`);
    statements.push(`INSERT INTO ${name} VALUES\n${values.join(',\n')};\n`);
  }
  return statements.join('');
}

function plain(value: Value, kind: ColumnKind | undefined): string | null {
  if (value === null) return null;
  if (kind === 'money') return cents(Number(value));
  if (kind === 'time') return timestamp(Number(value));
  return String(value);
}

/** 1250 cents as 12.50, without ever being a fraction in binary. */
export function cents(value: number): string {
  return `${Math.floor(value / 100)}.${String(value % 100).padStart(2, '0')}`;
}

export function timestamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** An empty cell is NULL; our texts are never empty, and quotes are doubled as RFC 4180 has it. */
function csvCell(text: string | null): string {
  if (text === null) return '';
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function json(value: Value, kind: ColumnKind): string {
  const text = plain(value, kind);
  if (text === null) return 'null';
  return kind === 'money' || kind === 'integer' ? text : JSON.stringify(text);
}

function sqlValue(value: Value, kind: ColumnKind | undefined): string {
  const text = plain(value, kind);
  if (text === null) return 'NULL';
  return kind === 'money' || kind === 'integer' ? text : `'${text.replaceAll("'", "''")}'`;
}
