import { countOf, number, plural } from '#src/grading/wording-oracle.ts';

/** What `./dej attack` says of a program that belongs to no lab. A part of wording.ts. */

export const ATTACK = {
  title: 'Killed at every step',
  compared: 'Compared',
  leftOut: 'Left out',
  notJudged: 'Not judged',
  beyond:
    'whether the result is right in itself (an undisturbed run is taken for right), and what your program did elsewhere',
  noTable: (name: string): string => `the table ${name} is there`,
  tableGone: (name: string): string => `there is no table ${name}`,
  noTopic: (name: string): string => `the topic ${name} is there`,
  topicGone: (name: string): string => `there is no topic ${name}`,
  noMoreTopics: 'the same topics as after an undisturbed run',
  sameOrder: (topic: string): string => `the records of ${topic} with one key in the order of an undisturbed run`,
  otherOrder: (keys: number): string =>
    `of ${plural(keys, 'key')} in another order, those that were written again left out`,
  caughtUp: 'every record that stood there first read, and its offset committed, as in an undisturbed run',
  standsStill: (seconds: number): string =>
    `for ${plural(seconds, 'second')} your program wrote and committed nothing, though records were left`,
  noMoreTables: 'the same tables as after an undisturbed run',
  moreTables: (names: readonly string[]): string => `${list(names)} besides, left by a run that was broken off`,
  phantoms: (total: string, count: number): string =>
    `${total}, ${number(count)} of them ${count === 1 ? 'was' : 'were'} not there after an undisturbed run`,
  sameFiles: 'the same files as after an undisturbed run',
  fileGone: (path: string): string => `there is no ${path}`,
  moreFiles: (paths: readonly string[]): string => `${list(paths)} besides`,
  whole: (table: string): string =>
    `a reader of ${table} sees what stood there before, or all that stands there at last`,
  saw: (table: string, count: number, before: number, after: number): string =>
    `a reader saw ${rowsOf(count, table)}, between ${number(before)} before and ${number(after)} at last`,
} as const;

export function rowsOf(count: number, table: string): string {
  return countOf(count, nounOf(table));
}

export function nounOf(table: string): { one: string; many: string } {
  return { one: `row of ${table}`, many: `rows of ${table}` };
}

export function recordsNoun(topic: string): { one: string; many: string } {
  return { one: `record of ${topic}`, many: `records of ${topic}` };
}

export function linesNoun(path: string): { one: string; many: string } {
  return { one: `line of ${path}`, many: `lines of ${path}` };
}

export function serialWords(table: string, columns: readonly string[]): string {
  return `${columns.map((column) => `${table}.${column}`).join(', ')}: numbers that PostgreSQL gives, of which a crash uses some up`;
}

export function unorderedWords(topic: string, keys: number): string {
  return `the order of ${plural(keys, 'key')} of ${topic}: two undisturbed runs differ in it`;
}

export function ignoredWords(table: string, columns: readonly string[]): string {
  return `${columns.map((column) => `${table}.${column}`).join(', ')}: as you asked`;
}

// Two undisturbed runs that leave different things

export type Restless =
  | { readonly kind: 'columns'; readonly table: string; readonly columns: readonly string[] }
  | {
      readonly kind: 'count';
      readonly table: string;
      readonly things: Things;
      readonly counts: readonly [number, number];
    }
  | { readonly kind: 'rows'; readonly table: string; readonly things: Things }
  | { readonly kind: 'tables' | 'topics'; readonly names: readonly string[] }
  | { readonly kind: 'file'; readonly path: string };

type Things = 'rows' | 'records';

export function restlessWords(found: readonly Restless[]): string {
  const what = found.map((one) => {
    switch (one.kind) {
      case 'columns':
        return `in ${list(one.columns.map((column) => `${one.table}.${column}`))}`;
      case 'count':
        return `in the number of ${one.things} of ${one.table} (${number(one.counts[0])} and ${number(one.counts[1])})`;
      case 'rows':
        return `in which values stand together in the ${one.things} of ${one.table}`;
      case 'tables':
      case 'topics':
        return `in their ${one.kind} (only one left ${list(one.names)})`;
      case 'file':
        return `in ${one.path}`;
    }
  });
  return `two undisturbed runs of your program left different results: they differ ${what.join(', and ')}. What a crash changes can't be told from that`;
}

export function restlessRemedy(found: readonly Restless[]): string {
  const columns = found.flatMap((one) =>
    one.kind === 'columns' ? one.columns.map((name) => `${one.table}.${name}`) : [],
  );
  const others = found.some(({ kind }) => kind !== 'columns');
  const ignore = columns.length === 0 ? [] : [`Leave them out with --ignore ${columns.join(',')}`];
  const settle = others
    ? ['Make the result depend on the input alone (a fixed seed, a fixed clock, one order), or compare other things']
    : [];
  return `${[...ignore, ...settle].join('. ')}.`;
}

export const DRIFTED =
  'after a failure was confirmed, a run that nothing disturbed left another result than those before it: the result ' +
  'changes by itself (with the time, or with something that your program keeps outside), so the failure tells nothing';
export const DRIFTED_REMEDY =
  'Leave out what changes with --ignore, or fix the clock that your program reads; then attack again.';

// Nothing to break

export function unreachedWords(withKafka: boolean): string {
  const where = withKafka
    ? 'made no commit on the PostgreSQL that it was given, and wrote and committed nothing on the Kafka'
    : 'made no commit on the PostgreSQL that it was given';
  return `your program ${where}, so there was nothing to break. Files alone offer no point at which it could be killed exactly`;
}

export function unreachedRemedy(withKafka: boolean): string {
  const kafka = withKafka ? ', to Kafka by KAFKA_BOOTSTRAP' : '';
  return (
    `Let it connect by DATABASE_URL or PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE${kafka}, or put ` +
    `{${withKafka ? 'KAFKA_BOOTSTRAP' : 'DATABASE_URL'}} into its arguments or an --env; --rerun tries a second run, ` +
    'which needs no such point.'
  );
}

export function comparedWords(
  tables: readonly { name: string; rows: number }[],
  topics: readonly { name: string; records: number }[],
  files: readonly { path: string; lines: number }[],
): string {
  const parts = [
    ...tables.map(({ name, rows }) => `${name} (${plural(rows, 'row')})`),
    ...topics.map(({ name, records }) => `topic ${name} (${plural(records, 'record')})`),
    ...files.map(({ path, lines }) => `${path} (${plural(lines, 'line')})`),
  ];
  const shown = parts.slice(0, 8);
  return parts.length > shown.length
    ? `${shown.join(', ')} … and ${number(parts.length - shown.length)} more`
    : shown.join(', ');
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 4);
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${number(more)} more` : shown.join(' and ');
}
