import { EXIT } from '#src/exit.ts';
import { progressLine } from '#src/cli/progress.ts';
import { createContext, type Context } from '#src/commands/context.ts';
import { checkExercise, findExercise, learnersCode, type ExerciseEvent } from '#src/commands/exercise.ts';
import { LearnerError } from '#src/error.ts';

export interface ExerciseFlags {
  readonly hint?: number;
  readonly json?: boolean;
}

/** Tries the learner's file of an exercise; the exit code says how it came out. */
export async function exercise(reference: string, flags: ExerciseFlags): Promise<void> {
  const context = createContext();
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.once('SIGINT', onInterrupt);
  try {
    if (flags.hint === undefined) await check(reference, flags, stop.signal, context);
    else await hint(reference, flags.hint, context);
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    await context.close();
  }
}

async function hint(reference: string, rung: number, context: Context): Promise<void> {
  const { hints } = (await findExercise(reference, context)).spec;
  const text = hints[rung - 1];
  if (text === undefined) throw new LearnerError(`there is no hint ${rung}`, `The hints are 1 to ${hints.length}.`);
  console.log(`Hint ${rung} of ${hints.length}\n\n${text.trimEnd()}`);
}

async function check(reference: string, flags: ExerciseFlags, signal: AbortSignal, context: Context): Promise<void> {
  const found = await findExercise(reference, context);
  const { code, isNew } = await learnersCode(found, context);
  if (isNew) console.error(`Your file is ${found.shown}: write between the marks, then run this again.`);
  const progress = progressLine(process.stderr);
  const titles = new Map<string, string>();
  for await (const event of checkExercise({ reference, code, signal }, context)) {
    if (event.type === 'verdict')
      process.exitCode = { passed: EXIT.passed, failed: EXIT.failed, unknown: EXIT.unknown }[event.verdict.state];
    if (flags.json === true) console.log(JSON.stringify(event));
    else show(event, titles, progress);
  }
}

function show(event: ExerciseEvent, titles: Map<string, string>, progress: ReturnType<typeof progressLine>): void {
  switch (event.type) {
    case 'cases':
      for (const { id, title } of event.cases) titles.set(id, title);
      return;
    case 'progress':
      return progress.show(event);
    case 'begun':
      if (process.stderr.isTTY) progress.show({ what: titles.get(event.id) ?? event.id });
      return;
    case 'case':
      progress.clear();
      return console.log(event.text);
    case 'unsaved':
      return console.error(`(this is not in your journal: ${event.message}. ${event.remedy})`);
    case 'verdict':
      console.log(`\n${event.text}`);
  }
}
