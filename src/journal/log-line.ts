import type { EntryKind } from '#src/journal/log.ts';

/**
 * How an entry of the log stands in its file. What the app writes of an entry is one line: git merges two machines' files
 * line by line (`merge=union`), so that an entry of several lines could come out mixed with another one. A line break of
 * the learner's becomes ` <br>`; what they wrote that looks like one of our signs gets a backslash.
 */
export interface EntryLine {
  readonly kind: EntryKind;
  readonly id: string;
  /** Like `2026-01-05`. */
  readonly day: string;
  readonly text: string;
  readonly about?: About | undefined;
  readonly from?: string | undefined;
}

/** What an entry is about, and the link that shows it to somebody who reads the file. */
export interface About {
  /** `concepts/03-idempotency#double-load` */
  readonly to: string;
  readonly label: string;
  readonly href: string;
}

/** The comment at the end of a line that says what it is; editors keep it, and readers don't see it. */
export interface Mark {
  readonly kind: EntryKind;
  readonly id: string;
  readonly about: string | undefined;
  readonly from: string | undefined;
}

const MARK = /(?<!\\)<!-- (insight|question|win) ([a-z0-9-]{1,40})((?: (?:about|from)=[^\s>]+)*) -->\s*$/;
const ANSWER = /^\s+[-*+] answer:\s*(.*)$/i;
const ANSWER_MARK = /\s*(?<!\\)<!-- answer ([a-z0-9-]+) -->\s*$/;

export function entryLine({ kind, id, day, text, about, from }: EntryLine): string {
  const box = kind === 'question' ? '[ ] ' : '';
  const shown = about === undefined ? '' : ` · [${about.label}](${about.href})`;
  return `- ${box}${day} · ${escaped(text)}${shown} ${markText({ kind, id, about: about?.to, from })}`;
}

export function markText({ kind, id, about, from }: Mark): string {
  return `<!-- ${kind} ${id}${about === undefined ? '' : ` about=${about}`}${from === undefined ? '' : ` from=${from}`} -->`;
}

/** Its mark names the question, so that the same words below two questions stay two lines in any merge. */
export function answerLine(id: string, text: string): string {
  return `  - Answer: ${escaped(text)} <!-- answer ${id} -->`;
}

/** A line without its mark, and the mark where it has one. */
export function takeMark(line: string): { rest: string; mark: Mark | undefined } {
  const found = MARK.exec(line);
  if (found === null) return { rest: line, mark: undefined };
  const [, kind, id = '', more = ''] = found;
  const value = (key: string): string | undefined => new RegExp(` ${key}=(\\S+)`).exec(more)?.[1];
  const mark = { kind: kind as EntryKind, id, about: value('about'), from: value('from') };
  return { rest: line.slice(0, found.index).trimEnd(), mark };
}

/**
 * What an answer's line says, and the question that its mark names: a merge may have put it below other lines than those
 * it was written below. Undefined where the line is none.
 */
export function answerIn(line: string): { readonly text: string; readonly of: string | undefined } | undefined {
  const words = ANSWER.exec(line)?.[1];
  if (words === undefined) return undefined;
  return { text: unescaped(words.replace(ANSWER_MARK, '')), of: ANSWER_MARK.exec(words)?.[1] };
}

/** The words of an entry that is about something, without the link behind them, which a page shows in its own way. */
export function withoutLink(words: string): string {
  return words.replace(/ · \[[^\]]*\]\([^)\s]*\)$/, '');
}

const LINK = /\]\((?:[^)\s]*\/)?((?:concepts|projects|challenges)\/[a-z0-9-]+)(?:\.md|\/)?(#[a-z0-9-]+)?\)/;

/** What a link that the learner wrote themselves leads to, as `about` says it. */
export function linkedIn(words: string): string | undefined {
  const found = LINK.exec(words);
  return found === null ? undefined : `${found[1] ?? ''}${found[2] ?? ''}`;
}

const SIGNS = /\\*(?:<!--|<br>)/g;

/** Several lines as one. Empty lines inside are not kept: an entry is a thought, not a page. */
export function escaped(text: string): string {
  const lines = text
    .replaceAll('\r', '\n')
    .split('\n')
    .map((line) => line.trim().replace(SIGNS, (sign) => `\\${sign}`));
  return lines.filter((line) => line !== '').join(' <br>');
}

export function unescaped(words: string): string {
  return words
    .replace(/ ?(\\*)(<!--|<br>)/g, (whole, slashes: string, sign: string) => {
      if (slashes !== '') return `${whole.startsWith(' ') ? ' ' : ''}${slashes.slice(1)}${sign}`;
      return sign === '<br>' ? '\n' : whole;
    })
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}
