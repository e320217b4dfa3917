import { createInterface } from 'node:readline';
import { extname, resolve } from 'node:path';

import { runLines } from '#src/cli/run-lines.ts';
import type { ReviewFlags } from '#src/cli/study-verbs.ts';
import type { Face } from '#src/commands/card-face.ts';
import { exportCards } from '#src/commands/card-export.ts';
import { createContext, type Context } from '#src/commands/context.ts';
import {
  addCards,
  gradeCard,
  review as look,
  setCard,
  undoReview,
  type Offered,
  type ReviewCard,
} from '#src/commands/review.ts';
import { LearnerError } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';
import type { Grade } from '#src/study/grades.ts';
import { letterAt, shownOrder } from '#src/study/shuffle.ts';
import { reviewEndWords } from '#src/study/words.ts';

export async function review(flags: ReviewFlags): Promise<void> {
  const context = createContext();
  try {
    const wanted = wantedOf(flags);
    if (wanted !== undefined) await add(wanted, context);
    else if (flags.export !== undefined) await exportTo(flags.export, context);
    else if (flags.json === true) console.log(JSON.stringify(await look(context, flags.more)));
    else await sit(context, flags.more === true);
  } finally {
    await context.close();
  }
}

interface Wanted {
  readonly what: Offered;
  readonly of: string;
}

function wantedOf({ add: questions, takeaways, mistakes }: ReviewFlags): Wanted | undefined {
  if (questions !== undefined) return { what: 'questions', of: questions };
  if (takeaways !== undefined) return { what: 'takeaways', of: takeaways };
  return mistakes === undefined ? undefined : { what: 'mistakes', of: mistakes };
}

async function add(wanted: Wanted, context: Context): Promise<void> {
  const { added } = await addCards(wanted, context);
  const cards = added === 1 ? 'One card' : `${added} cards`;
  console.log(added === 0 ? 'All of them are in review.' : `${cards} put into review: ./dej review`);
}

async function exportTo(file: string, context: Context): Promise<void> {
  const format = extname(file).slice(1);
  if (format !== 'tsv' && format !== 'csv')
    throw new LearnerError(`${file} is neither .tsv nor .csv`, 'For example: ./dej review --export cards.tsv');
  const text = await exportCards(format, context);
  await writeAtomic(resolve(file), text);
  console.log(`${file}: import it in Anki with File › Import.`);
}

const GRADE_KEYS: Readonly<Record<string, Grade>> = { a: 'again', h: 'hard', g: 'good', e: 'easy', '': 'good' };
/** What can be said instead of an answer, at any time. */
const OTHERWISE = ['q', 'u', 's'] as const;
type Otherwise = (typeof OTHERWISE)[number];

/** Asks card after card until nothing is due or the learner has enough. One line is one answer, also from a pipe. */
async function sit(context: Context, beyond: boolean): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const ask: Ask = async (prompt) => {
    process.stdout.write(`${prompt} `);
    const { done, value } = await lines.next();
    if (!process.stdin.isTTY) process.stdout.write('\n');
    return done === true ? undefined : value.trim().toLowerCase();
  };
  try {
    for (;;) {
      const sight = await look(context, beyond);
      const [card] = sight.cards;
      if (card === undefined) return console.log(endWords(sight));
      const { cards, minutesLeft } = sight;
      console.log(`\n${cards.length} to go, about ${minutesLeft} min · u takes back, s lays aside, q ends`);
      const said = await meet(card, ask, context);
      if (said === undefined || said === 'q') return console.log('\nUntil next time. Everything is saved.');
      if (said === 'u') console.log(await takeBack(context));
      if (said === 's') {
        await setCard({ card: card.id, state: 'suspended' }, context);
        console.log('Laid aside; the review page of the app lists it.');
      }
    }
  } finally {
    await lines.return?.();
  }
}

type Ask = (prompt: string) => Promise<string | undefined>;

