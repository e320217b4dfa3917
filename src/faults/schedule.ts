import { LearnerError } from '#src/error.ts';

/** Where at a boundary a fault strikes: held back, durable but untold, told and gone on. */
export type Point = 'before' | 'after-durable' | 'client-moved-on';

/** One fault at one logical event; the incarnation counts the program's starts, and boundaries are counted in each. */
export interface Fault {
  readonly action: string;
  readonly incarnation: number;
  readonly boundary: string;
  readonly nth: number;
  /** Where set, only boundaries of this role are counted, like commits that write one table. */
  readonly role?: string | undefined;
  readonly point: Point;
  readonly argument?: string | undefined;
}

/** All that decides what is done to a program; one line holds it whole. */
export interface Schedule {
  readonly lab: string;
  readonly stage: number;
  readonly seed: number;
  readonly size: number;
  readonly faults: readonly Fault[];
}

export const POINTS: readonly Point[] = ['before', 'after-durable', 'client-moved-on'];

/** What a program passes and can be met at, and its start, its end and its input. */
export const BOUNDARIES: readonly string[] = [
  ...['pg.commit', 'pg.slot', 'pg.confirm', 'kafka.produce', 'kafka.offset', 'kafka.addtxn', 'kafka.endtxn'],
  ...['http.request', 'program.start', 'program.exit', 'input'],
];

/** What `parseSchedule` reads, for those who write one. */
export const SCHEDULE_GRAMMAR = `schedule = "v1" "lab=" id "stage=" n "seed=" n "size=" n { fault }
id       = the lab's folder without its number
fault    = action "@" [ incarnation "/" ] boundary [ "[" role "]" ] "#" nth ":" point [ "=" argument ]
action   = "kill" | "cut" | "again" | "feed"; "pause" (stopped until another start has taken its place and is at work, in
           Kafka until it has read all there is, then let go on), "slow" (the next 20 answers come late, "=200ms" where nothing else is said); of the engine itself
           "crash" (kill -9, and a start), "rewind" (PostgreSQL stops without a checkpoint); "lose" (a kill, and the slot is
           dropped); "shift" (the clock of this start and of those after it is off by the argument: +1d, -90m; s, m, h, d,
           and y of 365 days)
boundary = ${BOUNDARIES.slice(0, 6).map(quoted).join(' | ')} |
           ${BOUNDARIES.slice(6).map(quoted).join(' | ')}
role     = the tables that a commit writes, joined by "+", where its number among all commits is not enough; of a
           confirmation t3, the first that covers the third transaction; in Kafka
           the topic that is written, whose records nth counts, or the partition whose offset nth is
point    = ${POINTS.map(quoted).join(' | ')}

v1 lab=batch-error-handling stage=2 seed=42 size=10000 kill@1/pg.commit#3:after-durable`;

function quoted(word: string): string {
  return `"${word}"`;
}

const FAULT = /^([a-z][a-z-]*)@(?:(\d+)\/)?([a-z][a-z.-]*)(?:\[([\w.+-]+)\])?#(\d+):([a-z-]+)(?:=(\S+))?$/;

/** Writes the line that `parseSchedule` reads: `v1 lab=x stage=2 seed=42 size=100 kill@1/pg.commit#3:after-durable`. */
export function formatSchedule({ lab, stage, seed, size, faults }: Schedule): string {
  const written = faults.map(({ action, incarnation, boundary, role, nth, point, argument }) => {
    const of = role === undefined ? '' : `[${role}]`;
    const end = argument === undefined ? '' : `=${argument}`;
    return `${action}@${incarnation}/${boundary}${of}#${nth}:${point}${end}`;
  });
  return ['v1', `lab=${lab}`, `stage=${stage}`, `seed=${seed}`, `size=${size}`, ...written].join(' ');
}

/** Reads a schedule's line; an error points at the column. */
export function parseSchedule(line: string): Schedule {
  const words = [...line.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: match.index }));
  const take = (expected: string, pattern: RegExp): string => {
    const word = words.shift();
    const value = word === undefined ? undefined : pattern.exec(word.text)?.[1];
    if (value === undefined) throw wrong(line, word?.at ?? line.length, `expected ${expected}`);
    return value;
  };
  take('v1', /^(v1)$/);
  const lab = take('lab=<lab>', /^lab=([a-z0-9][a-z0-9-]*)$/);
  const stage = whole(take('stage=<number>', /^stage=([1-9]\d{0,3})$/));
  const seed = whole(take('seed=<number>', /^seed=(\d{1,10})$/));
  const size = whole(take('size=<number>', /^size=(\d{1,9})$/));
  const faults = words.map(({ text, at }) => faultOf(text, line, at));
  return { lab, stage, seed, size, faults };
}

function faultOf(text: string, line: string, at: number): Fault {
  const match = FAULT.exec(text);
  const [, action = '', incarnation = '1', boundary = '', role, nth = '', point = '', argument] = match ?? [];
  const known = POINTS.find((one) => one === point);
  if (match === null) throw wrong(line, at, 'expected a fault like kill@1/pg.commit#3:after-durable');
  if (!BOUNDARIES.includes(boundary))
    throw wrong(line, at + text.indexOf(`/${boundary}`) + 1, `expected ${BOUNDARIES.join(', ')}`);
  if (known === undefined) throw wrong(line, at + text.indexOf(`:${point}`) + 1, `expected ${POINTS.join(', ')}`);
  const fault = {
    action,
    incarnation: whole(incarnation),
    boundary,
    ...(role === undefined ? {} : { role }),
    nth: whole(nth),
    point: known,
  };
  if (fault.nth < 1 || fault.incarnation < 1) throw wrong(line, at, 'starts and boundaries are counted from 1');
  return argument === undefined ? fault : { ...fault, argument };
}

function whole(digits: string): number {
  return Number.parseInt(digits, 10);
}

function wrong(line: string, at: number, expected: string): LearnerError {
  return new LearnerError(
    `this is no schedule: ${expected} at column ${at + 1}\n  ${line}\n  ${' '.repeat(at)}^`,
    'Copy the whole line of a verdict, in quotes.',
  );
}
