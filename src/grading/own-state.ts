import { finding, type Anomaly, type Finding } from '#src/grading/anomaly.ts';
import type { Row } from '#src/grading/canonical.ts';
import { compareRows } from '#src/grading/oracle.ts';
import type { FileState } from '#src/grading/output-files.ts';
import type { TableState } from '#src/grading/table-state.ts';
import { ATTACK, linesNoun, nounOf, rowsOf, type Restless } from '#src/grading/wording-attack.ts';

/** All that is compared of a program of no lab, as one run left it. */
export interface OwnState {
  readonly tables: readonly TableState[];
  readonly files: readonly FileState[];
}

/** The worst first. */
const GRAVITY: readonly Anomaly[] = ['lost', 'duplicate', 'corrupted', 'stale', 'phantom'];

/** What is other than after an undisturbed run, by name. */
export function compareStates(truth: OwnState, found: OwnState): Finding[] {
  const all = [
    ...truth.tables.flatMap((table) =>
      compareTable(
        table,
        found.tables.find(({ name }) => name === table.name),
      ),
    ),
    ...moreTables(truth, found),
    ...truth.files.flatMap((file) =>
      compareFile(
        file,
        found.files.find(({ path }) => path === file.path),
      ),
    ),
    ...moreFiles(truth, found),
  ];
  return all.sort((a, b) => GRAVITY.indexOf(a.anomaly) - GRAVITY.indexOf(b.anomaly));
}

function compareTable(truth: TableState, found: TableState | undefined): Finding[] {
  const { name, key } = truth;
  if (found === undefined)
    return [
      finding({
        anomaly: 'lost',
        expected: ATTACK.noTable(name),
        found: ATTACK.tableGone(name),
        count: Math.max(1, truth.rows.length),
      }),
    ];
  const findings = compareRows({ noun: nounOf(name), truth: truth.rows, found: found.rows, key });
  // There is no input that we know: the undisturbed run is what a row is measured by.
  return findings.map((one) =>
    one.anomaly === 'phantom' ? { ...one, found: ATTACK.phantoms(rowsOf(found.rows.length, name), one.count) } : one,
  );
}

function moreTables(truth: OwnState, found: OwnState): Finding[] {
  const names = found.tables.map(({ name }) => name).filter((name) => !truth.tables.some((one) => one.name === name));
  if (names.length === 0) return [];
  const words = { expected: ATTACK.noMoreTables, found: ATTACK.moreTables(names) };
  return [finding({ anomaly: 'phantom', ...words, count: names.length, witnesses: names })];
}

function compareFile(truth: FileState, found: FileState | undefined): Finding[] {
  const { path } = truth;
  if (found === undefined)
    return [finding({ anomaly: 'lost', expected: ATTACK.sameFiles, found: ATTACK.fileGone(path), count: 1 })];
  return compareRows({ noun: linesNoun(path), truth: truth.lines, found: found.lines, key: ['line'] });
}

function moreFiles(truth: OwnState, found: OwnState): Finding[] {
  const paths = found.files.map(({ path }) => path).filter((path) => !truth.files.some((one) => one.path === path));
  if (paths.length === 0) return [];
  const words = { expected: ATTACK.sameFiles, found: ATTACK.moreFiles(paths) };
  return [finding({ anomaly: 'phantom', ...words, count: paths.length, witnesses: paths })];
}

/** What two undisturbed runs differ in; nothing where they left the same. */
export function restless(one: OwnState, other: OwnState): Restless[] {
  const names = [one, other].map(({ tables }) => tables.map(({ name }) => name));
  const single = names.flatMap((list, at) => list.filter((name) => names[1 - at]?.includes(name) !== true));
  const files = [...new Set([...one.files, ...other.files].map(({ path }) => path))].filter(
    (path) => !sameFile(fileOf(one, path), fileOf(other, path)),
  );
  return [
    ...(single.length === 0 ? [] : [{ kind: 'tables' as const, names: single }]),
    ...one.tables.flatMap((table) =>
      restlessTable(
        table,
        other.tables.find(({ name }) => name === table.name),
      ),
    ),
    ...files.map((path) => ({ kind: 'file' as const, path })),
  ];
}

function fileOf({ files }: OwnState, path: string): FileState | undefined {
  return files.find((file) => file.path === path);
}

function sameFile(one: FileState | undefined, other: FileState | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return isSame(one.lines, other.lines, ['line']);
}

function restlessTable(one: TableState, other: TableState | undefined): Restless[] {
  if (other === undefined) return [];
  const columns = Object.keys(one.rows[0] ?? other.rows[0] ?? {});
  const table = one.name;
  if (isSame(one.rows, other.rows, columns)) return [];
  const counts = [one.rows.length, other.rows.length] as const;
  if (counts[0] !== counts[1]) return [{ kind: 'count', table, counts }];
  const differing = columns.filter((column) => !isSame(one.rows, other.rows, [column]));
  if (differing.length === 0) return [{ kind: 'rows', table }];
  const rest = columns.filter((column) => !differing.includes(column));
  const found: Restless = { kind: 'columns', table, columns: differing };
  return isSame(one.rows, other.rows, rest) ? [found] : [found, { kind: 'rows', table }];
}

/** Whether two multisets hold the same rows equally often, in these columns. */
function isSame(one: readonly Row[], other: readonly Row[], columns: readonly string[]): boolean {
  const only = (rows: readonly Row[]): Row[] =>
    rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])));
  return compareRows({ noun: nounOf(''), truth: only(one), found: only(other), key: columns }).length === 0;
}