/** One card, from its question to its grade. Gives what was said instead, or undefined at the end of the input. */
async function meet(card: ReviewCard, ask: Ask, context: Context): Promise<Otherwise | 'graded' | undefined> {
  const begun = context.clock();
  const grade = async (wanted: Grade, options?: readonly string[]): Promise<'graded'> => {
    const elapsedMs = Math.max(0, context.clock() - begun);
    const { grade: given } = await gradeCard({ card: card.id, grade: wanted, options, elapsedMs }, context);
    console.log(`Again in ${card.intervals[given]}.`);
    return 'graded';
  };
  const { face } = card;
  console.log(`\n${heading(card)}\n`);
  console.log(askedWords(face));
  const ready = await ask('\nSay it first, then press Enter:');
  if (ready === undefined || isOtherwise(ready)) return ready;
  if (face.kind !== 'question') {
    console.log(`\n${plain((face.kind === 'takeaway' ? face.text : face.remedy) ?? 'Its lab has no hint any more.')}`);
    if (face.kind === 'mended' && face.read !== undefined) console.log(`Read: ${face.read.words}`);
    return gradeBy(card, ask, (wanted) => grade(wanted));
  }
  const order = shownOrder(card.id, face.options.length, Math.floor(begun)).map((place) => face.options[place]);
  for (const [place, option] of order.entries()) console.log(optionWords(letterAt(place), option?.text ?? ''));
  const said = await ask(face.answer.length > 1 ? 'Which ones, like AC?' : 'Which one?');
  if (said === undefined || isOtherwise(said)) return said;
  const chosen = [...said.toUpperCase()].flatMap((letter) => order[letter.charCodeAt(0) - 65]?.letter ?? []);
  const isRight = chosen.length > 0 && chosen.toSorted().join() === [...face.answer].sort().join();
  console.log(isRight ? '\nRight.' : `\nNot this. Right: ${rightWords(order, face.answer)}.`);
  for (const [place, option] of order.entries()) {
    const why = face.explanations[option?.letter ?? ''];
    if (why !== undefined) console.log(`  ${letterAt(place)}: ${plain(why)}`);
  }
  if (face.output !== undefined) console.log(`\nIts block prints:\n${face.output}`);
  return isRight ? gradeBy(card, ask, (wanted) => grade(wanted, chosen)) : grade('again', chosen);
}

async function gradeBy(
  { intervals }: ReviewCard,
  ask: Ask,
  grade: (wanted: Grade) => Promise<'graded'>,
): Promise<Otherwise | 'graded' | undefined> {
  const { again, hard, good, easy } = intervals;
  for (;;) {
    const said = await ask(`\na again ${again} · h hard ${hard} · g good ${good} (Enter) · e easy ${easy}:`);
    if (said === undefined || isOtherwise(said)) return said;
    const wanted = GRADE_KEYS[said];
    if (wanted !== undefined) return grade(wanted);
  }
}

function askedWords(face: Face): string {
  if (face.kind === 'takeaway') return plain(face.cue);
  if (face.kind === 'mended') return `It was red here: ${face.anomaly}. What had gone wrong, and what holds it off?`;
  return [plain(face.text), ...runLines(face.run ?? []).map((line) => `  · ${line}`)].join('\n');
}

const FENCE = /^```[^\n]*\n([\s\S]*?)^```[^\S\n]*$/gm;
const CODE_INDENT = 6;

/** Markdown as a terminal shows it: code stands indented instead of between fences. */
function plain(markdown: string): string {
  return markdown.trim().replace(FENCE, (_, code: string) => indented(code.trimEnd()));
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(CODE_INDENT));
}

/** A program in an option stands below its letter, with air around it. */
function optionWords(letter: string, text: string): string {
  const words = plain(text);
  return words.includes('\n') ? `\n  ${letter}. ${words}\n` : `  ${letter}. ${words}`;
}

function heading({ title, changed, isNew }: ReviewCard): string {
  return `${title}${changed ? ' · has other words since you met it' : isNew ? ' · new' : ''}`;
}

function rightWords(order: readonly ({ letter: string } | undefined)[], answer: readonly string[]): string {
  return order.flatMap((option, place) => (answer.includes(option?.letter ?? '') ? letterAt(place) : [])).join(', ');
}

function isOtherwise(said: string): said is Otherwise {
  return (OTHERWISE as readonly string[]).includes(said);
}

async function takeBack(context: Context): Promise<string> {
  try {
    await undoReview(context);
    return 'Taken back.';
  } catch (error) {
    if (error instanceof LearnerError) return `${error.message}.`;
    throw error;
  }
}

function endWords(sight: Awaited<ReturnType<typeof look>>): string {
  if (sight.total === 0)
    return 'Nothing is in review yet. Questions that you miss come in by themselves; --add <guide> puts in all.';
  return reviewEndWords(sight, '; --more goes on');
}
