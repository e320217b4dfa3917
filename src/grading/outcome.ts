import { SHIFT } from '#src/faults/clock.ts';
import type { Schedule } from '#src/faults/schedule.ts';
import type { Anomaly } from '#src/grading/anomaly.ts';
import type { Unmet } from '#src/grading/by-role.ts';
import type { Survived } from '#src/grading/survived.ts';
import type { Bench, Ran } from '#src/grading/trial.ts';
import type { Level } from '#src/grading/verdict.ts';
import * as words from '#src/grading/wording.ts';
import { TORN_REMEDY } from '#src/grading/wording-kafka.ts';

export interface SearchOptions {
  readonly base: Omit<Schedule, 'faults'>;
  readonly level: Level;
  readonly allows: readonly Anomaly[];
  /** Schedules that once failed this learner. */
  readonly regressions: readonly Schedule[];
  /** How long an undisturbed run may take, in milliseconds. */
  readonly calmLimitMs: number;
  readonly workers: number;
  /** The smallest input that shrinking tries. */
  readonly minSize: number;
  /** No more schedules than this, where a level would try more. */
  readonly maxSchedules?: number | undefined;
  /** How long level quick goes on trying. */
  readonly budgetMs?: number | undefined;
  readonly bench: Bench;
  readonly tell: (progress: Progress) => void;
  /** This schedule alone, as in a replay. */
  readonly only?: Schedule;
  /** Undisturbed runs that were recorded already. */
  readonly recorded?: { readonly first: Ran; readonly second: Ran };
  /** When they began: whoever waits is shown one clock. */
  readonly shownSinceMs?: number;
  /** What is right was taken from an undisturbed run: red counts only where another one still leaves the same. */
  readonly control?: boolean;
  /** Told each run under a fault that counts. */
  readonly tried?: (ran: Ran) => void;
  /** What the very same program survived in earlier checks; what it survives now is added. */
  readonly survived?: Survived | undefined;
  /** How long a run under a fault may take at the least; ten seconds where it isn't given. */
  readonly patienceMs?: number;
}

export interface Progress {
  readonly what: words.Step['what'];
  readonly words: string;
  readonly points: Points;
  readonly elapsedMs: number;
}

/** Crash points; pairs and triples of them are counted by themselves. */
export interface Points {
  readonly survived: number;
  readonly tried: number;
  readonly planned: number;
  readonly possible: number;
  readonly combined?: { readonly survived: number; readonly tried: number };
}

/** What was not run again, because the very same program had survived it; `lastMs` is when it last did. */
export interface Earlier {
  readonly count: number;
  readonly lastMs: number;
}

/** By how much a clock was off. */
export interface Clocks {
  readonly tried: readonly string[];
  readonly untried: readonly string[];
}

/** What is known when the search ends, or is ended. */
export interface Outcome {
  readonly state: 'passed' | 'failed' | 'unknown' | 'not-exercised';
  readonly points: Points;
  /** How often each action was tried at a single point. */
  readonly acted?: ReadonlyMap<string, number>;
  /** An undisturbed run. */
  readonly recorded: Ran | undefined;
  /** The run that shows the failure, under the smallest schedule. */
  readonly red: Ran | undefined;
  /** A run that looked wrong and was not, or not yet, wrong again. */
  readonly suspect: Ran | undefined;
  readonly reproduced: { readonly times: number; readonly of: number } | undefined;
  /** Other clocks under which the program was run, and those under which it could not be. */
  readonly clocks: Clocks;
  /** Points that were met in the undisturbed runs, and not when they were to be struck: they come by the clock. */
  readonly unmet?: readonly Unmet[];
  readonly earlier?: Earlier | undefined;
  readonly why?: string;
  readonly remedy?: string;
  readonly stopped: boolean;
}

/** Why a run says nothing of the program, and what to do about it. */
export interface Trouble {
  readonly why: string;
  readonly remedy: string;
}

/** An engine was away in it, or did not keep its word. */
export function troubleIn({ why = '', isTorn = false }: Ran): Trouble {
  return isTorn ? { why, remedy: TORN_REMEDY } : { why: words.engineWords(why), remedy: words.ENGINE_REMEDY };
}

