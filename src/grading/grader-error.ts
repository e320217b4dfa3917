import { BOUNDARIES } from '#src/faults/schedule.ts';
import { Bug } from '#src/error.ts';
import type { Stage, StagePlan } from '#src/grading/api.ts';

/** A mistake in a lab's grader: ours where a learner meets it, its author's where labs are verified. */
export class GraderError extends Bug {}

/** What goes wrong in the stage's own code says so, with the line. */
export function watched(stage: Stage, file: string): Stage {
  return async (input) => {
    const plan = await inGrader(file, () => stage(input));
    checkPlan(plan, file);
    const { figures } = plan;
    return {
      ...plan,
      judge: (trial) => inGrader(file, () => plan.judge(trial)),
      ...(figures === undefined ? {} : { figures: (trial) => inGrader(file, () => figures(trial)) }),
    };
  };
}

function checkPlan({ attack = [] }: StagePlan, file: string): void {
  for (const { boundary } of attack)
    if (!BOUNDARIES.includes(boundary))
      throw new GraderError(
        `${file}: it attacks ${boundary}, which is no boundary; there are ${BOUNDARIES.join(', ')}`,
      );
}

async function inGrader<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw graderError(error, file) ?? error;
  }
}

/** Where the grader itself threw, or gave one of ours what it could not work with; undefined for all else. */
export function graderError(error: unknown, file: string): GraderError | undefined {
  if (!(error instanceof Error)) return undefined;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ +at /.test(line));
  const isLanguage = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  const inFile = (frame: string): boolean => frame.includes('/grader.ts:');
  const frame = isLanguage ? frames.find(inFile) : frames.slice(0, 1).find(inFile);
  const at = /grader\.ts:(\d+)/.exec(frame ?? '')?.[1];
  return at === undefined ? undefined : new GraderError(`${file}:${at}: ${error.message}`, { cause: error });
}
