/** The format of `events.jsonl` that this version reads and writes; its first line says it. */
export const FORMAT_VERSION = 1;

/** What every event carries, whatever it tells. One event is one line of JSON. */
export interface Envelope {
  /** Unique in the world; doubles that a merge of two folders brings are dropped by it. */
  readonly id: string;
  /** When it was written down, ISO 8601 in UTC with milliseconds. */
  readonly at: string;
  /** The clone it was written in: a random name, made once per clone. */
  readonly machine: string;
  /** Counts this machine's events from 1. */
  readonly seq: number;
  /** The version of its kind; one that this program doesn't know is kept and not understood. */
  readonly v: number;
  /** The hash of the content it is about, so that a later change of that content shows; see `hashOf`. */
  readonly of?: string | undefined;
}

/** Answered a question of a quiz. */
export interface Answered {
  readonly kind: 'answered';
  readonly guide: string;
  readonly question: string;
  /** The letters that were chosen. */
  readonly options: readonly string[];
  readonly right: boolean;
}

/** Said what a block would do before it ran; no option means that the question was skipped. */
export interface Predicted {
  readonly kind: 'predicted';
  readonly guide: string;
  readonly block: string;
  readonly option?: string | undefined;
}

/** Ran a block of a guide. */
export interface Ran {
  readonly kind: 'ran';
  readonly guide: string;
  readonly block: string;
  /** `ok`, `error`, `stopped`, `timeout` or `unknown`. */
  readonly state: string;
  readonly edited: boolean;
  readonly elapsedMs: number;
}

/** Had an exercise of a guide judged. */
export interface Tried {
  readonly kind: 'tried';
  readonly guide: string;
  readonly exercise: string;
  readonly outcome: 'passed' | 'failed' | 'unknown';
  /** What went wrong, by its name, where something did. */
  readonly anomaly?: string | undefined;
}

/** Ticked a box of the progress page by hand, or took the tick away. */
export interface Ticked {
  readonly kind: 'ticked';
  /** `concepts/03-idempotency`: the path of a guide, project or challenge without its ending. */
  readonly item: string;
  readonly done: boolean;
}

/** Had a stage of a lab graded, and the run came to an end of its own. */
export interface Graded {
  readonly kind: 'graded';
  /** The folder's name without its number. */
  readonly lab: string;
  readonly stage: number;
  /** `quick`, `full` or `overnight`. */
  readonly level: string;
  readonly state: 'passed' | 'failed' | 'unknown' | 'not-exercised';
  /** The name of what went wrong; only where it failed. */
  readonly anomaly?: string | undefined;
  /** The line that shows the failure again. */
  readonly schedule?: string | undefined;
  /** Crash points. `possible` counts those of the recorded run, tried or not. */
  readonly survived: number;
  readonly tried: number;
  readonly possible: number;
}

/** A stage of a lab went from red to green: what had been wrong is understood, and worth meeting again. */
export interface Mended {
  readonly kind: 'mended';
  readonly lab: string;
  readonly stage: number;
  readonly anomaly: string;
}

/** Changed the plan. What is left out stays as it was. */
export interface Planned {
  readonly kind: 'planned';
  /** The first day, like `2026-01-05`. */
  readonly start?: string | undefined;
  /** The days of the week that are for this, from 1 for Monday. */
  readonly days?: readonly number[] | undefined;
  /** Minutes a week. */
  readonly minutes?: number | undefined;
  /** From this day on, what is left is laid over the calendar anew. */
  readonly reflow?: string | undefined;
  /** A step that is wanted before all others that are left. */
  readonly next?: string | undefined;
  /** Minutes of review a day. */
  readonly review?: number | undefined;
}

/** Answered a question of the placement, which finds what may be skipped and what is worth five minutes before. */
export interface Placed {
  readonly kind: 'placed';
  readonly question: string;
  /** The letters that were chosen; none means "I don't know". */
  readonly options: readonly string[];
  readonly right: boolean;
}

/** Met a card in review, and said how well it was known. */
export interface Reviewed {
  readonly kind: 'reviewed';
  readonly card: string;
  readonly grade: 'again' | 'hard' | 'good' | 'easy';
  /** The letters that were chosen, where the card has options. */
  readonly options?: readonly string[] | undefined;
  readonly elapsedMs: number;
}

/** Put a card into review, laid it aside, or took it up again. */
export interface Carded {
  readonly kind: 'carded';
  readonly card: string;
  readonly state: 'added' | 'suspended' | 'resumed';
}

/** Took back an event, as if it had not been; a review that was graded by mistake. */
export interface Undone {
  readonly kind: 'undone';
  /** The id of what is taken back. */
  readonly event: string;
}

/** Did not want a win that the log offered; it is not offered again. */
export interface Declined {
  readonly kind: 'declined';
  /** The offer's key. */
  readonly offer: string;
}

export type Happening =
  | Answered
  | Predicted
  | Ran
  | Tried
  | Ticked
  | Graded
  | Mended
  | Planned
  | Placed
  | Reviewed
  | Carded
  | Undone
  | Declined;
