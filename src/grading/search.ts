import type { Schedule } from '#src/faults/schedule.ts';
import { finding, type Anomaly } from '#src/grading/anomaly.ts';
import { AGAIN, countBoundaries, enumerate, schedulesOf, type AttackRule } from '#src/grading/enumerate.ts';
import { shrink } from '#src/grading/shrink.ts';
import { runTrial, type Bench, type Ran } from '#src/grading/trial.ts';
import type { Level } from '#src/grading/verdict.ts';
import * as words from '#src/grading/wording.ts';

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
  readonly bench: Bench;
  readonly tell: (progress: Progress) => void;
  /** This schedule alone, as in a replay. */
  readonly only?: Schedule;
}

export interface Progress {
  readonly what: words.Step['what'];
  readonly words: string;
  readonly points: Points;
  readonly elapsedMs: number;
}

export interface Points {
  readonly survived: number;
  readonly tried: number;
  readonly planned: number;
  readonly possible: number;
}

/** What is known when the search ends, or is ended. */
export interface Outcome {
  readonly state: 'passed' | 'failed' | 'unknown' | 'not-exercised';
  readonly points: Points;
  /** An undisturbed run. */
  readonly recorded: Ran | undefined;
  /** The run that shows the failure, under the smallest schedule. */
  readonly red: Ran | undefined;
  readonly reproduced: { readonly times: number; readonly of: number } | undefined;
  readonly why?: string;
  readonly remedy?: string;
  readonly stopped: boolean;
}

/** A failure counts when it came in this many runs of the same schedule. */
const REPEATS = 3;
const QUICK_BUDGET_MS = 20_000;
const SHRINK_RUNS = 15;
const SHRINK_BUDGET_MS = 60_000;

/** Records two undisturbed runs, tries every fault that they offer, confirms and shrinks what fails. Never throws for trouble of the world. */
export async function search(options: SearchOptions): Promise<Outcome> {
  const nothing = { red: undefined, unstable: undefined, isConfirming: false, next: undefined };
  const state: State = { beganMs: performance.now(), points: NO_POINTS, ...nothing };
  const recorded = await record(options, state);
  if ('outcome' in recorded) return recorded.outcome;
  const { attack: rules = [], rerun = false } = recorded.first.plan ?? {};
  if (rules.length === 0 && !rerun && options.only === undefined) return ending('passed', state, recorded.first);
  const counts = countBoundaries(recorded.first.history);
  if (!sameCounts(counts, countBoundaries(recorded.second.history)))
    return ending('unknown', state, recorded.first, { why: words.DISAGREE, remedy: words.DISAGREE_REMEDY });
  const { schedules, possible } = chosen(counts, { rules, rerun }, options);
  state.points = { ...NO_POINTS, planned: schedules.filter((one) => !isAgain(one)).length, possible };
  // A line without a fault replays an undisturbed run, and two of them have just been seen to be right.
  if (options.only?.faults.length === 0) return ending('passed', state, recorded.first);
  const isNothingToBreak = rules.length > 0 && schedules.every(isAgain);
  if (isNothingToBreak && options.only === undefined) return notExercised(state, recorded.first, false);
  const calmMs = Math.max(recorded.first.elapsedMs, recorded.second.elapsedMs);
  const tally = await tryAll(schedules, Math.max(10_000, 5 * calmMs), options, state);
  if (state.red !== undefined)
    return red(await smallest(state.red, calmMs, options, state), recorded.first, state, options);
  if (options.bench.signal?.aborted === true) return stopped(state, recorded.first);
  if (tally.unknown !== undefined)
    return ending('unknown', state, recorded.first, {
      why: words.engineWords(tally.unknown),
      remedy: words.ENGINE_REMEDY,
    });
  if (state.unstable !== undefined) return ending('unknown', state, recorded.first, state.unstable);
  if (tally.judged === 0) return notExercised(state, recorded.first, true);
  if (tally.unfired > 0)
    return ending('unknown', state, recorded.first, {
      why: words.unfiredWords(tally.unfired, schedules.length),
      remedy: words.DISAGREE_REMEDY,
    });
  return ending('passed', state, recorded.first);
}

function chosen(
  counts: ReadonlyMap<string, number>,
  { rules, rerun }: { rules: readonly AttackRule[]; rerun: boolean },
  options: SearchOptions,
) {
  const { only } = options;
  if (only !== undefined) return { schedules: only.faults.length === 0 ? [] : [only], possible: 1 };
  const { faults, possible } = enumerate(counts, rules, options.level);
  // A program that loads twice when it is killed does so when it is run twice, too; the former tells more.
  const all = rerun ? [...faults.slice(0, AGAIN_AT), AGAIN, ...faults.slice(AGAIN_AT)] : faults;
  return { schedules: schedulesOf(options.base, all, options.regressions), possible };
}

