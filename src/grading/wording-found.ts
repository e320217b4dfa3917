import type { Noun } from '#src/grading/anomaly.ts';

/** What an oracle of records, of a report or of a server's log found, as the learner reads it. A part of wording.ts. */

const number = (value: number): string => value.toLocaleString('en-US');
const are = (count: number, one: string, many: string): string => (count === 1 ? one : many);

// Records: in the table, in quarantine, nowhere, in both

/** Where what is good belongs, where what is bad does, and where both came from. */
export interface Places {
  readonly good: string;
  readonly bad: string;
  readonly from: string;
}

const TABLE: Places = { good: 'the table', bad: 'quarantine', from: 'the file' };

export function partedWords(good: number, bad: number, noun: Noun, places = TABLE): string {
  return `${number(good)} ${good === 1 ? noun.one : noun.many} in ${places.good} and ${number(bad)} ${are(bad, 'record', 'records')} in ${places.bad}, each once`;
}

export type Parting =
  'nowhere' | 'let-in' | 'kept-out' | 'in-both' | 'parked-twice' | 'altered' | 'invented' | 'reason';

export function partingWords(kind: Parting, count: number, places = TABLE): string {
  const few = number(count);
  const records = are(count, 'record', 'records');
  switch (kind) {
    case 'nowhere':
      return `${few} bad ${records} ${are(count, 'is', 'are')} neither in ${places.bad} nor anywhere else`;
    case 'let-in':
      return `${few} bad ${records} ${are(count, 'stands', 'stand')} in ${places.good}`;
    case 'kept-out':
      return `${few} ${records} in ${places.bad}, though nothing is wrong with ${are(count, 'it', 'them')}`;
    case 'in-both':
      return `${few} ${records} both in ${places.good} and in ${places.bad}`;
    case 'parked-twice':
      return `${few} ${records} more than once in ${places.bad}`;
    case 'altered':
      return `${few} ${records} in ${places.bad} with another text than in ${places.from}`;
    case 'invented':
      return `${few} ${records} in ${places.bad} that ${are(count, 'was', 'were')} never in the input`;
    case 'reason':
      return `${few} ${records} in ${places.bad} with another reason than the list gives`;
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

// What a server was asked, by its own log

export interface Asked {
  readonly expected: string;
  readonly found: (count: number) => string;
}

export function askedWords({ expected, found }: Asked, count: number) {
  return { expected, found: found(count), count };
}

const requests = (count: number): string => `${number(count)} ${are(count, 'request', 'requests')}`;
const span = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

export const ASKED = {
  once: {
    expected: 'the server settles each payment once',
    found: (count) => `the server settled ${number(count)} ${are(count, 'payment', 'payments')} more than once`,
  },
  final: {
    expected: 'a refusal (4xx, but for 408, 425 and 429) is an answer, and is not asked for again',
    found: (count) => `${requests(count)} sent again after a refusal`,
  },
  until: {
    expected: 'a passing trouble is met by asking again, until there is an answer',
    found: (count) => `${number(count)} ${are(count, 'payment was', 'payments were')} given up after a passing trouble`,
  },
  settled: {
    expected: 'the server settles each payment once',
    found: (count) => `${number(count)} ${are(count, 'payment', 'payments')} that the server never settled`,
  },
  wait: {
    expected: 'the next attempt comes when Retry-After is over, not before',
    found: (count) => `${requests(count)} sent again before that`,
  },
  pauses: {
    expected: 'a pause before each new attempt, longer each time',
    found: (count) => `${number(count)} new attempts, nearly all of them at once`,
  },
  growing: {
    expected: 'a pause before each new attempt, longer each time but for what is left to chance',
    found: (count) => `${number(count)} new attempts, and the second ones were waited for no longer than the first`,
  },
  spread: {
    expected: 'pauses that are spread by chance, so that clients which failed together don’t come back together',
    found: (count) => `${number(count)} pauses, nearly all of the same length for the same attempt`,
  },
  budget: (budget: number, most: number) => ({
    expected: `at most ${number(budget)} retries in one run, over all requests`,
    found: `${number(most)} retries in one run`,
  }),
  gaveUp: (budget: number, most: number) => ({
    expected: `retries until the budget of ${number(budget)} is spent, then exit code 4`,
    found: `the program gave up after ${number(most)} ${are(most, 'retry', 'retries')}`,
  }),
  times: (name: string, answer: string, more: number): string =>
    `${name}: ${answer}, then ${number(more)} ${are(more, 'time', 'times')} more`,
  after: (name: string, ms: number, seconds: number): string => `${name}: after ${span(ms)} instead of ${seconds} s`,
  pause: (name: string, ms: number): string => `${name}: ${span(ms)}`,
  retries: (name: string, count: number): string => `${name}: ${number(count)}`,
} as const satisfies Record<string, Asked | ((...args: never[]) => unknown)>;

// A delivery after the first

export const DELIVERY = {
  spoilt: (bad: number, total: number, limit: number): string =>
    `gave it the next delivery, in which ${number(bad)} of ${number(total)} records are bad (ERROR_LIMIT ${limit})`,
  corrected: 'gave it that delivery once more, corrected',
  nothing: 'nothing of that delivery is published, and what stood there stays',
  whole: 'a reader sees none of a delivery or all of it',
  saw: (count: number, before: number, after: number): string =>
    `a reader saw ${number(count)} rows in orders, between ${number(before)} before and ${number(after)} after`,
  published: (count: number): string => `${number(count)} ${are(count, 'row', 'rows')} of it in orders`,
  gone: (count: number): string =>
    `${number(count)} ${are(count, 'row', 'rows')} of earlier deliveries gone from orders`,
} as const;
