import type { CaseFinding } from '#src/grading/exercise-case.ts';
import { finding } from '#src/grading/anomaly.ts';
import { CALM } from '#src/grading/wording.ts';
import { crashWords, unfinishedWords } from '#src/grading/wording-oracle.ts';
import type { Exit } from '#src/process.ts';

/** The learner's code ended in a way that settles the case before its oracle looks. */
export class Ended extends Error {
  override readonly name = 'Ended';
  readonly finding: CaseFinding;
  /** Of the block, where the error names one. */
  readonly line: number | undefined;

  constructor(found: CaseFinding, line?: number) {
    super(found.found);
    this.finding = found;
    this.line = line;
  }
}

export function crashFinding({ code, signal }: Exit, did: string): CaseFinding {
  const found = finding({ anomaly: 'crashed', ...crashWords(code, signal, 0), count: 1 });
  return {
    ...found,
    did,
    likely: 'Your program met something it does not handle, and ended; its last lines say where.',
  };
}

/** SQL's own error is the whole story. */
export function errorFinding(message: string): CaseFinding {
  const found = finding({ anomaly: 'crashed', expected: 'your statements run to their end', found: message, count: 1 });
  return {
    ...found,
    did: 'ran your statements',
    likely: 'The engine refused a statement; the message says which part.',
  };
}

export function lateFinding(timeMs: number): CaseFinding {
  const words = unfinishedWords(timeMs / 1000);
  const found = finding({ anomaly: 'did-not-finish', ...words, expected: 'your code ends within seconds', count: 1 });
  return { ...found, did: CALM, likely: 'It waits for something that does not come, or repeats without an end.' };
}
