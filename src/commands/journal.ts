import type { Context } from '#src/commands/context.ts';
import { findGuide } from '#src/commands/blocks.ts';
import { journalPage } from '#src/commands/boxes.ts';
import { papersOf } from '#src/commands/papers.ts';
import type { Content } from '#src/content/content.ts';
import type { Guide } from '#src/content/guide.ts';
import { predictionHash, questionHash } from '#src/content/hash.ts';
import { LearnerError, reportOf } from '#src/error.ts';
import type { NewEvent } from '#src/journal/event.ts';
import type { NoteOutcome } from '#src/journal/notes.ts';
import type { Reading } from '#src/journal/reading.ts';
import { nearest } from '#src/nearest.ts';
import { labProgress, type LabProgress } from '#src/study/lab-progress.ts';
import { heldOf, recalledCards, type Held } from '#src/study/held.ts';
import { placementOf, skippable } from '#src/study/placement.ts';
import { guideProgress, type GuideProgress } from '#src/study/progress.ts';
import { fold } from '#src/study/record.ts';
import { standing } from '#src/study/undone.ts';

/** What the learner did in one guide, as its page shows it. */
export interface GuideRecord {
  /** By question: the latest answer. `changed` when the question has other words now. */
  readonly answers: Readonly<
    Record<string, { options: readonly string[]; right: boolean; at: string; changed: boolean }>
  >;
  /** By block; no option means that the question was skipped. */
  readonly predictions: Readonly<Record<string, { option: string | undefined; at: string }>>;
  readonly ran: Readonly<Record<string, { state: string; at: string }>>;
  readonly exercises: Readonly<Record<string, { outcome: string; at: string }>>;
  readonly notes: Readonly<Record<string, { text: string }>>;
  /** By exercise: the learner's own code, where they have begun. */
  readonly codes: Readonly<Record<string, { text: string }>>;
  readonly progress: GuideProgress;
  /** Parts that may be skipped, because the learner's placement says so. */
  readonly skippable: readonly { readonly anchor: string; readonly topic: string }[];
  /** What in the learner's folder can't be read, as sentences. */
  readonly problems: readonly string[];
}

export interface Progress {
  readonly folder: string;
  readonly events: number;
  readonly guides: Readonly<Record<string, GuideProgress>>;
  /** By guide: what of it was known a week later. */
  readonly held: Readonly<Record<string, Held>>;
  /** By id; all labs of the catalogue. */
  readonly labs: Readonly<Record<string, LabProgress>>;
  readonly problems: readonly string[];
}

export async function guideRecord(name: string, context: Context): Promise<GuideRecord> {
  const content = await context.content();
  const guide = findGuide(content.guides, name);
  const reading = await context.journal().read();
  const record = fold(reading.events);
  const { texts } = await context.journal().notes(guide.id);
  const wording = new Map(guide.questions.map((question) => [question.id, questionHash(question)]));
  return {
    answers: each(record.answers.get(guide.id), ({ options, right, at, of }, id) => ({
      options,
      right,
      at,
      changed: of !== wording.get(id),
    })),
    predictions: each(record.predictions.get(guide.id), ({ option, at }) => ({ option, at })),
    ran: each(record.runs.get(guide.id), ({ state, at }) => ({ state, at })),
    exercises: each(record.exercises.get(guide.id), ({ outcome, at }) => ({ outcome, at })),
    notes: each(texts, (text) => ({ text })),
    codes: await codesOf(guide, context),
    progress: guideProgress(guide, record),
    skippable: skippable(guide.id, placementOf(content, reading.events)),
    problems: problemsOf(reading),
  };
}

async function codesOf(guide: Guide, context: Context): Promise<Record<string, { text: string }>> {
  const codes: Record<string, { text: string }> = {};
  for (const { id: exercise, extension } of (await context.content()).exercises) {
    if (!guide.exercises.some(({ id }) => id === exercise)) continue;
    const text = await context.journal().code({ guide: guide.id, exercise, extension });
    if (text !== undefined) codes[exercise] = { text };
  }
  return codes;
}

export async function progress(context: Context): Promise<Progress> {
  const { guides, labs } = await context.content();
  const reading = await context.journal().read();
  const record = fold(reading.events);
  const all = guides.map((guide) => ({ guide, of: guideProgress(guide, record) }));
  const recalled = recalledCards(standing(reading.events), context.zone);
  return {
    folder: context.paths.journal,
    events: reading.events.length + reading.unknown,
    guides: Object.fromEntries(all.map(({ guide, of }) => [guide.id, of])),
    held: Object.fromEntries(all.map(({ guide, of }) => [guide.id, heldOf(guide, of.done, recalled)])),
    labs: Object.fromEntries(labs.map((lab) => [lab.id, labProgress(lab, record)])),
    problems: problemsOf(reading),
  };
}

