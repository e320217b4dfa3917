import type { Noun } from '#src/grading/anomaly.ts';

/** What an oracle of records, of a report or of a server's log found, as the learner reads it. A part of wording.ts. */

const number = (value: number): string => value.toLocaleString('en-US');
const are = (count: number, one: string, many: string): string => (count === 1 ? one : many);

// Records: in the table, in quarantine, nowhere, in both

export function partedWords(good: number, bad: number, noun: Noun): string {
  return `${number(good)} ${good === 1 ? noun.one : noun.many} in the table and ${number(bad)} ${are(bad, 'record', 'records')} in quarantine, each once`;
}

export type Parting =
  'nowhere' | 'let-in' | 'kept-out' | 'in-both' | 'parked-twice' | 'altered' | 'invented' | 'reason';

export function partingWords(kind: Parting, count: number): string {
  const few = number(count);
  const records = are(count, 'record', 'records');
  switch (kind) {
    case 'nowhere':
      return `${few} bad ${records} ${are(count, 'is', 'are')} neither in quarantine nor anywhere else`;
    case 'let-in':
      return `${few} bad ${records} ${are(count, 'stands', 'stand')} in the table`;
    case 'kept-out':
      return `${few} ${records} in quarantine, though nothing is wrong with ${are(count, 'it', 'them')}`;
    case 'in-both':
      return `${few} ${records} both in the table and in quarantine`;
    case 'parked-twice':
      return `${few} ${records} more than once in quarantine`;
    case 'altered':
      return `${few} ${records} in quarantine with another text than in the file`;
    case 'invented':
      return `${few} ${records} in quarantine that ${are(count, 'was', 'were')} never in the input`;
    case 'reason':
      return `${few} ${records} in quarantine with another reason than the list gives`;
  }
}

/** A record holds commas and spaces, so that a list of them needs quotes. */
export function quoted(raw: string): string {
  const points = [...raw];
  return `“${points.length > LONGEST ? `${points.slice(0, LONGEST - 1).join('')}…` : raw}”`;
}

const LONGEST = 44;

export function reasonWords(raw: string, due: string, found: string): string {
  return `${quoted(raw)} as ${found}, not ${due}`;
}

// The report

export function reportWords(file: string, due: string): string {
  return `${file} says ${due}`;
}

export const REPORT = {
  missing: (file: string): string => `there is no ${file}`,
  broken: (file: string): string => `${file} is no JSON`,
  says: (file: string, found: string): string => `${file} says ${found}`,
} as const;

// A reader beside the program

export const SEEN = {
  stays: 'what a reader has once seen in the tables stays there',
  fell: (table: string, from: number, to: number): string =>
    `a reader saw ${number(from)} rows in ${table}, and later ${number(to)}`,
} as const;
