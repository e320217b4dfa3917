import { fnv1a } from '#src/random.ts';
import { answerIn, linkedIn, takeMark, unescaped, withoutLink, type Mark } from '#src/journal/log-line.ts';

/** What the learner keeps in `journal/log.md`: the file is the one truth, and any editor may change all of it. */
export interface Log {
  readonly focus: Focus;
  /** In the order of the file. */
  readonly entries: readonly LogEntry[];
}

export type EntryKind = 'insight' | 'question' | 'win';

export interface LogEntry {
  readonly kind: EntryKind;
  /**
   * Stays the same for as long as the entry is there: it stands in the mark that the app writes behind an entry. One that
   * was written by hand has an id of its words until the app changes it.
   */
  readonly id: string;
  /** The learner's day it was written on, like `2026-01-05`; undefined where a hand left it out. */
  readonly day: string | undefined;
  /** The learner's words, as plain text. Lines are separated by a line break. */
  readonly text: string;
  /** What it is about: `concepts/03-idempotency#double-load` or `challenges/01-batch-error-handling`. */
  readonly about: string | undefined;
  /** Of a question: its box is ticked. */
  readonly answered: boolean;
  readonly answers: readonly string[];
  /** Of a win that was offered: the offer's key. */
  readonly from: string | undefined;
  /** Where it stands, from 1. */
  readonly line: number;
}

/** What the learner set by hand; what is left out follows the plan. */
export interface Focus {
  readonly week?: FocusItem;
  readonly concept?: FocusItem;
  readonly project?: FocusItem;
}

export interface FocusItem {
  readonly text: string;
  /** `concepts/02-cdc`, where it is a link to that. */
  readonly path: string | undefined;
}

export type FocusKey = keyof Focus;
export type SectionName = 'focus' | EntryKind;

/** An entry with the lines it takes, from 0, the last one not included. */
export interface Found {
  readonly entry: LogEntry;
  readonly from: number;
  readonly to: number;
}

/** The file taken apart; every line that is not named here is only the learner's. */
export interface Layout {
  readonly found: readonly Found[];
  readonly focus: readonly { readonly key: FocusKey; readonly item: FocusItem; readonly line: number }[];
  /** Where each section begins (its heading) and ends (the line behind it). The first of two with one name counts. */
  readonly sections: ReadonlyMap<SectionName, { readonly from: number; readonly to: number }>;
}

export function parseLog(text: string): Log {
  const { found, focus } = layoutOf(text.replaceAll('\r\n', '\n').split('\n'));
  // Where a merge kept two lines of one kind, the later one counts.
  const items = Object.fromEntries(focus.map(({ key, item }) => [key, item])) as Focus;
  return { focus: items, entries: joined(found.map(({ entry }) => entry)) };
}

const SECTIONS: readonly (readonly [SectionName, RegExp])[] = [
  ['focus', /focus/i],
  ['insight', /insight/i],
  ['question', /question|challenge/i],
  ['win', /\bwins?\b|achievement/i],
];
const FOCUS_KEYS: readonly (readonly [FocusKey, RegExp])[] = [
  ['week', /^week$/i],
  ['concept', /^(?:concept|guide)$/i],
  ['project', /^(?:project|challenge|lab)$/i],
];
const ITEM = /^[-*+] +(.*)$/;
const FENCE = /^(`{3,}|~{3,})/;

/** Reads lines without their ends. What stands in a code fence is no entry, whatever it looks like. */
export function layoutOf(lines: readonly string[]): Layout {
  const found: Found[] = [];
  const focus: { key: FocusKey; item: FocusItem; line: number }[] = [];
  const sections = new Map<SectionName, { from: number; to: number }>();
  let section: SectionName | undefined;
  let fence: string | undefined;
  let heading = -1;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    const mark = FENCE.exec(line)?.[1];
    if (fence !== undefined) {
      if (mark?.startsWith(fence) === true) fence = undefined;
    } else if (mark !== undefined) fence = mark;
    else if (/^#{1,2} /.test(line)) {
      heading = at;
      section = SECTIONS.find(([, name]) => line.startsWith('## ') && name.test(line))?.[0];
      if (section !== undefined && !sections.has(section)) sections.set(section, { from: at, to: at + 1 });
    } else if (ITEM.test(line)) {
      const to = endOfItem(lines, at);
      const item = section === 'focus' ? focusIn(line) : undefined;
      if (item !== undefined) focus.push({ ...item, line: at });
      const entry = entryIn(lines.slice(at, to), section === 'focus' ? undefined : section);
      if (item === undefined && entry !== undefined) found.push({ entry: { ...entry, line: at + 1 }, from: at, to });
      at = to - 1;
    }
    const open = section === undefined ? undefined : sections.get(section);
    // A second section of the same name further down doesn't make the first one longer.
    if (open !== undefined && section !== undefined && heading === open.from)
      sections.set(section, { from: open.from, to: at + 1 });
  }
  return { found: replied(named(found), lines), focus, sections };
}

/** Gives each question the answers that name it, wherever a merge has put them. */
function replied(found: readonly Found[], lines: readonly string[]): Found[] {
  const replies = lines.flatMap((line) => answerIn(line) ?? []);
  return found.map(({ entry, ...place }) => {
    const more = replies.filter(({ of, text }) => of === entry.id && text !== '').map(({ text }) => text);
    return { ...place, entry: { ...entry, answers: [...new Set([...entry.answers, ...more])] } };
  });
}

/** An item goes on over indented lines, also behind an empty one, and over plain lines that follow at once. */
function endOfItem(lines: readonly string[], from: number): number {
  let to = from + 1;
  for (let at = to; at < lines.length; at++) {
    const line = lines[at] as string;
    if (line.trim() === '') continue;
    const isIndented = /^(?: {2,}|\t)/.test(line);
    const isLazy = at === to && !/^(?:[-*+] |\d+[.)] |#|`{3}|~{3}|<|>|=|\||_)/.test(line);
    if (!isIndented && !isLazy) break;
    to = at + 1;
  }
  return to;
}