export type JournalEvent = Envelope & Happening;
/** What a caller knows of an event; the log adds the rest. */
export type NewEvent = Happening & { readonly of?: string | undefined };

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const isDay: Check = (value) => isText(value) && /^\d{4}-\d\d-\d\d$/.test(value as string);
const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const ENVELOPE: Readonly<Record<string, Check>> = {
  id: isText,
  at: (value) => isText(value) && !Number.isNaN(Date.parse(value as string)),
  machine: isText,
  seq: (value) => Number.isSafeInteger(value),
  v: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  kind: isText,
  of: optional(isText),
};

/** Each kind's newest version, and what must be in it. Written by hand: 50,000 lines are checked at each start. */
const KINDS: Readonly<Record<Happening['kind'], { version: number; fields: Readonly<Record<string, Check>> }>> = {
  answered: { version: 1, fields: { guide: isText, question: isText, options: isTexts, right: isFlag } },
  predicted: { version: 1, fields: { guide: isText, block: isText, option: optional(isText) } },
  ran: { version: 1, fields: { guide: isText, block: isText, state: isText, edited: isFlag, elapsedMs: isNumber } },
  tried: {
    version: 1,
    fields: {
      guide: isText,
      exercise: isText,
      outcome: (value) => value === 'passed' || value === 'failed' || value === 'unknown',
      anomaly: optional(isText),
    },
  },
  ticked: { version: 1, fields: { item: isText, done: isFlag } },
  graded: {
    version: 1,
    fields: {
      lab: isText,
      stage: isCount,
      level: isText,
      state: (value) => ['passed', 'failed', 'unknown', 'not-exercised'].includes(value as string),
      anomaly: optional(isText),
      schedule: optional(isText),
      survived: isCount,
      tried: isCount,
      possible: isCount,
    },
  },
  mended: { version: 1, fields: { lab: isText, stage: isCount, anomaly: isText } },
  planned: {
    version: 1,
    fields: {
      start: optional(isDay),
      days: optional((value) => Array.isArray(value) && value.every((day) => isNumber(day) && day >= 1 && day <= 7)),
      minutes: optional(isNumber),
      reflow: optional(isDay),
      next: optional(isText),
      review: optional(isNumber),
    },
  },
  placed: { version: 1, fields: { question: isText, options: isTexts, right: isFlag } },
  reviewed: {
    version: 1,
    fields: {
      card: isText,
      grade: oneOf('again', 'hard', 'good', 'easy'),
      options: optional(isTexts),
      elapsedMs: isNumber,
    },
  },
  carded: { version: 1, fields: { card: isText, state: oneOf('added', 'suspended', 'resumed') } },
  undone: { version: 1, fields: { event: isText } },
  declined: { version: 1, fields: { offer: isText } },
};

/** The version that a new event of this kind is written with. */
export function versionOf(kind: Happening['kind']): number {
  return KINDS[kind].version;
}

export type Line =
  | { readonly is: 'event'; readonly event: JournalEvent }
  /** Of a kind or a version that this program doesn't know: kept, not understood. */
  | { readonly is: 'unknown'; readonly envelope: Envelope & { readonly kind: string } }
  | { readonly is: 'format'; readonly version: number }
  | { readonly is: 'bad'; readonly why: string };

/** Reads one line of `events.jsonl`. */
export function readLine(text: string): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const isMark = /^(<{7}|={7}|>{7}|\|{7})/.test(text);
    return { is: 'bad', why: isMark ? 'the mark of a merge that was not finished' : 'no whole JSON value' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { is: 'bad', why: 'no JSON object' };
  const fields = value as Record<string, unknown>;
  if (fields['format'] === 'events' && Number.isSafeInteger(fields['version']))
    return { is: 'format', version: fields['version'] as number };
  const wrong = firstWrong(fields, ENVELOPE);
  if (wrong !== undefined) return { is: 'bad', why: `${wrong} is missing or of the wrong form` };
  const envelope = fields as unknown as Envelope & { kind: string };
  const known = Object.hasOwn(KINDS, envelope.kind) ? KINDS[envelope.kind as Happening['kind']] : undefined;
  if (known === undefined || envelope.v > known.version) return { is: 'unknown', envelope };
  const missing = firstWrong(fields, known.fields);
  if (missing !== undefined) return { is: 'bad', why: `${missing} is missing or of the wrong form` };
  return { is: 'event', event: fields as unknown as JournalEvent };
}

function firstWrong(value: Record<string, unknown>, checks: Readonly<Record<string, Check>>): string | undefined {
  for (const name in checks) if (!(checks[name] as Check)(value[name])) return name;
  return undefined;
}

/**
 * The one order in which events are folded, whatever order merges left them in: time, machine, sequence. The id and
 * the text itself decide what is left, so that the order is total.
 */
export function compareEvents(a: JournalEvent, b: JournalEvent): number {
  // Times all have the same form, so their text sorts as they do; others were let in only if Date.parse knew them.
  return (
    Date.parse(a.at) - Date.parse(b.at) ||
    compareText(a.machine, b.machine) ||
    a.seq - b.seq ||
    compareText(a.id, b.id) ||
    compareText(JSON.stringify(a), JSON.stringify(b))
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
