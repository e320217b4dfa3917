import type { LogFlags } from '#src/cli/log-verbs.ts';
import { createContext, type Context } from '#src/commands/context.ts';
import * as commands from '#src/commands/log.ts';
import { LearnerError } from '#src/error.ts';

type Kind = 'insight' | 'question' | 'win';

export async function showLog({ json }: LogFlags): Promise<void> {
  await withContext(async (context) => {
    const sight = await commands.log(context);
    console.log(json === true ? JSON.stringify(sight) : logText(sight));
  });
}

export async function addEntry(kind: Kind, words: readonly string[], { about, json }: LogFlags): Promise<void> {
  await withContext(async (context) => {
    const { id } = await commands.addToLog({ kind, text: words.join(' '), about }, context);
    told(json, { id, kind }, `Kept: ${kind} ${id}.`);
  });
}

export async function answer(question: string, words: readonly string[], { json }: LogFlags): Promise<void> {
  await withContext(async (context) => {
    const { id } = await commands.answerQuestion({ id: question, text: words.join(' ') }, context);
    told(json, { id }, `Answered: ${id}.`);
  });
}

export async function reopen(question: string): Promise<void> {
  await withContext(async (context) => {
    await commands.reopenQuestion(question, context);
    console.log('Open again.');
  });
}

export async function remove(entry: string): Promise<void> {
  await withContext(async (context) => {
    await commands.removeFromLog(entry, context);
    console.log('Taken out.');
  });
}

export async function accept(win: string): Promise<void> {
  await withContext(async (context) => {
    const { id } = await commands.acceptWin(win, context);
    console.log(`Kept: win ${id}.`);
  });
}

export async function decline(win: string): Promise<void> {
  await withContext(async (context) => {
    await commands.declineWin(win, context);
    console.log('It is not offered any more.');
  });
}

const KEYS = ['week', 'concept', 'project'] as const;

export async function focus(what: string, value: string | undefined, { json }: LogFlags): Promise<void> {
  const key = KEYS.find((one) => one === what);
  if (key === undefined || value === undefined)
    throw new LearnerError(
      key === undefined
        ? `the focus has no ${JSON.stringify(what)}`
        : `which ${key}? Nothing was given behind ./dej log focus ${key}`,
      'For example: ./dej log focus concept 03-idempotency; ./dej log focus week plan follows the plan again.',
    );
  await withContext(async (context) => {
    await commands.setFocus({ key, value: value === 'plan' ? undefined : value }, context);
    const sight = await commands.log(context);
    told(json, sight.focus, focusLines(sight).join('\n'));
  });
}

function told(json: boolean | undefined, value: unknown, words: string): void {
  console.log(json === true ? JSON.stringify(value) : words);
}

async function withContext(deed: (context: Context) => Promise<void>): Promise<void> {
  const context = createContext();
  try {
    await deed(context);
  } finally {
    await context.close();
  }
}

function logText(sight: commands.LogSight): string {
  const { entries, offers, file } = sight;
  const of = (kind: Kind) => entries.filter((entry) => entry.kind === kind);
  const questions = of('question');
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['Current focus', focusLines(sight)],
    ['Open questions', questions.filter(({ answered }) => !answered).flatMap(entryLines)],
    ['Answered', questions.filter(({ answered }) => answered).flatMap(entryLines)],
    ['Key insights', of('insight').flatMap(entryLines)],
    ['Wins and achievements', of('win').flatMap(entryLines)],
    ['Offered: ./dej log accept <win>, or decline <win>', offers.map(({ key, text }) => `  ${text}\n      ${key}`)],
  ];
  const shown = parts.filter(([, lines]) => lines.length > 0).map(([title, lines]) => [title, ...lines].join('\n'));
  const first =
    entries.length === 0
      ? ['Nothing is written down yet. ./dej log insight "…", question "…" or win "…" does it.']
      : [];
  return [...shown, ...first, `In the file: ${file}`].join('\n\n');
}

function focusLines({ focus: parts }: commands.LogSight): string[] {
  return KEYS.map((key) => {
    const { text, set } = parts[key];
    const name = `${key[0]?.toUpperCase() ?? ''}${key.slice(1)}`;
    return `  ${name.padEnd(8)} ${text === '' ? 'nothing is left' : text}${set ? ' (set by you)' : ''}`;
  });
}

function entryLines({ id, day, text, about, answers }: commands.ShownEntry): string[] {
  const [first = '', ...more] = text.split('\n');
  const details = [...more, ...answers.flatMap((words) => `→ ${words}`.split('\n'))];
  const place = about === undefined ? '' : ` · ${about.label}`;
  return [
    `  ${day ?? 'no day    '}  ${first}`,
    ...details.map((line) => `              ${line}`),
    `              ${id}${place}`,
  ];
}