function focusIn(line: string): { key: FocusKey; item: FocusItem } | undefined {
  const [, name = '', value = ''] = /^[-*+] +\**([A-Za-z]+)\**:\**\s*(.*)$/.exec(line) ?? [];
  const key = FOCUS_KEYS.find(([, pattern]) => pattern.test(name))?.[0];
  if (key === undefined || value.trim() === '') return undefined;
  const label = /^\[([^\]]*)\]\([^)]*\)\s*$/.exec(value)?.[1];
  return { key, item: { text: label ?? value.trim(), path: linkedIn(value)?.replace(/#.*/, '') } };
}

type Unplaced = Omit<LogEntry, 'id' | 'line'> & { readonly id: string };

function entryIn(lines: readonly string[], section: EntryKind | undefined): Unplaced | undefined {
  const firstAnswer = lines.findIndex((line, at) => at > 0 && answerIn(line) !== undefined);
  const own = firstAnswer === -1 ? lines : lines.slice(0, firstAnswer);
  let mark: Mark | undefined;
  const words = own.map((line) => {
    const taken = takeMark(line);
    mark ??= taken.mark;
    return taken.rest;
  });
  const kind = mark?.kind ?? section;
  if (kind === undefined) return undefined;
  const whole = words
    .map((line, at) => (at === 0 ? (ITEM.exec(line)?.[1] ?? '') : line.trim()))
    .filter((line) => line !== '')
    .join('\n');
  const [, box, unboxed = ''] = (kind === 'question' && /^\[([ xX])\] *([^]*)$/.exec(whole)) || ['', undefined, whole];
  const [, day, undated = ''] = /^(\d{4}-\d\d-\d\d)(?: *[·:,–-] *| +|$)([^]*)$/.exec(unboxed) ?? [
    '',
    undefined,
    unboxed,
  ];
  const bare = mark?.about === undefined ? undated : withoutLink(undated);
  const text = unescaped(bare);
  if (text === '') return undefined;
  const answers = firstAnswer === -1 ? [] : answersIn(lines.slice(firstAnswer));
  return {
    kind,
    id: mark?.id ?? `w${fnv1a(`${kind}\n${text}`).toString(36)}`,
    day,
    text,
    about: mark?.about ?? linkedIn(undated),
    answered: kind === 'question' && (box === undefined ? answers.length > 0 : box !== ' '),
    answers,
    from: mark?.from,
  };
}

/** Answers that a hand wrote, each going on until the next one. Those with a mark are found by it. */
function answersIn(lines: readonly string[]): string[] {
  const answers: string[] = [];
  let isMarked = false;
  for (const line of lines) {
    const answer = answerIn(line);
    if (answer !== undefined) isMarked = answer.of !== undefined;
    if (isMarked || line.trim() === '') continue;
    if (answer !== undefined) answers.push(answer.text);
    else answers.push(`${answers.pop() ?? ''}\n${line.trim()}`);
  }
  return answers.filter((text) => text.trim() !== '');
}

/** Two lines with one id that say the same are one entry, which a merge doubled; others get a name of their own. */
function named(found: readonly Found[]): Found[] {
  const texts = new Map<string, string>();
  return found.map(({ entry, ...place }) => {
    const said = `${entry.kind}\n${entry.text}`;
    let id = entry.id;
    for (let n = 2; texts.has(id) && texts.get(id) !== said; n++) id = `${entry.id}-${n}`;
    texts.set(id, said);
    return { ...place, entry: { ...entry, id } };
  });
}

function joined(entries: readonly LogEntry[]): LogEntry[] {
  const byId = new Map<string, LogEntry>();
  for (const entry of entries) {
    const twin = byId.get(entry.id);
    const more = twin === undefined ? entry.answers : [...twin.answers, ...entry.answers];
    byId.set(entry.id, {
      ...(twin ?? entry),
      answered: entry.answered || twin?.answered === true,
      answers: [...new Set(more)],
    });
  }
  return [...byId.values()];
}