/** What the search has found so far. */
export interface State {
  readonly beganMs: number;
  points: Points;
  /** How often each action was tried at a single point. */
  readonly acted: Map<string, number>;
  /** Second runs and other forms of the input that were tried; they are no crash points. */
  others: number;
  clocks: Clocks;
  earlier: Earlier | undefined;
  red: Ran | undefined;
  suspect: Ran | undefined;
  unstable: { readonly times: number; readonly of: number } | undefined;
  /** Only one suspect is confirmed at a time; another that came meanwhile waits. */
  isConfirming: boolean;
  next: Ran | undefined;
  /** An engine or a deadline of ours was in the way. */
  trouble: Trouble | undefined;
  /** The two undisturbed runs. */
  calm: readonly Ran[];
  /** Points of the recorded run that were not met again. */
  unfired: number;
  /** Those of them that come by the clock. */
  readonly unmet: Unmet[];
  /** Time was over before all was tried. */
  wasCut: boolean;
}

/** A failure counts when it came in this many runs of the same schedule. */
export const REPEATS = 3;

export function freshState(): State {
  return {
    beganMs: performance.now(),
    points: { survived: 0, tried: 0, planned: 0, possible: 0 },
    acted: new Map(),
    others: 0,
    clocks: { tried: [], untried: [] },
    earlier: undefined,
    red: undefined,
    suspect: undefined,
    unstable: undefined,
    isConfirming: false,
    next: undefined,
    trouble: undefined,
    calm: [],
    unfired: 0,
    unmet: [],
    wasCut: false,
  };
}

export function say({ tell, shownSinceMs }: SearchOptions, { points, beganMs }: State, step: words.Step): void {
  const elapsedMs = Math.round(performance.now() - (shownSinceMs ?? beganMs));
  tell({ what: step.what, words: words.progressWords(step), points, elapsedMs });
}

export function isStopped({ bench }: SearchOptions): boolean {
  return bench.signal?.aborted === true;
}

export function ending(
  state: Outcome['state'],
  { points, acted, suspect, clocks, unmet, earlier }: State,
  recorded: Ran | undefined,
  reason: { readonly why?: string; readonly remedy?: string } = {},
): Outcome {
  const { why, remedy } = reason;
  return {
    state,
    points,
    clocks,
    unmet,
    earlier,
    acted,
    recorded,
    red: undefined,
    suspect: state === 'unknown' ? suspect : undefined,
    reproduced: undefined,
    stopped: false,
    ...(why === undefined ? {} : { why }),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

export function failed(
  ran: Ran,
  recorded: Ran | undefined,
  { points, clocks, earlier }: State,
  options: SearchOptions,
): Outcome {
  const reproduced = { times: REPEATS, of: REPEATS };
  return {
    state: 'failed',
    points,
    clocks,
    earlier,
    recorded,
    red: ran,
    suspect: undefined,
    reproduced,
    stopped: isStopped(options),
  };
}

/** Ended by a person: what was survived, and what was just being looked at. */
export function stopped(state: State, recorded: Ran | undefined): Outcome {
  return {
    ...ending('unknown', state, recorded, { why: words.stoppedWords(state.suspect !== undefined, state.points) }),
    stopped: true,
  };
}

export function unstable(state: State, recorded: Ran | undefined, times: number): Outcome {
  const why = words.unstableWords(times, REPEATS);
  const outcome = ending('unknown', state, recorded, { why, remedy: words.UNSTABLE_REMEDY });
  return { ...outcome, reproduced: { times, of: REPEATS } };
}

/** Nothing was wrong in what was tried; the rest is not known. */
export function outOfTime(state: State, recorded: Ran, lab: string): Outcome {
  const { tried, planned } = state.points;
  const why = words.outOfTimeWords(tried, planned);
  return ending('unknown', state, recorded, { why, remedy: words.outOfTimeRemedy(lab) });
}

/** The one fault that was asked for found nothing to strike. */
export function absent(state: State, recorded: Ran, { faults }: Schedule): Outcome {
  const [fault] = faults;
  if (fault === undefined) return notExercised(state, recorded, true);
  if (fault.action === SHIFT) {
    const why = words.unmovedWords(state.clocks.untried);
    return ending('not-exercised', state, recorded, { why, remedy: words.UNMOVED_REMEDY });
  }
  const passed = recorded.history.filter(
    ({ boundary, incarnation, point }) => boundary === fault.boundary && incarnation === 1 && point === 'before',
  ).length;
  return ending('not-exercised', state, recorded, {
    why: words.absentWords(fault, passed),
    remedy: words.ABSENT_REMEDY,
  });
}

export function notExercised(state: State, recorded: Ran, wasTried: boolean): Outcome {
  const boundaries = (recorded.plan?.attack ?? []).map(({ boundary }) => boundary);
  const why = words.notExercisedWords(boundaries, wasTried);
  return ending('not-exercised', state, recorded, { why, remedy: words.notExercisedRemedy(boundaries) });
}
