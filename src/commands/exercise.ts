import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { findGuide } from '#src/commands/blocks.ts';
import { channel } from '#src/channel.ts';
import type { Context } from '#src/commands/context.ts';
import { recordRun, unsaved } from '#src/commands/journal.ts';
import { shown } from '#src/commands/labs.ts';
import type { ExerciseSpec } from '#src/content/exercise.ts';
import type { Block } from '#src/content/guide.ts';
import { blockHash } from '#src/content/hash.ts';
import type { Progress } from '#src/engines/engine.ts';
import { findFamily } from '#src/engines/python-family.ts';
import { Bug, LearnerError } from '#src/error.ts';
import type { ExerciseCase } from '#src/grading/exercise-case.ts';
import { playCase, type CaseOutcome } from '#src/exercise/play.ts';
import { caseLine, exerciseText, type ExerciseVerdict } from '#src/exercise/verdict.ts';
import { codePath, type CodeFile } from '#src/journal/code.ts';
import type { NoteOutcome } from '#src/journal/notes.ts';
import { nearest } from '#src/nearest.ts';

/** What a check tells, in order; the last is the verdict. */
export type ExerciseEvent =
  | { readonly type: 'cases'; readonly cases: readonly Pick<ExerciseCase, 'id' | 'title'>[] }
  | ({ readonly type: 'progress' } & Progress)
  | { readonly type: 'begun'; readonly id: string }
  | {
      readonly type: 'case';
      readonly id: string;
      readonly state: CaseOutcome['state'];
      readonly elapsedMs: number;
      readonly text: string;
    }
  /** It was tried, and could not be written into the learner's folder. */
  | { readonly type: 'unsaved'; readonly message: string; readonly remedy: string }
  | { readonly type: 'verdict'; readonly verdict: ExerciseVerdict; readonly text: string };

export interface FoundExercise {
  readonly spec: ExerciseSpec;
  readonly block: Block;
  /** The learner's file. */
  readonly file: CodeFile;
  /** The file as the learner reads its name. */
  readonly shown: string;
}

/** `03-idempotency#payment-handler`; the guide by id, number or name. */
export async function findExercise(reference: string, context: Context): Promise<FoundExercise> {
  const [guideName = '', id = ''] = reference.split('#');
  const content = await context.content();
  const guide = findGuide(content.guides, guideName);
  const spec = content.exercises.find((one) => one.guide === guide.id && one.id === id);
  const block = guide.blocks.find((one) => one.id === spec?.id);
  if (spec === undefined || block === undefined) {
    const ids = guide.exercises.map((one) => one.id);
    const near = nearest(id, ids);
    throw new LearnerError(
      id === ''
        ? `${reference} names a guide, not an exercise of it`
        : `guide ${guide.id} has no exercise ${JSON.stringify(id)}`,
      near === undefined ? `Its exercises: ${ids.join(', ') || 'none'}.` : `Did you mean ${guide.id}#${near}?`,
    );
  }
  const file = { guide: guide.id, exercise: spec.id, extension: spec.extension };
  return { spec, block, file, shown: shown(join(context.paths.journal, codePath(file)), context) };
}

/** The learner's own code; where there is none yet, their file is made from the guide's block. */
export async function learnersCode(
  { file, block }: FoundExercise,
  context: Context,
): Promise<{ code: string; isNew: boolean }> {
  const known = await context.journal().code(file);
  if (known !== undefined) return { code: known, isNew: false };
  await context.journal().saveCode({ ...file, starter: '', text: block.code, base: '' });
  return { code: block.code, isNew: true };
}

export interface CheckRequest {
  readonly reference: string;
  readonly code: string;
  readonly signal?: AbortSignal | undefined;
}

/** Tries the learner's code with every case and writes down how it came out. Leaving the loop early stops it. */
export async function* checkExercise(request: CheckRequest, context: Context): AsyncGenerator<ExerciseEvent> {
  const found = await findExercise(request.reference, context);
  for await (const event of tryCode(found, request, context)) {
    if (event.type === 'verdict') {
      const { verdict } = event;
      const anomaly = verdict.state === 'failed' ? { anomaly: verdict.finding.anomaly } : {};
      const happened = {
        kind: 'tried',
        guide: found.spec.guide,
        exercise: found.spec.id,
        outcome: verdict.state,
      } as const;
      const failure = await recordRun({ ...happened, ...anomaly, of: blockHash(found.block) }, context).then(
        () => undefined,
        unsaved,
      );
      // What was tried was tried: that it can't be written down is told beside it.
      if (failure !== undefined) yield { type: 'unsaved', ...failure };
    }
    yield event;
  }
}

