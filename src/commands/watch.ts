import { checkStages, type CheckEvent, type CheckOptions } from '#src/commands/check.ts';
import type { Context } from '#src/commands/context.ts';
import { copyOf, labOf, learnersProgram, runsOf } from '#src/commands/labs.ts';
import { pause } from '#src/deadline.ts';
import { LearnerError } from '#src/error.ts';
import { hashProgram } from '#src/grading/program.ts';
import { latestVerdict } from '#src/grading/run-folder.ts';
import type { Verdict } from '#src/grading/verdict.ts';

export type WatchEvent =
  | CheckEvent
  | { readonly type: 'waiting'; readonly folder: string }
  | { readonly type: 'changed' }
  /** It can't be graded as it is; the next save may mend that. */
  | { readonly type: 'refused'; readonly trouble: { readonly message: string; readonly remedy: string } };

const EVERY_MS = 300;

/**
 * Grades the current stage at once and again after each save, until stopped; a save during a run begins it anew. The
 * files are read and not watched: their content says whether something changed, on every kind of disk.
 */
export async function* watchLab(options: CheckOptions, context: Context): AsyncGenerator<WatchEvent> {
  const lab = await labOf(options.lab, context);
  await learnersProgram(lab, context);
  const folder = copyOf(lab, context);
  const runs = runsOf(lab, context);
  let stage = options.stage ?? current(await latestVerdict(runs), lab.stages.length);
  const { signal } = options;
  while (signal?.aborted !== true) {
    const before = await hashProgram(folder);
    const changed = new AbortController();
    const both = signal === undefined ? changed.signal : AbortSignal.any([signal, changed.signal]);
    const finished = new AbortController();
    const looking = whenChanged(folder, before, AbortSignal.any([both, finished.signal])).then((did) => {
      if (did) changed.abort();
      return did;
    });
    let passed = false;
    for await (const event of orRefused(checkStages({ ...options, stage, signal: both }, context))) {
      // What a newer save has overtaken is no answer any more.
      if (changed.signal.aborted && (event.type === 'verdict' || event.type === 'refused')) continue;
      if (event.type === 'verdict') passed = event.verdict.state === 'passed';
      yield event;
    }
    finished.abort();
    if (await looking) {
      yield { type: 'changed' };
      continue;
    }
    if (passed && options.stage === undefined && stage < lab.stages.length) {
      stage++;
      continue;
    }
    yield { type: 'waiting', folder };
    if (await whenChanged(folder, before, signal)) yield { type: 'changed' };
  }
}

/** What the learner has to mend ends this run and not the watch. */
async function* orRefused(events: AsyncGenerator<CheckEvent>): AsyncGenerator<WatchEvent> {
  try {
    yield* events;
  } catch (error) {
    if (!(error instanceof LearnerError)) throw error;
    yield { type: 'refused', trouble: { message: error.message, remedy: error.remedy } };
  }
}

/** The stage to go on with: that of the last run, or the next one where it passed. */
function current(latest: Verdict | undefined, stages: number): number {
  const next = (latest?.stage ?? 1) + (latest?.state === 'passed' ? 1 : 0);
  return Math.min(Math.max(next, 1), stages);
}

/** True once the files differ; false when there is nothing to wait for any more. */
async function whenChanged(folder: string, before: string, signal: AbortSignal | undefined): Promise<boolean> {
  while (signal?.aborted !== true) {
    // An editor may have replaced the folder's files in two steps; what can't be read now is read next time.
    const now = await hashProgram(folder).catch(() => before);
    if (now !== before) return true;
    await pause(EVERY_MS, signal).catch(() => undefined);
  }
  return false;
}
