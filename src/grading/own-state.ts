import { finding, type Anomaly, type Finding, type Noun } from '#src/grading/anomaly.ts';
import type { Row } from '#src/grading/canonical.ts';
import { compareRows } from '#src/grading/oracle.ts';
import type { FileState } from '#src/grading/output-files.ts';
import type { TableState } from '#src/grading/table-state.ts';
import { alignedRows, outOfOrder, settledOrder, type TopicState } from '#src/grading/topic-state.ts';
import { ATTACK, linesNoun, nounOf, recordsNoun, type Restless } from '#src/grading/wording-attack.ts';
import { countOf } from '#src/grading/wording-oracle.ts';

/** All that is compared of a program of no lab, as one run left it. */
export interface OwnState {
  readonly tables: readonly TableState[];
  readonly topics: readonly TopicState[];
  readonly files: readonly FileState[];
}

/** The worst first. */
const GRAVITY: readonly Anomaly[] = ['lost', 'duplicate', 'corrupted', 'stale', 'phantom', 'reordered'];

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
    ...truth.topics.flatMap((topic) =>
      compareTopic(
        topic,
        found.topics.find(({ name }) => name === topic.name),
      ),
    ),
    ...moreTopics(truth, found),
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
  return compareThings(nounOf(name), truth.rows, found.rows, key);
}

function compareThings(noun: Noun, truth: readonly Row[], found: readonly Row[], key: readonly string[]): Finding[] {
  // There is no input that we know: the undisturbed run is what a row is measured by.
  return compareRows({ noun, truth, found, key }).map((one) =>
    one.anomaly === 'phantom' ? { ...one, found: ATTACK.phantoms(countOf(found.length, noun), one.count) } : one,
  );
}

function compareTopic(truth: TopicState, found: TopicState | undefined): Finding[] {
  const { name, key } = truth;
  const noun = recordsNoun(name);
  if (found === undefined) {
    const words = { expected: ATTACK.noTopic(name), found: ATTACK.topicGone(name) };
    return [finding({ anomaly: 'lost', ...words, count: Math.max(1, truth.rows.length) })];
  }
  const [due, got] = alignedRows(truth.rows, found.rows);
  const witnesses = outOfOrder(truth, found);
  const words = { expected: ATTACK.sameOrder(name), found: ATTACK.otherOrder(witnesses.length) };
  return [
    ...compareThings(noun, due, got, key),
    ...(witnesses.length === 0
      ? []
      : [finding({ anomaly: 'reordered', ...words, count: witnesses.length, witnesses })]),
  ];
}

function moreTopics(truth: OwnState, found: OwnState): Finding[] {
  const names = found.topics.map(({ name }) => name).filter((name) => !truth.topics.some((one) => one.name === name));
  if (names.length === 0) return [];
  const words = { expected: ATTACK.noMoreTopics, found: ATTACK.moreTables(names) };
  return [finding({ anomaly: 'phantom', ...words, count: names.length, witnesses: names })];
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
  const files = [...new Set([...one.files, ...other.files].map(({ path }) => path))].filter(
    (path) => !sameFile(fileOf(one, path), fileOf(other, path)),
  );
  return [
    ...restlessTables('tables', one.tables, other.tables),
    ...restlessTables('topics', one.topics, other.topics),
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

/** Tables, or topics, of two runs. */
function restlessTables(kind: 'tables' | 'topics', one: readonly Things[], other: readonly Things[]): Restless[] {
  const names = [one, other].map((list) => list.map(({ name }) => name));
  const single = names.flatMap((list, at) => list.filter((name) => names[1 - at]?.includes(name) !== true));
  const things = kind === 'tables' ? 'rows' : 'records';
  return [
    ...(single.length === 0 ? [] : [{ kind, names: single }]),
    ...one.flatMap((table) => {
      const its = other.find(({ name }) => name === table.name);
      return its === undefined ? [] : restlessTable(table.name, things, ...alignedRows(table.rows, its.rows));
    }),
  ];
}

type Things = Pick<TableState, 'name' | 'rows'>;

function restlessTable(
  table: string,
  things: 'rows' | 'records',
  one: readonly Row[],
  other: readonly Row[],
): Restless[] {
  const columns = Object.keys(one[0] ?? other[0] ?? {});
  if (isSame(one, other, columns)) return [];
  const counts = [one.length, other.length] as const;
  if (counts[0] !== counts[1]) return [{ kind: 'count', table, things, counts }];
  const differing = columns.filter((column) => !isSame(one, other, [column]));
  if (differing.length === 0) return [{ kind: 'rows', table, things }];
  const rest = columns.filter((column) => !differing.includes(column));
  const found: Restless = { kind: 'columns', table, columns: differing };
  return isSame(one, other, rest) ? [found] : [found, { kind: 'rows', table, things }];
}

/** The first of two undisturbed runs as what others are compared with. */
export function settled(one: OwnState, other: OwnState): OwnState {
  const topics = one.topics.map((topic) =>
    settledOrder(
      topic,
      other.topics.find(({ name }) => name === topic.name),
    ),
  );
  return { ...one, topics };
}

/** Whether two multisets hold the same rows equally often, in these columns. */
function isSame(one: readonly Row[], other: readonly Row[], columns: readonly string[]): boolean {
  const only = (rows: readonly Row[]): Row[] =>
    rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])));
  return compareRows({ noun: nounOf(''), truth: only(one), found: only(other), key: columns }).length === 0;
}