/** Tries any code with every case, until one does not pass. */
export async function* tryCode(
  { spec, block }: Pick<FoundExercise, 'spec' | 'block'>,
  { code, signal: asked }: Pick<CheckRequest, 'code' | 'signal'>,
  context: Context,
): AsyncGenerator<ExerciseEvent> {
  const cases = await casesOf(spec, context);
  yield { type: 'cases', cases: cases.map(({ id, title }) => ({ id, title })) };
  const events = channel<ExerciseEvent>();
  const stop = new AbortController();
  const signal = asked === undefined ? stop.signal : AbortSignal.any([asked, stop.signal]);
  const work = tryAll(cases, { spec, block, code, signal }, context, (event) => events.push(event)).then(
    () => events.end(),
    (error: unknown) => events.end(error),
  );
  try {
    yield* events;
  } finally {
    stop.abort();
    await work;
  }
}

async function tryAll(
  cases: readonly ExerciseCase[],
  { spec, block, code, signal }: { spec: ExerciseSpec; block: Block; code: string; signal: AbortSignal },
  context: Context,
  tell: (event: ExerciseEvent) => void,
): Promise<void> {
  const { engine } = block;
  if (engine === undefined) throw new Bug(`the block of ${spec.id} names no engine`);
  const supervisor = await context.supervisor();
  const onProgress = (progress: Progress): void => tell({ type: 'progress', ...progress });
  for (const name of [engine, ...block.with]) {
    if (name === 'python') await supervisor.install(name, { onProgress, signal });
    else await supervisor.start(name, { onProgress, signal });
  }
  const family = engine === 'python' ? await findFamily(context.paths) : undefined;
  const interpreter = family?.state === 'ready' ? family.interpreter : '';
  const beganMs = performance.now();
  const elapsed = (): number => Math.round(performance.now() - beganMs);
  const hint = `./dej exercise ${spec.guide}#${spec.id} --hint 1, then 2 and 3`;
  const end = (verdict: ExerciseVerdict): void => tell({ type: 'verdict', verdict, text: exerciseText(verdict, hint) });
  for (const one of cases) {
    tell({ type: 'begun', id: one.id });
    const startMs = performance.now();
    const outcome = await playCase(one, {
      engine,
      with: block.with,
      data: block.data,
      own: block.own,
      code,
      file: `${spec.id}.${spec.extension}`,
      interpreter,
      supervisor,
      paths: context.paths,
      scratch: join(context.paths.scratch, `exercise-${randomUUID().slice(0, 8)}`),
      signal,
    });
    const { id, title } = one;
    const { state } = outcome;
    const elapsedMs = Math.round(performance.now() - startMs);
    tell({ type: 'case', id, state, elapsedMs, text: caseLine(title, state, elapsedMs) });
    if (outcome.state !== 'passed') return end({ ...outcome, case: { id, title }, elapsedMs: elapsed() });
  }
  end({ state: 'passed', elapsedMs: elapsed() });
}

async function casesOf(spec: ExerciseSpec, { paths }: Context): Promise<readonly ExerciseCase[]> {
  const file = join(paths.root, spec.path, 'grader.ts');
  const module = (await import(pathToFileURL(file).href)) as { cases?: unknown };
  if (!Array.isArray(module.cases) || module.cases.length === 0)
    throw new Bug(`${spec.path}/grader.ts exports no cases`);
  return module.cases as readonly ExerciseCase[];
}

/** Saves what the editor holds; a change made in another editor is merged, or given back to choose from. */
export async function saveExercise(
  { reference, text, base }: { reference: string; text: string; base: string },
  context: Context,
): Promise<NoteOutcome> {
  const { file, block } = await findExercise(reference, context);
  return context.journal().saveCode({ ...file, starter: block.code, text, base });
}

/** Begins anew; says where the code as it was is kept. */
export async function resetExercise(reference: string, context: Context): Promise<{ kept: string | undefined }> {
  const { file, block } = await findExercise(reference, context);
  const kept = await context.journal().resetCode(file, block.code);
  return { kept: kept === undefined ? undefined : shown(join(context.paths.journal, kept), context) };
}
