import type { Fault } from '#src/faults/schedule.ts';
import type { HistoryEvent } from '#src/faults/history.ts';
import type { Finding } from '#src/grading/anomaly.ts';
import type { Row } from '#src/grading/canonical.ts';

/**
 * One thing that an exercise of a guide is tried with. Its grader.ts exports `cases`, in the order in which a learner
 * should hear of them: the first that fails is the verdict.
 */
export interface ExerciseCase {
  /** Kebab-case; exercise.yaml names it at each wrong answer. */
  readonly id: string;
  /** What is tried, like `The same request, sent again`. */
  readonly title: string;
  /** Nothing: the code did right. */
  play(bench: ExerciseBench): Promise<CaseFinding | undefined>;
}

/** What went wrong, for the learner: what we did, what should be there, what is, and why that is so. */
export interface CaseFinding extends Finding {
  /** Past tense, second person: `sent the request pay-1 twice`. */
  readonly did: string;
  /** The cause and what follows from it, not the remedy: that is the first hint. */
  readonly likely: string;
}

/** Where a case is played. It may take several places, for example one for each set of data or for each fault. */
export interface ExerciseBench {
  place(setup?: PlaceSetup): Promise<ExercisePlace>;
}

export interface PlaceSetup {
  /** SQL that is run first on the exercise's database. */
  readonly sql?: string;
  /** Files in the working folder of a Python exercise: name, content. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A clean database or working folder, or both, as the block's attributes say; thrown away after the case. */
export interface ExercisePlace {
  /** Runs the learner's code to its end. Code that ends with an error fails the case, unless it may. */
  run(options?: PlayOptions): Promise<Play>;
  /**
   * Runs a Python program twice at once: the second starts when the first is about to make its first write durable, and
   * goes on until it ends or has to wait for the first. The order is the same every time.
   */
  runTwo(options?: Pick<PlayOptions, 'mayFail'>): Promise<readonly [Play, Play]>;
  /** Asks the database. Cells of SQL exercises are texts, those of Python exercises as PostgreSQL's client gives them. */
  query(sql: string): Promise<readonly Row[]>;
  /** Puts a file into the working folder, for the next run. */
  write(name: string, content: string): Promise<void>;
  /** A file that the program left in its working folder; undefined where there is none. */
  read(name: string): Promise<string | undefined>;
}

export interface PlayOptions {
  /** What is done to a Python program that writes to PostgreSQL; it is started again after a kill. */
  readonly faults?: readonly Fault[];
  /** An error at the end is the case's business. */
  readonly mayFail?: boolean;
}

/** One run of the learner's code. */
export interface Play {
  readonly ended: 'completed' | 'crashed';
  /** What it printed; of a program that was killed and started again, of all its starts. */
  readonly lines: readonly string[];
  /** What SQL returned, one for each statement with a result. */
  readonly results: readonly { readonly columns: readonly string[]; readonly rows: readonly Row[] }[];
  /** Of a Python program: its boundaries and what was done to it. */
  readonly history: readonly HistoryEvent[];
}