const AGAIN_AT = 3;

/** A run after the end is no crash point, and isn't counted as one. */
function isAgain({ faults }: Schedule): boolean {
  return faults.every(({ action }) => action === AGAIN.action);
}

interface State {
  readonly beganMs: number;
  points: Points;
  red: Ran | undefined;
  unstable: { readonly why: string; readonly remedy: string } | undefined;
  /** Only one suspect is confirmed at a time; another that came meanwhile waits. */
  isConfirming: boolean;
  next: Ran | undefined;
}

const NO_POINTS: Points = { survived: 0, tried: 0, planned: 0, possible: 0 };

type Recorded = { readonly first: Ran; readonly second: Ran } | { readonly outcome: Outcome };

async function record(options: SearchOptions, state: State): Promise<Recorded> {
  const calm = { ...options.base, faults: [] };
  const run = async (at: number): Promise<Ran> => {
    say(options, state, { what: 'recording', at, of: 2 });
    return attempt(calm, options.calmLimitMs, options);
  };
  const [first, second] = options.workers > 1 ? await Promise.all([run(1), run(2)]) : [await run(1), await run(2)];
  const both = [first, second];
  if (both.some((ran) => ran.state === 'stopped')) return { outcome: stopped(state, undefined) };
  const trouble = both.find((ran) => ran.state === 'unknown');
  if (trouble !== undefined) {
    const why = words.engineWords(trouble.why ?? '');
    return { outcome: ending('unknown', state, undefined, { why, remedy: words.ENGINE_REMEDY }) };
  }
  const late = both.find((ran) => ran.state === 'late');
  if (late !== undefined) {
    const why = words.unfinishedUnknownWords(options.calmLimitMs / 1000);
    return { outcome: ending('unknown', state, late, { why, remedy: words.UNFINISHED_REMEDY }) };
  }
  if (both.every((ran) => ran.findings.length === 0)) return { first, second };
  const third = await confirm(first.findings.length > 0 ? first : second, options.calmLimitMs, 1, options, state);
  const wrong = [...both, ...third].filter((ran) => ran.findings.length > 0);
  if (wrong.length === REPEATS) return { outcome: red(third[0] ?? first, first, state, options) };
  if (options.bench.signal?.aborted === true) return { outcome: stopped(state, undefined) };
  return { outcome: ending('unknown', state, wrong[0], unstable(wrong.length)) };
}

/** One run; an engine that died in it gets a second chance, because it may have been the machine. */
async function attempt(schedule: Schedule, deadlineMs: number, options: SearchOptions): Promise<Ran> {
  let ran = await runTrial(schedule, deadlineMs, options.bench);
  if (ran.state === 'unknown') ran = await runTrial(schedule, deadlineMs, options.bench);
  const findings = ran.findings.filter(({ anomaly }) => !options.allows.includes(anomaly));
  return { ...ran, findings };
}

interface Tally {
  /** Schedules that came to an end and were looked at. */
  judged: number;
  unfired: number;
  unknown: string | undefined;
}

async function tryAll(
  schedules: readonly Schedule[],
  deadlineMs: number,
  options: SearchOptions,
  state: State,
): Promise<Tally> {
  const tally: Tally = { judged: 0, unfired: 0, unknown: undefined };
  const queue = [...schedules];
  const isOver = (): boolean =>
    options.bench.signal?.aborted === true ||
    tally.unknown !== undefined ||
    (options.level === 'quick' && (state.red !== undefined || performance.now() - state.beganMs > QUICK_BUDGET_MS));
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && !isOver(); next = queue.shift()) {
      const at = schedules.length - queue.length;
      const [fault] = next.faults;
      const of = schedules.length;
      say(options, state, { what: 'trying', at, of, ...(fault === undefined ? {} : { fault }) });
      await tryOne(next, deadlineMs, options, state, tally);
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));
  return tally;
}

async function tryOne(
  schedule: Schedule,
  deadlineMs: number,
  options: SearchOptions,
  state: State,
  tally: Tally,
): Promise<void> {
  const ran = asFinding(await attempt(schedule, deadlineMs, options), deadlineMs);
  if (ran.state === 'stopped') return;
  if (ran.state === 'unknown') {
    tally.unknown ??= ran.why ?? '';
    return;
  }
  if (ran.fired.some((fired) => !fired) && ran.findings.length === 0) {
    tally.unfired++;
    return;
  }
  tally.judged++;
  const isRight = ran.findings.length === 0;
  if (!isAgain(schedule)) {
    const { survived, tried } = state.points;
    state.points = { ...state.points, survived: survived + (isRight ? 1 : 0), tried: tried + 1 };
  }
  if (isRight) return;
  // One confirmed failure is what the verdict tells; the others are only counted.
  if (state.red !== undefined) return;
  if (state.isConfirming) {
    state.next ??= ran;
    return;
  }
  await settle(ran, deadlineMs, options, state);
}

