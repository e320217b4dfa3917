import { LearnerError } from '#src/error.ts';
import { layoutOf, type Found, type FocusKey, type Layout, type SectionName } from '#src/journal/log.ts';
import { answerIn, answerLine, entryLine, escaped, markText, takeMark, type EntryLine } from '#src/journal/log-line.ts';
import { merge, tidy, type NoteOutcome } from '#src/journal/notes.ts';

/**
 * Changes of the log as changes of its text. Each touches the lines of one entry; every other line of the file stays as
 * it is, whoever wrote it.
 */
export type LogEdit =
  | ({ readonly type: 'add' } & EntryLine)
  | { readonly type: 'answer'; readonly id: string; readonly text: string }
  | { readonly type: 'reopen'; readonly id: string }
  /** `base` is what the words were when the learner began to change them. */
  | { readonly type: 'reword'; readonly id: string; readonly text: string; readonly base: string }
  | { readonly type: 'remove'; readonly id: string }
  /** Without a value the plan says it again. */
  | { readonly type: 'focus'; readonly key: FocusKey; readonly value?: FocusValue | undefined };

export interface FocusValue {
  readonly text: string;
  readonly href?: string | undefined;
}

export type LogOutcome = NoteOutcome | { readonly kind: 'gone' };

/** The text with the change in it, and how that went; a text that stays is given back as it was. */
export function editLog(text: string, edit: LogEdit): { text: string; outcome: LogOutcome } {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = (text.trim() === '' ? FIRST_LOG : text).replaceAll('\r\n', '\n').split('\n');
  const { fresh, outcome } = edited(lines, edit);
  return { text: fresh === undefined ? text : fresh.join(eol), outcome };
}

interface Edited {
  /** Undefined where nothing changes. */
  readonly fresh: readonly string[] | undefined;
  readonly outcome: LogOutcome;
}

function edited(lines: readonly string[], edit: LogEdit): Edited {
  const layout = layoutOf(lines);
  if (edit.type === 'focus') return done(withFocus(lines, layout, edit));
  const twins = layout.found.filter(({ entry }) => entry.id === edit.id);
  const [first] = twins;
  if (edit.type === 'add') {
    if (tidy(edit.text) === '') throw new LearnerError('there are no words to keep', 'Write what it is.');
    // Sent twice, because the first answer got lost: it is there already.
    if (first !== undefined) return { fresh: undefined, outcome: { kind: 'saved', text: first.entry.text } };
    return done(added(lines, layout, edit.kind, [entryLine(edit)]));
  }
  if (first === undefined) return { fresh: undefined, outcome: { kind: 'gone' } };
  switch (edit.type) {
    case 'remove':
      return done(
        lines.filter((line, at) => {
          const isItsOwn = twins.some(({ from, to }) => at >= from && at < to);
          return !isItsOwn && answerIn(line)?.of !== first.entry.id;
        }),
      );
    case 'reword':
      return reworded(lines, twins, edit);
    case 'reopen':
      return done(replaced(lines, twins, (own) => boxed(own, ' ')));
    case 'answer':
      return done(answered(lines, twins, edit));
  }
}

function done(fresh: readonly string[]): Edited {
  return { fresh, outcome: { kind: 'saved', text: '' } };
}

function answered(
  lines: readonly string[],
  twins: readonly Found[],
  { id, text }: { id: string; text: string },
): readonly string[] {
  const [{ entry } = {}] = twins;
  const isNew = tidy(text) !== '' && entry?.answers.includes(tidy(text)) !== true;
  let isFirst = true;
  return replaced(lines, twins, (own, found) => {
    const more = isNew && isFirst ? [answerLine(id, text)] : [];
    isFirst = false;
    return [...marked(boxed(own, 'x'), found), ...more];
  });
}

function reworded(
  lines: readonly string[],
  twins: readonly Found[],
  { text, base }: { text: string; base: string },
): Edited {
  const theirs = twins[0]?.entry.text ?? '';
  const merged = merge(tidy(text), tidy(base), theirs);
  if (merged === undefined) return { fresh: undefined, outcome: { kind: 'conflict', theirs } };
  if (merged === '') throw new LearnerError('there are no words to keep', 'Write what it is, or remove it.');
  if (merged === theirs) return { fresh: undefined, outcome: { kind: 'saved', text: theirs } };
  const fresh = replaced(lines, twins, (own, { entry }) => {
    const answersFrom = own.findIndex((line, at) => at > 0 && answerIn(line) !== undefined);
    const mark = own.map((line) => takeMark(line).mark).find((one) => one !== undefined);
    const { kind, id, day, answered: isAnswered } = entry;
    const box = kind === 'question' ? `[${isAnswered ? 'x' : ' '}] ` : '';
    const link =
      mark?.about === undefined ? '' : (/ · \[[^\]]*\]\([^)\s]*\)(?= *<!-- )/.exec(own.join('\n'))?.[0] ?? '');
    const date = day === undefined ? '' : `${day} · `;
    const words = `- ${box}${date}${escaped(merged)}${link} ${markText(mark ?? { kind, id, about: undefined, from: undefined })}`;
    return [words, ...(answersFrom === -1 ? [] : own.slice(answersFrom))];
  });
  return { fresh, outcome: { kind: 'saved', text: merged } };
}

