import { mkdir, rm } from 'node:fs/promises';

import type { CaseFinding, ExerciseCase } from '#src/grading/exercise-case.ts';
import { Ended } from '#src/exercise/ended.ts';
import type { Exercised } from '#src/exercise/exercised.ts';
import { pythonPlace } from '#src/exercise/python-place.ts';
import { sqlPlace } from '#src/exercise/sql-place.ts';
import { WorldError } from '#src/error.ts';

/** How one case came out. `unknown`: an engine was in the way, which does not count. */
export type CaseOutcome =
  | { readonly state: 'passed' }
  | {
      readonly state: 'failed';
      readonly finding: CaseFinding;
      /** Of the code, where an error names one. */
      readonly line: number | undefined;
      /** What the code printed last in this case, newest last. */
      readonly lastLines: readonly string[];
    }
  | { readonly state: 'unknown'; readonly why: string; readonly remedy: string };

const LAST_LINES = 12;

/** Plays one case in clean places. Throws only when stopped, and for mistakes of the oracle's author. */
export async function playCase(one: ExerciseCase, exercised: Omit<Exercised, 'printed'>): Promise<CaseOutcome> {
  let lastLines: readonly string[] = [];
  const printed = (lines: readonly string[]): void => {
    lastLines = lines.slice(-LAST_LINES);
  };
  const failed = (finding: CaseFinding, line?: number): CaseOutcome => ({ state: 'failed', finding, line, lastLines });
  try {
    await mkdir(exercised.scratch, { recursive: true });
    await using stack = new AsyncDisposableStack();
    const own = { ...exercised, printed };
    const place = (setup = {}) =>
      exercised.engine === 'python' ? pythonPlace(own, setup, stack) : Promise.resolve(sqlPlace(own, setup));
    const finding = await one.play({ place });
    return finding === undefined ? { state: 'passed' } : failed(finding);
  } catch (error) {
    exercised.signal?.throwIfAborted();
    if (error instanceof Ended) return failed(error.finding, error.line);
    if (error instanceof WorldError) return { state: 'unknown', why: error.message, remedy: error.remedy };
    throw error;
  } finally {
    await rm(exercised.scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}
