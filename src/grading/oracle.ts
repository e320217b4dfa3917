import { finding, type Difference, type Finding, type Noun } from '#src/grading/anomaly.ts';
import { canonicalCell, canonicalRow, type Row } from '#src/grading/canonical.ts';
import { countOf, foundWords, partedWords, times } from '#src/grading/wording-oracle.ts';

export interface Comparison {
  readonly noun: Noun;
  /** What a correct program leaves. Its first row names the columns that are compared. */
  readonly truth: readonly Row[];
  /** What was there; columns that the truth doesn't have are the learner's own affair. */
  readonly found: readonly Row[];
  /** The columns that say which thing a row is about. */
  readonly key: readonly string[];
  /** All columns that are compared, where no row need have each: what is not there is as good as null. */
  readonly columns?: readonly string[];
  /** Earlier, superseded versions of the truth's rows; a row equal to one of them is stale, not corrupted. */
  readonly versions?: readonly Row[];
  /** Found rows stand in the order they were written; within one `key` the values of `by` must not fall. */
  readonly order?: { readonly key: string; readonly by: string };
}

/** The worst first: what a learner must hear before anything else. */
const GRAVITY: readonly Difference[] = ['lost', 'duplicate', 'corrupted', 'stale', 'phantom', 'reordered'];

interface Tally {
  readonly row: Row;
  truth: number;
  found: number;
}

/**
 * The difference of two multisets of rows by name: lost (a key of the truth is nowhere), duplicate (a row more often
 * than it should be), stale and corrupted (another value under the key), phantom (a key that never was). No finding
 * means that both hold the same rows equally often.
 */
export function compareRows(comparison: Comparison): Finding[] {
  const { truth, found, key, noun, order } = comparison;
  const columns = comparison.columns ?? Object.keys(truth[0] ?? found[0] ?? {});
  const older = new Set((comparison.versions ?? []).map((row) => canonicalRow(row, columns)));
  const names = new Map<Difference, string[]>();
  // Of the first one it is told what differs; the others are only named.
  const tell: Tell = (anomaly, witness, detail = () => '') => {
    const known = names.get(anomaly);
    if (known === undefined) names.set(anomaly, [`${witness}${detail()}`]);
    else known.push(witness);
  };
  let most = 2;
  for (const [identity, rows] of tallies(truth, found, columns, key)) {
    most = Math.max(most, sum(rows, 'found'));
    const isOlder = (row: Row): boolean => older.has(canonicalRow(row, columns));
    nameKey(label(identity, rows, key), rows, { isOlder, columns }, tell);
  }
  if (order !== undefined) for (const witness of falls(found, order)) tell('reordered', witness);
  const expected = `${countOf(truth.length, noun)}, each once`;
  return GRAVITY.flatMap((anomaly) => {
    const witnesses = names.get(anomaly);
    if (witnesses === undefined) return [];
    const count = witnesses.length;
    return [
      finding({ anomaly, expected, found: foundWords(anomaly, found.length, count, noun, most), count, witnesses }),
    ];
  });
}

/** For every key, how often each of its rows stands in the truth and in what was found. */
function tallies(
  truth: readonly Row[],
  found: readonly Row[],
  columns: readonly string[],
  key: readonly string[],
): Map<string, Tally[]> {
  const byRow = new Map<string, Tally>();
  const byKey = new Map<string, Tally[]>();
  const count = (row: Row, side: 'truth' | 'found'): void => {
    const text = canonicalRow(row, columns);
    const known = byRow.get(text);
    if (known !== undefined) {
      known[side]++;
      return;
    }
    const tally: Tally = { row, truth: 0, found: 0 };
    tally[side] = 1;
    byRow.set(text, tally);
    const identity = canonicalRow(row, key);
    const same = byKey.get(identity);
    if (same === undefined) byKey.set(identity, [tally]);
    else same.push(tally);
  };
  for (const row of truth) count(row, 'truth');
  for (const row of found) count(row, 'found');
  return byKey;
}

type Tell = (anomaly: Difference, witness: string, detail?: () => string) => void;

function nameKey(
  name: string,
  rows: readonly Tally[],
  { isOlder, columns }: { readonly isOlder: (row: Row) => boolean; readonly columns: readonly string[] },
  tell: Tell,
): void {
  const due = sum(rows, 'truth');
  const got = sum(rows, 'found');
  if (got === 0) return tell('lost', name);
  if (due === 0) return tell('phantom', got === 1 ? name : `${name} ${times(got)}`);
  const strange = rows.find(({ truth, found }) => truth === 0 && found > 0);
  const missing = rows.find(({ truth, found }) => truth > found);
  if (strange !== undefined && isOlder(strange.row)) tell('stale', name);
  else if (strange !== undefined)
    tell('corrupted', name, () => differing(strange.row, (missing ?? strange).row, columns));
  if (got > due) tell('duplicate', `${name} ${times(got)}`);
  else if (got < due) tell('lost', `${name} ${due - got} of ${due}`);
  else if (strange === undefined && rows.some(({ truth, found }) => truth !== found)) {
    // Rows that share a key took each other's place: one stands too often and another not at all.
    tell('duplicate', name);
    tell('lost', name);
  }
}

function sum(rows: readonly Tally[], side: 'truth' | 'found'): number {
  return rows.reduce((total, row) => total + row[side], 0);
}

/** The first column in which they differ, and both values: ` (balance 1003, expected 1004)`. */
function differing(found: Row, truth: Row, columns: readonly string[]): string {
  const column = columns.find((name) => canonicalCell(found[name]) !== canonicalCell(truth[name]));
  if (column === undefined) return '';
  const [was, due] = partedWords(shown(found[column]), shown(truth[column]));
  return ` (${column} ${was}, expected ${due})`;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return canonicalCell(value).replace(/^"(.*)"$/s, '$1');
}

/** A key as a person writes it: one column bare, several with their names. */
function label(identity: string, rows: readonly Tally[], key: readonly string[]): string {
  const row = rows[0]?.row ?? {};
  const [only] = key;
  const show = (column: string): string => canonicalCell(row[column]).replace(/^"(.*)"$/, '$1');
  if (only === undefined) return identity;
  return key.length === 1 ? show(only) : key.map((column) => `${column} ${show(column)}`).join(', ');
}

function falls(found: readonly Row[], { key, by }: { key: string; by: string }): string[] {
  const highest = new Map<string, number>();
  const witnesses: string[] = [];
  for (const row of found) {
    const name = canonicalCell(row[key]).replace(/^"(.*)"$/, '$1');
    const at = Number(row[by]);
    const before = highest.get(name);
    if (before !== undefined && at < before) witnesses.push(`${name}: ${by} ${at} after ${before}`);
    highest.set(name, Math.max(at, before ?? at));
  }
  return witnesses;
}
