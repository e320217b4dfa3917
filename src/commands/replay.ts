import { gradeStage, type CheckEvent } from '#src/commands/check.ts';
import type { Context } from '#src/commands/context.ts';
import { labOf, learnersProgram, stageOf } from '#src/commands/labs.ts';
import { parseSchedule } from '#src/faults/schedule.ts';

/** Runs one schedule again on the learner's program as it is now: the line of a verdict says it all. */
export async function* replay(
  options: { readonly line: string; readonly signal?: AbortSignal | undefined },
  context: Context,
): AsyncGenerator<CheckEvent> {
  const schedule = parseSchedule(options.line);
  const lab = await labOf(schedule.lab, context);
  const program = await learnersProgram(lab, context);
  const n = schedule.stage;
  yield { type: 'stage', stage: n, of: lab.stages.length, title: stageOf(lab, n).title };
  const { seed, size } = schedule;
  const hint = `./dej hint ${lab.id}`;
  yield* gradeStage(
    { lab, program, n, level: 'quick', seed, size, only: schedule, hint, signal: options.signal },
    context,
  );
}
