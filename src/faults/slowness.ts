import { pause } from '#src/deadline.ts';
import { LearnerError } from '#src/error.ts';

/** So many answers are slow: a program is never slowed down for good, so that it ends in a time that can be known. */
export const SLOW_ANSWERS = 20;
export const MOST_SLOW_MS = 5000;
const DEFAULT_MS = 200;

/** How slow the answers of a program's engines come. */
export interface Slowness {
  /** From here on the next answers come so much later. */
  begin(ms: number): void;
  /** A new start is as fast as any. */
  end(): void;
  /** Resolves when an answer may pass. */
  pass(): Promise<void>;
}

export function slowness(): Slowness {
  let left = 0;
  let lateMs = 0;
  return {
    begin: (ms) => {
      left = SLOW_ANSWERS;
      lateMs = ms;
    },
    end: () => {
      left = 0;
    },
    pass: async () => {
      if (left <= 0) return;
      left--;
      await pause(lateMs);
    },
  };
}

/** What `slow@…=200ms` says, in milliseconds. */
export function lateness(argument: string | undefined): number {
  const [, digits, unit] = /^(\d{1,4})(ms|s)$/.exec(argument ?? `${DEFAULT_MS}ms`) ?? [];
  const ms = Number(digits) * (unit === 's' ? 1000 : 1);
  if (ms >= 1 && ms <= MOST_SLOW_MS) return ms;
  throw new LearnerError(
    `${JSON.stringify(argument)} is no lateness of an answer`,
    `Write it like 200ms or 2s, at most ${MOST_SLOW_MS / 1000}s.`,
  );
}
