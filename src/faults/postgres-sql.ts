/** What a statement does to the transaction it runs in, as far as its text says. */
export interface SqlEffect {
  readonly kind: 'begin' | 'commit' | 'rollback' | 'write' | 'other';
  /** Tables that it writes, without schema and quotes. */
  readonly tables: readonly string[];
  /** Tables that it empties as a whole. */
  readonly emptied: readonly string[];
}

const NAME = String.raw`((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))*)`;
const TARGETS = [
  new RegExp(String.raw`\bINSERT\s+INTO\s+${NAME}`, 'gi'),
  new RegExp(String.raw`\bUPDATE\s+(?:ONLY\s+)?${NAME}\s+(?:AS\s+)?(?:\w+\s+)?SET\b`, 'gi'),
  new RegExp(String.raw`\bDELETE\s+FROM\s+(?:ONLY\s+)?${NAME}`, 'gi'),
  new RegExp(String.raw`\bMERGE\s+INTO\s+(?:ONLY\s+)?${NAME}`, 'gi'),
  new RegExp(String.raw`\bCOPY\s+${NAME}(?:\s*\([^)]*\))?\s+FROM\b`, 'gi'),
  new RegExp(String.raw`\bTRUNCATE\s+(?:TABLE\s+)?(?:ONLY\s+)?${NAME}`, 'gi'),
];
const EMPTIES = [
  new RegExp(String.raw`\bTRUNCATE\s+(?:TABLE\s+)?(?:ONLY\s+)?${NAME}`, 'gi'),
  new RegExp(String.raw`^DELETE\s+FROM\s+(?:ONLY\s+)?${NAME}\s*;?\s*$`, 'gi'),
];

/** Reads one statement. A SELECT writes where it calls one of the functions that may. */
export function effectOf(sql: string, writers: ReadonlySet<string> = new Set()): SqlEffect {
  // The rows of a long insert say nothing that its head does not.
  const text = bare(sql.slice(0, 20_000));
  const tables = namesIn(text, TARGETS);
  const emptied = namesIn(text, EMPTIES);
  const effect = (kind: SqlEffect['kind']): SqlEffect => ({ kind, tables, emptied });
  if (/^(BEGIN|START\s+TRANSACTION)\b/i.test(text)) return effect('begin');
  if (/^(COMMIT|END)\b(?!\s+PREPARED)/i.test(text)) return effect('commit');
  if (/^PREPARE\s+TRANSACTION\b/i.test(text)) return effect('commit');
  if (/^(ROLLBACK|ABORT)\b(?!\s+(WORK\s+|TRANSACTION\s+)?TO\b)(?!\s+PREPARED)/i.test(text)) return effect('rollback');
  return effect(writes(text) || callsOne(text, writers) ? 'write' : 'other');
}

function writes(text: string): boolean {
  // What is temporary is gone with the connection, and never durable.
  if (/^CREATE\s+(LOCAL\s+|GLOBAL\s+)?TEMP(ORARY)?\b/i.test(text)) return false;
  if (/^COPY\b/i.test(text)) return /\bFROM\b/i.test(text);
  if (/^(WITH|EXPLAIN)\b/i.test(text)) return /\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\b/i.test(text);
  if (/^SELECT\b/i.test(text)) return /\bINTO\s+(?!TEMP)[\w"]+\s+FROM\b/i.test(text);
  return /^(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|CREATE|ALTER|DROP|CALL|DO|EXECUTE|GRANT|REVOKE|COMMENT|REFRESH|(COMMIT|ROLLBACK)\s+PREPARED)\b/i.test(
    text,
  );
}

function callsOne(text: string, writers: ReadonlySet<string>): boolean {
  if (writers.size === 0 || !/^(SELECT|WITH|VALUES|TABLE)\b/i.test(text)) return false;
  return [...text.matchAll(/([\w$]+)"?\s*\(/g)].some((match) => writers.has((match[1] ?? '').toLowerCase()));
}

/** The function that this statement makes, in lower case. */
export function functionMade(sql: string): string | undefined {
  const made = new RegExp(String.raw`^CREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\s+${NAME}`, 'i').exec(
    bare(sql.slice(0, 500)),
  );
  return made?.[1]?.split('.').at(-1)?.replaceAll('"', '').toLowerCase();
}

/** Without comments and the texts of literals, which may hold anything. */
function bare(sql: string): string {
  // In one pass, because each may hold the beginning of another.
  return sql
    .replace(/'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, (found) => (found.startsWith("'") ? "''" : ' '))
    .trim();
}

function namesIn(text: string, patterns: readonly RegExp[]): string[] {
  const found = patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
  return [...new Set(found.map((name) => (name.split('.').at(-1) ?? name).replaceAll('"', '')))];
}