/** Red is red when it comes again; where it doesn't, the next suspect has its turn. */
async function settle(ran: Ran, deadlineMs: number, options: SearchOptions, state: State): Promise<void> {
  state.isConfirming = true;
  const again = await confirm(ran, deadlineMs, REPEATS - 1, options, state);
  const times = 1 + again.filter((one) => isSame(one, ran)).length;
  if (times === REPEATS) state.red ??= again.at(-1) ?? ran;
  else if (options.bench.signal?.aborted !== true) state.unstable ??= unstable(times);
  state.isConfirming = false;
  const { next } = state;
  state.next = undefined;
  if (state.red === undefined && next !== undefined) await settle(next, deadlineMs, options, state);
}

async function confirm(
  suspect: Ran,
  deadlineMs: number,
  times: number,
  options: SearchOptions,
  state: State,
): Promise<Ran[]> {
  const again: Ran[] = [];
  for (let at = 1; at <= times; at++) {
    const of = REPEATS;
    say(options, state, { what: 'confirming', at: of - times + at, of });
    again.push(asFinding(await attempt(suspect.schedule, deadlineMs, options), deadlineMs));
  }
  return again;
}

/** The undisturbed runs ended, so that a run under a fault that doesn't is the program's. */
function asFinding(ran: Ran, deadlineMs: number): Ran {
  if (ran.state !== 'late') return ran;
  const late = finding({
    anomaly: 'did-not-finish',
    ...words.unfinishedWords(deadlineMs / 1000),
    count: 1,
  });
  return { ...ran, state: 'judged', findings: [late] };
}

function isSame(one: Ran, other: Ran): boolean {
  const [a] = one.findings;
  return a !== undefined && other.findings.some(({ anomaly }) => anomaly === a.anomaly);
}

async function smallest(found: Ran, calmMs: number, options: SearchOptions, state: State): Promise<Ran> {
  if (options.only !== undefined) return found;
  const beganMs = performance.now();
  const deadlineMs = Math.max(10_000, 5 * calmMs);
  let best = found;
  const quick = options.level === 'quick';
  await shrink(found.schedule, {
    maxRuns: quick ? 4 : SHRINK_RUNS,
    // On a save, the answer matters more than the smallest input.
    minSize: quick ? options.base.size : options.minSize,
    isOver: () => options.bench.signal?.aborted === true || performance.now() - beganMs > SHRINK_BUDGET_MS,
    fails: async (schedule, at) => {
      say(options, state, { what: 'shrinking', at, of: SHRINK_RUNS });
      const ran = asFinding(await attempt(schedule, deadlineMs, options), deadlineMs);
      if (ran.fired.includes(false) || !isSame(ran, found)) return false;
      const again = asFinding(await attempt(schedule, deadlineMs, options), deadlineMs);
      if (!isSame(again, found)) return false;
      best = again;
      return true;
    },
  });
  return best;
}

function say(options: SearchOptions, state: State, step: words.Step): void {
  const text = words.progressWords(step);
  options.tell({
    what: step.what,
    words: text,
    points: state.points,
    elapsedMs: Math.round(performance.now() - state.beganMs),
  });
}

function sameCounts(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([name, count]) => b.get(name) === count);
}

function ending(
  state: Outcome['state'],
  { points }: State,
  recorded: Ran | undefined,
  reason: { why?: string; remedy?: string } = {},
): Outcome {
  return { state, points, recorded, red: undefined, reproduced: undefined, stopped: false, ...reason };
}

function red(ran: Ran, recorded: Ran, { points }: State, { bench }: SearchOptions): Outcome {
  const reproduced = { times: REPEATS, of: REPEATS };
  return { state: 'failed', points, recorded, red: ran, reproduced, stopped: bench.signal?.aborted === true };
}

function stopped({ points }: State, recorded: Ran | undefined): Outcome {
  const nothing = { red: undefined, reproduced: undefined, why: words.STOPPED };
  return { state: 'unknown', points, recorded, ...nothing, stopped: true };
}

function notExercised(state: State, recorded: Ran, wasTried: boolean): Outcome {
  const boundaries = (recorded.plan?.attack ?? []).map(({ boundary }) => boundary);
  const why = words.notExercisedWords(boundaries, wasTried);
  return ending('not-exercised', state, recorded, { why, remedy: words.NOT_EXERCISED_REMEDY });
}

function unstable(times: number): { why: string; remedy: string } {
  return { why: words.unstableWords(times, REPEATS), remedy: words.UNSTABLE_REMEDY };
}
