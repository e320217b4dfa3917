import { LearnerError } from '#src/error.ts';

/** A mistake that an author made: where, what, and how to mend it. */
export interface Problem {
  /** Relative to the clone. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
  readonly remedy: string;
}

/** All mistakes of the content together, in the order of files and lines. */
export class ContentError extends LearnerError {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    const sorted = problems.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
    super(
      sorted.map(words).join('\n'),
      `${sorted.length} ${sorted.length === 1 ? 'mistake' : 'mistakes'} in the content; each line says how to mend it.`,
    );
    this.problems = sorted;
  }
}

export function words({ file, line, message, remedy }: Problem): string {
  return `${file}:${line}: ${message}. ${remedy}`;
}

/** Where a reader puts the mistakes it finds, so that it can go on and find the next. */
export type Report = (line: number, message: string, remedy: string) => void;
