import { finding, type Finding } from '#src/grading/anomaly.ts';
import type { StagePlan } from '#src/grading/api.ts';
import { crashWords, leftWords } from '#src/grading/wording-oracle.ts';
import type { Exit } from '#src/process.ts';

/** A program that ended as it meant to is looked at all the same: what it left may tell more than its exit code. */
export function exitFindings(
  plan: Pick<StagePlan, 'expectedExit' | 'codes'>,
  exit: Exit,
  { isStream, completed }: { readonly isStream: boolean; readonly completed: boolean },
): Finding[] {
  const due = plan.expectedExit ?? 0;
  if (isStream) return completed ? [] : [leftEarly(exit)];
  if (exit.code === due) return [];
  const isMeant = exit.code !== null && [0, ...(plan.codes ?? [])].includes(exit.code);
  return [isMeant ? wrongExit(exit, due) : crashed(exit, due)];
}

function crashed({ code, signal }: Exit, due: number): Finding {
  return finding({ anomaly: 'crashed', ...crashWords(code, signal, due), count: 1 });
}

function leftEarly({ code, signal }: Exit): Finding {
  return finding({ anomaly: 'crashed', ...leftWords(code, signal), count: 1 });
}

function wrongExit({ code, signal }: Exit, due: number): Finding {
  return finding({ anomaly: 'wrong-exit', ...crashWords(code, signal, due), count: 1 });
}
