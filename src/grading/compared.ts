import { LearnerError } from '#src/error.ts';

/** What of a program's result is compared: tables and topics by name, files below OUTPUT_DIR. All may hold `*`. */
export interface Compared {
  readonly kind: (typeof COMPARED)[number];
  readonly pattern: string;
}

const COMPARED = ['table', 'topic', 'file'] as const;

/** A column, or a field of records, that is not compared: `loaded_at` of every table, or of those that the pattern names. */
export interface Ignored {
  readonly table: string;
  readonly column: string;
}

/**
 * Reads `orders,mart.*,topic:enriched,file:report-*.csv`. A word before a colon says what it is, and a table needs none;
 * so buckets will get a word of their own.
 */
export function parseCompared(words: readonly string[]): Compared[] {
  const items = itemsOf(words);
  if (items.length === 0)
    throw new LearnerError(
      'nothing is named that could be compared',
      'Name the results: --compare orders,daily for tables, topic:enriched for topics, "file:report-*.csv" for files of OUTPUT_DIR.',
    );
  return items.map((item): Compared => {
    const [, kind = 'table', pattern = ''] = /^(?:([a-z]+):)?(.*)$/s.exec(item) ?? [];
    if (pattern === '') throw new LearnerError(`${JSON.stringify(item)} names nothing`, KINDS);
    if (kind === 'file' && (pattern.startsWith('/') || pattern.split('/').includes('..')))
      throw new LearnerError(
        `${JSON.stringify(item)} lies outside OUTPUT_DIR`,
        'Let the program write to OUTPUT_DIR, and name files as they stand below it.',
      );
    if (kind === 'topic' && !/^[\w.*-]+$/.test(pattern))
      throw new LearnerError(
        `${JSON.stringify(pattern)} can't be the name of a topic`,
        'Write --compare topic:orders.',
      );
    const known = COMPARED.find((one) => one === kind);
    if (known !== undefined) return { kind: known, pattern };
    throw new LearnerError(`${JSON.stringify(kind)} can't be compared`, KINDS);
  });
}

const KINDS = 'Tables (orders, mart.orders, mart.*), topics (topic:orders) and files (file:report-*.csv) can be.';

/** Reads `orders.loaded_at,*.created_at`: a table or a pattern, a point, a column. */
export function parseIgnored(words: readonly string[]): Ignored[] {
  return itemsOf(words).map((item) => {
    const [, table, column] = /^(.+)\.([^.]+)$/.exec(item) ?? [];
    if (table === undefined || column === undefined)
      throw new LearnerError(
        `${JSON.stringify(item)} names no column of a table`,
        'Write --ignore orders.loaded_at, or --ignore "*.loaded_at" for every table.',
      );
    return { table, column };
  });
}

function itemsOf(words: readonly string[]): string[] {
  return words
    .flatMap((word) => word.split(','))
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Whether a name is meant by a pattern, in which `*` stands for any characters. */
export function isMeant(pattern: string, name: string): boolean {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, (sign) => (sign === '*' ? '.*' : `\\${sign}`));
  return new RegExp(`^${source}$`, 's').test(name);
}

/** Whether a pattern means this table: `orders` means that of any schema, `mart.orders` that one. */
export function isTableMeant(pattern: string, { schema, name }: { schema: string; name: string }): boolean {
  return isMeant(pattern, pattern.includes('.') ? `${schema}.${name}` : name);
}
