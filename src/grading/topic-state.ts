import type { KafkaRecord } from '#src/faults/kafka-hands.ts';
import { canonicalCell, canonicalRow, type Row } from '#src/grading/canonical.ts';
import { isMeant, type Ignored } from '#src/grading/compared.ts';
import type { TableState } from '#src/grading/table-state.ts';

/** A topic as a reader of committed records sees it, by partition and offset. */
export interface TopicContent {
  readonly name: string;
  readonly records: readonly KafkaRecord[];
}

/** A topic as a run left it; where its records stand, and when they were written, is not compared. */
export interface TopicState extends Omit<TableState, 'serials'> {
  /** By the record's key, its records one after the other; only keys whose records all lie in one partition. */
  readonly order: ReadonlyMap<string, readonly string[]>;
  /** Keys of which two undisturbed runs wrote the records in different orders. */
  readonly unordered: number;
}

const KEY = 'key';
const VALUE = 'value';
const HEADERS = 'headers';

/** The topics that are meant; a pattern without `*` that means none is in `missing`. */
export function topicStates(
  contents: readonly TopicContent[],
  { patterns, ignored }: { readonly patterns: readonly string[]; readonly ignored: readonly Ignored[] },
): { readonly topics: readonly TopicState[]; readonly missing: readonly string[] } {
  const meant = contents.filter(({ name }) => patterns.some((pattern) => isMeant(pattern, name)));
  const missing = patterns.filter((pattern) => !contents.some(({ name }) => isMeant(pattern, name)));
  return { topics: meant.map((one) => topicState(one, ignored)), missing };
}

function topicState({ name, records }: TopicContent, ignored: readonly Ignored[]): TopicState {
  const left = (column: string): boolean => ignored.some((one) => one.column === column && isMeant(one.table, name));
  const full = rowsOf(records);
  const columns = Object.keys(full[0] ?? {});
  const kept = columns.filter((column) => !left(column));
  const rows = full.map((row) => Object.fromEntries(kept.map((column) => [column, row[column]])));
  return {
    ...{ name, rows, ignored: columns.filter(left), unordered: 0 },
    key: tellingOf(rows, kept),
    order: orderOf(records, rows, kept),
  };
}

/**
 * A column for the key and one for the headers, where there are any. Values that are all objects of JSON are compared
 * field by field, so that a field can be left out; others as they are.
 */
function rowsOf(records: readonly KafkaRecord[]): Row[] {
  const values = records.map(({ value }) => (value === null ? null : parsed(value)));
  const isJson = values.every((value) => value !== undefined);
  const rows = records.map(({ key, value, headers }, at): Record<string, unknown> => {
    const fields = isJson ? (values[at] ?? {}) : {};
    return {
      [KEY]: key === null ? undefined : textOf(key),
      ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [fieldName(name), field])),
      // A record without a value says that its key is no more.
      [VALUE]: value === null ? 'none' : isJson ? undefined : textOf(value),
      [HEADERS]: headers.length === 0 ? undefined : headers.map(([name, one]) => `${name}=${textOf(one)}`).join(' '),
    };
  });
  return aligned(rows);
}

function fieldName(name: string): string {
  return [KEY, VALUE, HEADERS].includes(name) ? `value.${name}` : name;
}

/** The same rows, each with all columns that any of them has a value in. */
function aligned(rows: readonly Row[]): Row[] {
  const columns = new Set<string>();
  for (const row of rows)
    for (const [column, value] of Object.entries(row)) if (value !== undefined) columns.add(column);
  return rows.map((row) => Object.fromEntries([...columns].map((column) => [column, row[column]])));
}

/** Two states of one topic with the same columns, so that a field that only one of them has is a difference. */
export function alignedRows(one: readonly Row[], other: readonly Row[]): readonly [Row[], Row[]] {
  const all = aligned([...one, ...other]);
  return [all.slice(0, one.length), all.slice(one.length)];
}

type ParseJson = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;

/** Undefined where it is no object of JSON. Numbers stay as they were written: as floats, long ones would be equal. */
function parsed(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = (JSON.parse as ParseJson)(bytes.toString(), (_, one, { source }) =>
      typeof one === 'number' ? (source ?? one) : one,
    );
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** As text where it is text, else its bytes. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : `\\x${bytes.toString('hex')}`;
}

/** The key of the records, or the first column of others that tells them apart; all of them where none does. */
function tellingOf(rows: readonly Row[], columns: readonly string[]): readonly string[] {
  const telling = columns.find((column) => {
    const values = new Set(rows.map((row) => canonicalCell(row[column])));
    return rows.length > 1 && values.size === rows.length && !values.has(canonicalCell(null));
  });
  return telling === undefined ? columns : [telling];
}

function orderOf(
  records: readonly KafkaRecord[],
  rows: readonly Row[],
  columns: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const byKey = Map.groupBy(
    records.map((record, at) => ({ record, row: rows[at] ?? {} })),
    ({ record }) => nameOf(record),
  );
  return new Map(
    [...byKey].flatMap(([key, mine]) =>
      new Set(mine.map(({ record }) => record.partition)).size > 1
        ? []
        : [[key, mine.map(({ row }) => canonicalRow(row, columns))] as const],
    ),
  );
}

function nameOf({ key }: KafkaRecord): string {
  return key === null ? 'records without a key' : textOf(key);
}

/** The same state with the order of those keys only that both runs wrote in the same order. */
export function settledOrder(one: TopicState, other: TopicState | undefined): TopicState {
  const [rows, others] = [[...one.order], other?.order];
  const agreed = rows.filter(([key, mine]) => String(mine) === String(others?.get(key)));
  return { ...one, order: new Map(agreed), unordered: rows.length - agreed.length };
}

/** What of the two comes in another order: one example for each key. A record that is written again keeps its first place. */
export function outOfOrder(truth: TopicState, found: TopicState): string[] {
  return [...truth.order].flatMap(([key, rows]) => {
    const theirs = found.order.get(key);
    if (theirs === undefined) return [];
    const due = first(rows, new Set(theirs));
    const got = first(theirs, new Set(rows));
    return due.every((row, at) => row === got[at]) ? [] : [key];
  });
}

function first(rows: readonly string[], within: ReadonlySet<string>): string[] {
  return [...new Set(rows)].filter((row) => within.has(row));
}
