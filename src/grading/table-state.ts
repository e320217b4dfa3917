import { LearnerError } from '#src/error.ts';
import type { Trial } from '#src/grading/api.ts';
import { canonicalCell, type Row } from '#src/grading/canonical.ts';
import { isTableMeant, type Ignored } from '#src/grading/compared.ts';

/** A table as a run left it. */
export interface TableState {
  /** `orders`, or `mart.orders` outside of the schema public. */
  readonly name: string;
  /** What is compared; every value is PostgreSQL's own text for it. */
  readonly rows: readonly Row[];
  /** The columns that say which thing a row is about: the primary key, or another that tells its rows apart. */
  readonly key: readonly string[];
  /** Columns that hold a serial number of the server, or refer to one: a number that a crash used up leaves a hole. */
  readonly serials: readonly string[];
  /** Columns that were asked to be left out. */
  readonly ignored: readonly string[];
}

export interface TableOptions {
  readonly patterns: readonly string[];
  readonly ignored: readonly Ignored[];
  /** Compare serial numbers, too. */
  readonly serials: boolean;
}

interface Found {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly serial: boolean }[];
  readonly primary: readonly string[] | null;
  readonly unique: readonly string[] | null;
}

/** More rows than these are more than a comparison in memory should hold. */
const MAX_ROWS = 500_000;

const COLUMNS = `
  SELECT json_agg(json_build_object('name', a.attname, 'serial',
           a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval(%' OR EXISTS (
             SELECT FROM pg_constraint f, unnest(f.conkey, f.confkey) AS pair(own, other)
             JOIN pg_attribute r ON r.attnum = pair.other
             LEFT JOIN pg_attrdef rd ON rd.adrelid = r.attrelid AND rd.adnum = r.attnum
             WHERE f.contype = 'f' AND f.conrelid = c.oid AND pair.own = a.attnum AND r.attrelid = f.confrelid
             AND (r.attidentity <> '' OR coalesce(pg_get_expr(rd.adbin, rd.adrelid), '') LIKE 'nextval(%')
           )) ORDER BY a.attnum)
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`;

const INDEX = `
  SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_index i
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
  WHERE i.indexrelid =`;

const TABLES = `
  SELECT n.nspname AS schema, c.relname AS name, (${COLUMNS}) AS columns,
    (${INDEX} (SELECT indexrelid FROM pg_index WHERE indrelid = c.oid AND indisprimary)) AS primary,
    (${INDEX} (SELECT min(indexrelid::oid) FROM pg_index WHERE indrelid = c.oid AND indisunique
      AND indpred IS NULL AND indexprs IS NULL AND NOT indisprimary)) AS unique
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  ORDER BY n.nspname, c.relname`;

/** Reads every table that is meant; a pattern without `*` that means none is in `missing`. */
export async function readTables(
  trial: Pick<Trial, 'query'>,
  options: TableOptions,
): Promise<{ readonly tables: readonly TableState[]; readonly missing: readonly string[]; readonly there: string[] }> {
  if (options.patterns.length === 0) return { tables: [], missing: [], there: [] };
  const all = (await trial.query(TABLES)) as unknown as readonly Found[];
  const meant = all.filter((table) => options.patterns.some((pattern) => isTableMeant(pattern, table)));
  const missing = options.patterns.filter((pattern) => !all.some((table) => isTableMeant(pattern, table)));
  const tables: TableState[] = [];
  for (const table of meant) tables.push(await readTable(trial, table, options));
  return { tables, missing, there: all.map(nameOf) };
}

async function readTable(trial: Pick<Trial, 'query'>, table: Found, options: TableOptions): Promise<TableState> {
  const isIgnored = (column: string): boolean =>
    options.ignored.some((one) => one.column === column && isTableMeant(one.table, table));
  const isSerial = ({ name, serial }: Found['columns'][number]): boolean =>
    serial && !options.serials && !isIgnored(name);
  const names = (table.columns ?? []).map(({ name }) => name);
  const serials = (table.columns ?? []).filter(isSerial).map(({ name }) => name);
  const columns = names.filter((name) => !isIgnored(name) && !serials.includes(name));
  const list = columns.map((name) => `${quote(name)}::text AS ${quote(name)}`).join(', ');
  const rows = await trial.query(
    `SELECT ${list} FROM ${quote(table.schema)}.${quote(table.name)} LIMIT ${MAX_ROWS + 1}`,
  );
  if (rows.length > MAX_ROWS)
    throw new LearnerError(
      `${nameOf(table)} holds more than ${MAX_ROWS.toLocaleString('en-US')} rows`,
      'Give the program less input: what breaks with a thousand rows breaks with a million.',
    );
  const ignored = names.filter(isIgnored);
  return { name: nameOf(table), rows, key: keyOf(table, columns, rows), serials, ignored };
}

/** The primary key where all of it is compared, a unique index, or the first column that tells the rows apart. */
function keyOf({ primary, unique }: Found, columns: readonly string[], rows: readonly Row[]): readonly string[] {
  for (const index of [primary, unique])
    if (index !== null && index.length > 0 && index.every((name) => columns.includes(name))) return index;
  const telling = columns.find((name) => {
    const values = new Set(rows.map((row) => canonicalCell(row[name])));
    return rows.length > 1 && values.size === rows.length && !values.has(canonicalCell(null));
  });
  return telling === undefined ? columns : [telling];
}

function nameOf({ schema, name }: Pick<Found, 'schema' | 'name'>): string {
  return schema === 'public' ? name : `${schema}.${name}`;
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
