import { randomBytes } from 'node:crypto';

import { abouts, type AboutLink } from '#src/commands/log-about.ts';
import type { Context } from '#src/commands/context.ts';
import { papersOf } from '#src/commands/papers.ts';
import { plan } from '#src/commands/plan.ts';
import { LearnerError } from '#src/error.ts';
import type { EntryKind, FocusKey, Log, LogEntry } from '#src/journal/log.ts';
import type { LogEdit, LogOutcome } from '#src/journal/log-edit.ts';
import { nearest } from '#src/nearest.ts';
import { standing } from '#src/study/undone.ts';
import { offered, winsOf, type Win } from '#src/study/wins.ts';

/** An entry as the page and the terminal show it. */
export type ShownEntry = Omit<LogEntry, 'about' | 'line' | 'from'> & { readonly about: AboutLink | undefined };
export type ShownWin = Pick<Win, 'key' | 'text'>;

export interface FocusPart {
  readonly text: string;
  /** Its page in the app. */
  readonly href: string | undefined;
  /** False where the plan says it. */
  readonly set: boolean;
  /** What may be chosen; the value goes back to `focus`. */
  readonly choices: readonly { readonly value: string; readonly text: string }[];
  /** The chosen value, where it is one of them. */
  readonly value: string | undefined;
}

export interface LogSight {
  /** The file as the learner reads its name. */
  readonly file: string;
  readonly focus: Readonly<Record<FocusKey, FocusPart>>;
  /** In the order of the file. */
  readonly entries: readonly ShownEntry[];
  /** What the learner may put into their wins. */
  readonly offers: readonly ShownWin[];
}

export interface NewEntry {
  readonly kind: EntryKind;
  readonly text: string;
  /** `03-idempotency#double-load`, `batch-error-handling`. */
  readonly about?: string | undefined;
  /** Chosen by who asks, so that a request which is sent twice writes once. */
  readonly id?: string | undefined;
}

/** So many are offered at once; more would be a chore. */
const MOST_OFFERS = 5;
/** An entry is a thought. A longer text has its place in a guide's journal, or anywhere else in the file. */
const MOST_CHARACTERS = 4000;

export async function log(context: Context): Promise<LogSight> {
  const known = await context.journal().log();
  const find = await abouts(context);
  return {
    file: find.file,
    focus: await focusOf(known, context),
    entries: known.entries.map(({ kind, id, day, text, about, answered, answers }) => ({
      kind,
      id,
      day,
      text,
      about: about === undefined ? undefined : find.linkOf(about),
      answered,
      answers,
    })),
    offers: (await offersOf(known, context)).map(({ key, text }) => ({ key, text })),
  };
}

async function offersOf(known: Log, context: Context): Promise<readonly Win[]> {
  const content = await context.content();
  const events = standing((await context.journal().read()).events);
  const wins = winsOf(content, events, await papersOf(content.labs, context.paths));
  const taken = new Set(known.entries.flatMap(({ from }) => (from === undefined ? [] : [from])));
  return offered(wins, taken, events).slice(0, MOST_OFFERS);
}

async function focusOf({ focus }: Log, context: Context): Promise<LogSight['focus']> {
  const content = await context.content();
  const sight = await plan(context);
  // What home says is next comes first here, too.
  const laid = [...(sight.next === undefined ? [] : [sight.next]), ...sight.weeks.flatMap((week) => week.steps)];
  // Nobody is at what is not written yet.
  const steps = [...laid, ...sight.second].filter(({ done, written }) => !done && written);
  const guides = content.groups.flatMap((group) => group.guides);
  const choices = {
    week: content.weeks.map(({ number, focus: about }) => ({ value: String(number), text: `${number} · ${about}` })),
    concept: guides.map(({ id, number, title }) => ({ value: id, text: `${number} · ${title}` })),
    project: content.labs.map(({ id, title }) => ({ value: id, text: title })),
  };
  const nextOf = (kind: 'guide' | 'stage'): string => steps.find((step) => step.kind === kind)?.id ?? '';
  const lab = content.labs.find(({ path }) => nextOf('stage').startsWith(`${path}/`));
  const planned = {
    week: sight.week === undefined ? undefined : String(sight.week),
    concept: nextOf('guide').split('/')[1],
    project: lab?.id,
  };
  const pages = {
    week: () => '/plan/',
    concept: (id: string) => (guides.find((one) => one.id === id)?.written === true ? `/concepts/${id}/` : undefined),
    project: (id: string) => {
      const found = content.labs.find((one) => one.id === id);
      return found?.written === true ? `/${found.path}/` : undefined;
    },
  };
  const part = (key: FocusKey): FocusPart => {
    const item = focus[key];
    const of = choices[key];
    const value = item === undefined ? planned[key] : valueOf(item, of, content.labs);
    const text = of.find((one) => one.value === value)?.text ?? item?.text ?? '';
    const href = value === undefined ? undefined : pages[key](value);
    return { text, href, set: item !== undefined, choices: of, value };
  };
  return { week: part('week'), concept: part('concept'), project: part('project') };
}

