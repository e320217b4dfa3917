import assert from 'node:assert/strict';

/** One small change to a solution that is right. */
export interface Mutant {
  readonly name: string;
  /** The earliest stage that should tell it from the solution. */
  readonly stage: number;
  /** As the schedule's line has them, where level quick tries none that tells it. */
  readonly faults?: string;
  readonly file: string;
  /** Each text stands exactly once in the file. */
  readonly changes: readonly (readonly [from: string, to: string])[];
  /** Why not every run of it need show it: it may then be unknown instead of failed, with what was found, but never pass. */
  readonly unsteady?: string;
  /** Why it passes, be it alike or a hole of the grader; where it isn't given, the mutant must be failed. */
  readonly survives?: string;
}

/** The file's text as the mutant has it. A change that no longer finds its place would grade the solution itself. */
export function mutated(text: string, { name, file, changes }: Mutant): string {
  let now = text;
  for (const [from, to] of changes) {
    const parts = now.split(from);
    assert.equal(parts.length, 2, `${name}: ${JSON.stringify(from)} stands ${parts.length - 1} times in ${file}`);
    now = parts.join(to);
  }
  assert.notEqual(now, text, `${name}: changes nothing in ${file}`);
  return now;
}
