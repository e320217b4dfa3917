import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { diff3Merge } from 'node-diff3';

import { LearnerError } from '#src/error.ts';
import { replaceFile } from '#src/files.ts';
import { unwritable } from '#src/journal/event-log.ts';

/**
 * What the learner wrote about one guide: `concepts/03-idempotency.md` in their folder. The app owns the lines between
 * `<!-- prompt:id -->` and `<!-- /prompt -->`; the rest of the file is the learner's, and every editor may change all.
 */
export interface Notes {
  /** The learner's words by prompt, without the question; a prompt nobody answered is not there. */
  readonly texts: ReadonlyMap<string, string>;
}

export interface NoteEdit {
  readonly guide: string;
  /** The guide's title, for the first line of a new file. */
  readonly title: string;
  readonly prompt: string;
  /** What the prompt asks, written above the learner's words. */
  readonly question: string;
  readonly text: string;
  /** What the box held when it last agreed with the file; '' at first. */
  readonly base: string;
}

export type NoteOutcome =
  /** On the disk. The text may hold a change from outside too, where the two did not touch. */
  | { readonly kind: 'saved'; readonly text: string }
  /** Changed elsewhere in the same lines; nothing was written, and both texts are the learner's to choose from. */
  | { readonly kind: 'conflict'; readonly theirs: string };

export async function readNotes(folder: string, guide: string): Promise<Notes> {
  const text = await textOf(pathOf(folder, guide));
  return { texts: new Map(areasOf(text.split('\n')).map(({ prompt, lines }) => [prompt, wordsOf(lines)])) };
}

/** Puts a text into its place in the file. The caller holds the journal's lock. */
export async function saveNote(folder: string, edit: NoteEdit): Promise<NoteOutcome> {
  const named = pathOf(folder, edit.guide);
  const old = await textOf(named);
  const isWindows = old.includes('\r\n');
  const lines = old.replaceAll('\r\n', '\n').split('\n');
  const area = areasOf(lines).find(({ prompt }) => prompt === edit.prompt);
  const theirs = area === undefined ? '' : wordsOf(area.lines);
  const text = merge(tidy(edit.text), tidy(edit.base), theirs);
  if (text === undefined) return { kind: 'conflict', theirs };
  if (text === theirs) return { kind: 'saved', text };
  const fresh =
    area === undefined
      ? [...opened(lines, edit), '', ...areaLines(edit.prompt, questionLines(edit.question), text), '']
      : lines.toSpliced(
          area.from,
          area.to - area.from,
          ...areaLines(edit.prompt, area.lines.slice(0, questionEnd(area.lines)), text),
        );
  await replaceFile(named, fresh.join(isWindows ? '\r\n' : '\n')).catch((error: unknown) => {
    throw unwritable(named, error);
  });
  return { kind: 'saved', text };
}

interface Area {
  readonly prompt: string;
  /** Line numbers from 0: of the opening mark, and of the line behind the closing one. */
  readonly from: number;
  readonly to: number;
  /** Between the marks. */
  readonly lines: readonly string[];
}

const OPEN = /^<!-- prompt:([a-z0-9-]+) -->$/;
const CLOSE = '<!-- /prompt -->';

/** A mark that somebody deleted ends its area at the next mark, or at the end. The first of two with one name counts. */
function areasOf(lines: readonly string[]): Area[] {
  const areas: Area[] = [];
  for (let from = 0; from < lines.length; from++) {
    const prompt = OPEN.exec(line(lines, from))?.[1];
    if (prompt === undefined) continue;
    let end = from + 1;
    while (end < lines.length && line(lines, end) !== CLOSE && !OPEN.test(line(lines, end))) end++;
    const isClosed = end < lines.length && line(lines, end) === CLOSE;
    if (!areas.some((area) => area.prompt === prompt))
      areas.push({ prompt, from, to: isClosed ? end + 1 : end, lines: lines.slice(from + 1, end) });
    from = end - (isClosed ? 0 : 1);
  }
  return areas;
}

function line(lines: readonly string[], at: number): string {
  return (lines[at] as string).trimEnd();
}

/** The question is the quotation right behind the opening mark. */
function questionEnd(lines: readonly string[]): number {
  const end = lines.findIndex((text) => !text.startsWith('>'));
  return end === -1 ? lines.length : end;
}

function questionLines(question: string): string[] {
  return question.split('\n').map((text) => `> ${text}`.trimEnd());
}

function areaLines(prompt: string, question: readonly string[], text: string): string[] {
  const words = text === '' ? [] : [...text.split('\n').map(escape), ''];
  return [`<!-- prompt:${prompt} -->`, ...question, '', ...words, CLOSE];
}

/** A line of the learner's that looks like one of our marks must not become one; a backslash goes before it. */
function escape(text: string): string {
  return /^\\*<!-- \/?prompt\b/.test(text) ? `\\${text}` : text;
}

function wordsOf(lines: readonly string[]): string {
  return tidy(
    lines
      .slice(questionEnd(lines))
      .map((text) => text.replace(/^\\(\\*<!-- \/?prompt\b)/, '$1'))
      .join('\n'),
  );
}

/** Line ends of any system, and no empty lines around: what is compared and merged is what can be seen. */
export function tidy(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(/^(?:[ \t]*\n)+/, '')
    .trimEnd();
}

/** The text that holds both changes, or undefined where they touch the same lines. */
export function merge(mine: string, base: string, theirs: string): string | undefined {
  if (theirs === base || theirs === mine) return mine;
  if (mine === base) return theirs;
  const regions = diff3Merge(mine.split('\n'), base.split('\n'), theirs.split('\n'), { excludeFalseConflicts: true });
  const merged: string[] = [];
  for (const region of regions) {
    if (region.ok === undefined) return undefined;
    merged.push(...region.ok);
  }
  return merged.join('\n');
}

function opened(lines: readonly string[], { title }: NoteEdit): string[] {
  const isEmpty = lines.every((text) => text.trim() === '');
  if (isEmpty) return [`# ${title}`];
  const last = lines.findLastIndex((text) => text.trim() !== '');
  return lines.slice(0, last + 1);
}

function pathOf(folder: string, guide: string): string {
  return join(folder, 'concepts', `${guide}.md`);
}

export async function textOf(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new LearnerError(
      `${path} is not UTF-8 text`,
      'Save it as UTF-8 in your editor; until then the app leaves it as it is.',
    );
  }
}