/** What a line of the file means, where it means something that we know. */
function valueOf(
  { text, path }: { text: string; path: string | undefined },
  choices: FocusPart['choices'],
  labs: readonly { readonly id: string; readonly path: string }[],
): string | undefined {
  const byPath = labs.find((lab) => lab.path === path)?.id ?? path?.replace(/^concepts\//, '');
  const said = text.toLowerCase();
  return choices.find(
    ({ value, text: name }) =>
      value === byPath ||
      value === said ||
      name.toLowerCase() === said ||
      name.toLowerCase().replace(/^\d+ · /, '') === said ||
      value.replace(/^\d\d-/, '') === said,
  )?.value;
}

/** Keeps a thought; resolves when it is on the disk. */
export async function addToLog({ kind, text, about, id }: NewEntry, context: Context): Promise<{ id: string }> {
  tooLong(text);
  const find = await abouts(context);
  const fresh = id ?? newId();
  await change(
    {
      type: 'add',
      kind,
      id: fresh,
      day: context.zone(context.clock()),
      text,
      about: about === undefined ? undefined : find.named(about),
    },
    context,
  );
  return { id: fresh };
}

/** Puts a win that was offered into the log. */
export async function acceptWin(key: string, context: Context): Promise<{ id: string }> {
  const win = await offerOf(key, context);
  const find = await abouts(context);
  const id = newId();
  const about = win.about === undefined ? undefined : find.named(win.about);
  const day = context.zone(win.at === undefined ? context.clock() : Date.parse(win.at));
  await change({ type: 'add', kind: 'win', id, day, text: win.text, about, from: win.key }, context);
  return { id };
}

export async function declineWin(key: string, context: Context): Promise<void> {
  const { key: offer } = await offerOf(key, context);
  await context.journal().append([{ kind: 'declined', offer }]);
}

async function offerOf(key: string, context: Context): Promise<Win> {
  const offers = await offersOf(await context.journal().log(), context);
  const win = offers.find((one) => one.key === key);
  if (win !== undefined) return win;
  throw new LearnerError(`no win ${JSON.stringify(key)} is offered`, './dej log shows what is.');
}

/** An empty text only ticks the question's box. */
export async function answerQuestion(
  { id, text }: { id: string; text: string },
  context: Context,
): Promise<{ id: string }> {
  tooLong(text);
  const entry = await entryOf(id, context);
  if (entry.kind !== 'question')
    throw new LearnerError(`${entry.id} is no question, but: ${entry.text}`, './dej log shows the questions.');
  await change({ type: 'answer', id: entry.id, text }, context);
  return { id: entry.id };
}

export async function reopenQuestion(id: string, context: Context): Promise<void> {
  await change({ type: 'reopen', id: (await entryOf(id, context)).id }, context);
}

export async function removeFromLog(id: string, context: Context): Promise<void> {
  await change({ type: 'remove', id: (await entryOf(id, context)).id }, context);
}

/** Changes the words of an entry; `base` is what they were when the learner began. */
export async function rewordInLog(
  { id, text, base }: { id: string; text: string; base: string },
  context: Context,
): Promise<LogOutcome> {
  tooLong(text);
  return change({ type: 'reword', id, text, base }, context);
}

/** Sets one part of the focus; without a value the plan says it again. */
export async function setFocus(
  { key, value }: { key: FocusKey; value?: string | undefined },
  context: Context,
): Promise<void> {
  if (value === undefined) return void (await change({ type: 'focus', key }, context));
  const { choices } = (await focusOf({ focus: {}, entries: [] }, context))[key];
  const content = await context.content();
  const path = content.labs.find((lab) => lab.path === value)?.path;
  const found = choices.find((one) => one.value === valueOf({ text: value, path }, choices, content.labs));
  const byNumber = choices.find((one) => new RegExp(`^0?${value.replace(/\D/g, '') || 'x'}-`).test(one.value));
  const chosen = found ?? (/^\d+$/.test(value) ? byNumber : undefined);
  if (chosen === undefined) {
    const values = choices.map((one) => one.value);
    const near = nearest(value, values);
    throw new LearnerError(
      `there is no ${key} ${JSON.stringify(value)}`,
      near === undefined ? `It may be: ${values.join(', ')}.` : `Did you mean ${near}?`,
    );
  }
  const find = await abouts(context);
  const href = key === 'week' ? undefined : find.named(chosen.value).href;
  await change({ type: 'focus', key, value: { text: key === 'week' ? chosen.value : chosen.text, href } }, context);
}

async function change(edit: LogEdit, context: Context): Promise<LogOutcome> {
  const outcome = await context.journal().changeLog(edit);
  if (outcome.kind === 'gone')
    throw new LearnerError('that entry is not in the log any more', 'It was removed elsewhere; look at the log again.');
  return outcome;
}

/** By its id, or by the beginning of it where that is enough. */
async function entryOf(id: string, context: Context): Promise<LogEntry> {
  const { entries } = await context.journal().log();
  const found = entries.filter((entry) => entry.id === id);
  const matches = found.length > 0 ? found : entries.filter((entry) => entry.id.startsWith(id));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  throw new LearnerError(
    only === undefined ? `the log has no entry ${JSON.stringify(id)}` : `${matches.length} entries begin with ${id}`,
    './dej log shows each entry with its name.',
  );
}

function tooLong(text: string): void {
  if (text.length > MOST_CHARACTERS)
    throw new LearnerError(
      `an entry has room for ${MOST_CHARACTERS} characters, and this has ${text.length}`,
      'Keep the thought here, and the long text in a guide’s journal or anywhere else in log.md.',
    );
}

/** Short enough to be typed, and of so many that two machines don't meet in one. */
function newId(): string {
  return randomBytes(5).toString('hex');
}