/** Puts something else in the place of each of these entries, from the last to the first, so that places stay true. */
function replaced(
  lines: readonly string[],
  twins: readonly Found[],
  turn: (own: readonly string[], found: Found) => readonly string[],
): readonly string[] {
  const turned = twins.map((found) => turn(lines.slice(found.from, found.to), found));
  return twins.reduceRight<readonly string[]>(
    (rest, { from, to }, i) => rest.toSpliced(from, to - from, ...(turned[i] ?? [])),
    lines,
  );
}

function boxed(own: readonly string[], sign: 'x' | ' '): readonly string[] {
  const [first = '', ...rest] = own;
  const fresh = /^[-*+] +\[[ xX]\]/.test(first)
    ? first.replace(/\[[ xX]\]/, `[${sign}]`)
    : first.replace(/^([-*+]) +/, `$1 [${sign}] `);
  return [fresh, ...rest];
}

/** An entry written by hand keeps the id that its words gave it. */
function marked(own: readonly string[], { entry: { kind, id } }: Found): readonly string[] {
  if (own.some((line) => takeMark(line).mark !== undefined)) return own;
  const [first = '', ...rest] = own;
  return [`${first.trimEnd()} ${markText({ kind, id, about: undefined, from: undefined })}`, ...rest];
}

const HEADINGS: Readonly<Record<SectionName, string>> = {
  focus: '## Current focus',
  insight: '## Key insights',
  question: '## Questions and challenges',
  win: '## Wins and achievements',
};

export const FIRST_LOG = `# My log

What you found out, what you still ask, what went well. Every editor may write here: a line that begins with a hyphen
below one of the headings is an entry of the log page, and every other line stays as it is.

${HEADINGS.focus}

_The plan says it, until a line here says otherwise, for example "Concept: Idempotency" behind a hyphen._

${HEADINGS.insight}

${HEADINGS.question}

${HEADINGS.win}
`;

/** Puts lines at the end of a section; one that somebody took out comes back at the end of the file. */
function added(
  lines: readonly string[],
  { found, focus, sections }: Pick<Layout, 'found' | 'focus' | 'sections'>,
  name: SectionName,
  fresh: readonly string[],
): readonly string[] {
  const section = sections.get(name);
  if (section === undefined) {
    const last = lines.findLastIndex((line) => line.trim() !== '');
    return [...lines.slice(0, last + 1), '', HEADINGS[name], '', ...fresh, ''];
  }
  const { from, to } = section;
  const ends = [
    ...found.filter((one) => one.from > from && one.to <= to).map((one) => one.to),
    ...focus.filter(({ line }) => line > from && line < to).map(({ line }) => line + 1),
  ];
  if (ends.length > 0) return lines.toSpliced(Math.max(...ends), 0, ...fresh);
  const last = lines.findLastIndex((line, at) => at < to && line.trim() !== '');
  const isLast = lines.slice(last + 1).every((line) => line.trim() === '');
  return lines.toSpliced(last + 1, 0, '', ...fresh, ...(isLast && last + 1 >= lines.length ? [''] : []));
}

const FOCUS_WORDS: Readonly<Record<FocusKey, string>> = { week: 'Week', concept: 'Concept', project: 'Project' };

function withFocus(
  lines: readonly string[],
  layout: Layout,
  { key, value }: { key: FocusKey; value?: FocusValue | undefined },
): readonly string[] {
  const old = layout.focus.filter((one) => one.key === key).map(({ line }) => line);
  const text = value === undefined ? '' : escaped(value.text);
  const fresh = `- ${FOCUS_WORDS[key]}: ${value?.href === undefined ? text : `[${text}](${value.href})`}`;
  const [first] = old;
  if (value !== undefined && first !== undefined)
    return lines.flatMap((line, at) => (at === first ? [fresh] : old.includes(at) ? [] : [line]));
  if (value === undefined) return lines.filter((_, at) => !old.includes(at));
  return added(lines, layout, 'focus', [fresh]);
}