/** Judges an answer and writes it down; resolves when it is on the disk. */
export async function answer(
  { guide: name, question: id, options }: { guide: string; question: string; options: readonly string[] },
  context: Context,
): Promise<{ right: boolean; progress: GuideProgress }> {
  const guide = findGuide((await context.content()).guides, name);
  const question = guide.questions.find((one) => one.id === id) ?? missing(guide, 'question', id, guide.questions);
  const chosen = [...new Set(options)].sort();
  const unknown = chosen.find((letter) => !question.options.some((option) => option.letter === letter));
  if (unknown !== undefined || chosen.length === 0) {
    const letters = question.options.map(({ letter }) => letter).join(', ');
    throw new LearnerError(`question ${id} has no option ${JSON.stringify(unknown ?? '')}`, `Its options: ${letters}.`);
  }
  const right = chosen.join() === [...question.answer].sort().join();
  const event: NewEvent = { kind: 'answered', guide: guide.id, question: id, options: chosen, right };
  return { right, progress: await write({ ...event, of: questionHash(question) }, guide, context) };
}

/** Writes down what the learner thinks a block will do; no option where they skipped it. */
export async function predict(
  { guide: name, block, option }: { guide: string; block: string; option?: string | undefined },
  context: Context,
): Promise<{ progress: GuideProgress }> {
  const guide = findGuide((await context.content()).guides, name);
  const prediction =
    guide.predictions.find((one) => one.block === block) ??
    missing(
      guide,
      'prediction',
      block,
      guide.predictions.map(({ block: id }) => ({ id })),
    );
  if (option !== undefined && !prediction.options.some(({ letter }) => letter === option)) {
    const letters = prediction.options.map(({ letter }) => letter).join(', ');
    throw new LearnerError(
      `the prediction of ${block} has no option ${JSON.stringify(option)}`,
      `Its options: ${letters}.`,
    );
  }
  const event: NewEvent = { kind: 'predicted', guide: guide.id, block, option };
  return { progress: await write({ ...event, of: predictionHash(prediction) }, guide, context) };
}

export async function saveNote(
  { guide: name, prompt: id, text, base }: { guide: string; prompt: string; text: string; base: string },
  context: Context,
): Promise<NoteOutcome> {
  const guide = findGuide((await context.content()).guides, name);
  const prompt = guide.prompts.find((one) => one.id === id) ?? missing(guide, 'prompt', id, guide.prompts);
  const title = `${guide.number} · ${guide.title}`;
  return context.journal().saveNote({ guide: guide.id, title, prompt: id, question: prompt.text, text, base });
}

/** Ticks a box by hand, or clears it. */
export async function tick({ item, done }: { item: string; done: boolean }, context: Context): Promise<void> {
  const content = await context.content();
  const items = itemsOf(content);
  if (!items.includes(item))
    missing(
      { id: 'the roadmap' },
      'box',
      item,
      items.map((id) => ({ id })),
    );
  await context.journal().append([{ kind: 'ticked', item, done }]);
  await syncPage(context);
}

/** Takes over boxes that were ticked by hand, and makes the progress page anew; see `Journal.syncPage`. */
export async function syncPage(context: Context): Promise<void> {
  const content = await context.content();
  const papers = await papersOf(content.labs, context.paths);
  const source = { content, papers, paths: context.paths, now: context.clock(), zone: context.zone };
  await context.journal().syncPage((reading) => journalPage(source, reading));
}

/** Writes down that a block ran. */
export async function recordRun(event: NewEvent, context: Context): Promise<void> {
  await context.journal().append([event]);
  await syncPage(context);
}

async function write(event: NewEvent, guide: Guide, context: Context): Promise<GuideProgress> {
  await context.journal().append([event]);
  await syncPage(context);
  return guideProgress(guide, fold((await context.journal().read()).events));
}

/** What of the log could not be read, in words for the learner. */
export function problemsOf({ setAside, unknown }: Reading): string[] {
  const kept = setAside
    .slice(0, 5)
    .map(({ line, why, start }) => `events.jsonl, line ${line}: ${why}. It is left out and kept as it is: ${start}`);
  const more = setAside.length - kept.length;
  return [
    ...kept,
    ...(more > 0 ? [`${more} more lines of events.jsonl are left out.`] : []),
    ...(unknown > 0
      ? [`${unknown} events were written by a newer version of the journal; they are kept and not shown.`]
      : []),
  ];
}

function itemsOf(content: Content): string[] {
  const guides = content.groups.flatMap((group) => group.guides.map(({ id }) => `concepts/${id}`));
  return [...guides, ...content.labs.map(({ path }) => path)];
}

function missing(guide: { id: string }, what: string, id: string, known: readonly { id: string }[]): never {
  const ids = known.map((one) => one.id);
  const near = nearest(id, ids);
  throw new LearnerError(
    `${guide.id} has no ${what} ${JSON.stringify(id)}`,
    near === undefined ? `It has: ${ids.join(', ')}.` : `Did you mean ${near}?`,
  );
}

function each<T, R>(map: ReadonlyMap<string, T> | undefined, turn: (value: T, key: string) => R): Record<string, R> {
  return Object.fromEntries([...(map ?? [])].map(([key, value]) => [key, turn(value, key)]));
}

/** What went wrong with saving, for somebody whose work itself went well. */
export function unsaved(error: unknown): { message: string; remedy: string } {
  const { message, remedy } = reportOf(error);
  return { message, remedy };
}
