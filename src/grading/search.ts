import { formatSchedule, type Fault } from '#src/faults/schedule.ts';
import { attempt, confirm, disturbed, isSame } from '#src/grading/attempt.ts';
import { unmetByTheClock, type Unmet } from '#src/grading/by-role.ts';
import { address, enumerate, type Addressed, type AttackRule } from '#src/grading/enumerate.ts';
import {
  absent,
  ending,
  failed,
  freshState,
  isStopped,
  notExercised,
  outOfTime,
  REPEATS,
  say,
  stopped,
  troubleIn,
  unstable,
  type Outcome,
  type SearchOptions,
  type State,
} from '#src/grading/outcome.ts';
import { record } from '#src/grading/record.ts';
import { combinations, recoveries, singles, type Try } from '#src/grading/schedules.ts';
import { shrink } from '#src/grading/shrink.ts';
import type { Ran } from '#src/grading/trial.ts';
import * as words from '#src/grading/wording.ts';
import { DRIFTED, DRIFTED_REMEDY } from '#src/grading/wording-attack.ts';
import { unmetWords } from '#src/grading/wording-unmet.ts';
import { random } from '#src/random.ts';

export type { Outcome, Points, Progress, SearchOptions } from '#src/grading/outcome.ts';

/** Twelve points take seconds; a machine that has not tried them by then can't tell on a save. */
const QUICK_BUDGET_MS = 120_000;
const SHRINK_RUNS = 15;
const QUICK_SHRINK_RUNS = 6;
const SHRINK_BUDGET_MS = 60_000;
const PATIENCE_MS = 10_000;
/** Who drives a stream gives up by limits of its own, with a server's restart in them; this ends one that waits for ever. */
const STREAM_PATIENCE_MS = 90_000;

/**
 * Records two undisturbed runs, tries what they offer, confirms and shrinks what fails. Ends with what is known, also
 * when it was stopped or the world was in the way.
 */
export async function search(options: SearchOptions): Promise<Outcome> {
  const state = freshState();
  const recorded = options.recorded ?? (await record(options, state));
  if ('outcome' in recorded) return recorded.outcome;
  const { first, second } = recorded;
  state.calm = [first, second];
  const rules = first.plan?.attack ?? [];
  const addressed = address(first.history, second.history, rules);
  const plan = planned(addressed, rules, first, options);
  state.points = { ...state.points, planned: plan.singles, possible: plan.possible };
  // A line without a fault replays an undisturbed run, and two of them have just been seen to be right.
  if (options.only?.faults.length === 0) return ending('passed', state, first);
  if (plan.singles === 0 && rules.length > 0 && options.only === undefined)
    return addressed.unnamed.length > 0 ? nameless(addressed, state, first) : notExercised(state, first, false);
  if (plan.tries.length === 0) return ending('passed', state, first);
  const calmMs = Math.max(first.elapsedMs, second.elapsedMs);
  const patienceMs = first.plan?.stream === undefined ? PATIENCE_MS : STREAM_PATIENCE_MS;
  const deadlineMs = Math.max(options.patienceMs ?? patienceMs, 5 * calmMs);
  await tryAll(plan.tries, deadlineMs, options, state);
  if (state.red === undefined && options.level === 'full' && options.only === undefined)
    await tryAll(
      recoveries(options.base, plan.faults, { targets: addressed.targets, rules }),
      deadlineMs,
      options,
      state,
    );
  if (state.red === undefined && options.level === 'overnight' && options.only === undefined) {
    const { base } = options;
    const draws = combinations(base, addressed.targets, rules, random(base.seed).fork('combinations'));
    await tryAll(draws, deadlineMs, options, state);
  }
  return concluded(await smallest(deadlineMs, options, state), { first, plan, addressed }, options, state);
}

interface Plan {
  /** Single faults. */
  readonly faults: readonly Fault[];
  readonly tries: readonly Try[];
  /** How many of them are crash points. */
  readonly singles: number;
  readonly possible: number;
}

function planned({ targets }: Addressed, rules: readonly AttackRule[], first: Ran, options: SearchOptions): Plan {
  const { only, base, regressions } = options;
  if (only !== undefined) {
    const known = singles(base, { regressions: [only], feeds: [], faults: [], rerun: false });
    const tries = known.map((one): Try => (one.kind === 'known' ? { ...one, kind: 'single' } : one));
    const points = tries.filter(isPoint).length;
    return { faults: [], tries, singles: points, possible: points };
  }
  const { faults, possible } = enumerate(targets, rules, options.level);
  const feeds = (first.plan?.feeds ?? []).map(({ name }) => name);
  // Seconds more on every save would buy little: how a program takes the time changes less often than what it does with it.
  const clocks = options.level === 'quick' && options.control !== true ? [] : (first.plan?.clocks ?? []);
  const all = singles(base, { regressions, feeds, clocks, faults, rerun: first.plan?.rerun === true });
  const tries = all.slice(0, options.maxSchedules);
  return { faults, tries, singles: tries.filter(isPoint).length, possible };
}

function isPoint({ kind }: Try): boolean {
  return kind === 'single' || kind === 'known';
}

interface Known {
  readonly first: Ran;
  readonly plan: Plan;
  readonly addressed: Addressed;
}

/** What all that was tried is worth. */
function concluded(red: Ran | undefined, known: Known, options: SearchOptions, state: State): Outcome {
  const { first, plan, addressed } = known;
  if (red !== undefined) return failed(red, first, state, options);
  if (isStopped(options)) {
    // The longest level ends by being stopped: it holds as soon as every single point has been survived.
    const isWhole = options.level === 'overnight' && state.points.tried >= plan.singles && state.suspect === undefined;
    const clean = isWhole && state.trouble === undefined && state.unfired === 0 && addressed.unnamed.length === 0;
    return clean ? { ...ending('passed', state, first), stopped: true } : stopped(state, first);
  }
  if (state.trouble !== undefined) return ending('unknown', state, first, state.trouble);
  if (state.unstable !== undefined) return unstable(state, first, state.unstable.times);
  const left = state.points.planned - state.points.tried - state.unfired;
  // What was not tried was not survived.
  if (options.level === 'quick' && state.wasCut && left > 0) return outOfTime(state, first, options.base.lab);
  // Where most of it comes by the clock, what was survived says little.
  if (state.unmet.length > state.points.tried)
    return ending('unknown', state, first, { why: unmetWords(state.unmet)[0] ?? '', remedy: words.DISAGREE_REMEDY });
  const isUnmoved = options.only === undefined && state.clocks.untried.length > 0 && plan.singles === 0;
  if (state.points.tried + state.others === 0 && !isUnmoved)
    return options.only === undefined ? notExercised(state, first, true) : absent(state, first, options.only);
  if (state.unfired > 0) {
    const why = words.unfiredWords(state.unfired, plan.tries.length);
    return ending('unknown', state, first, { why, remedy: words.DISAGREE_REMEDY });
  }
  return addressed.unnamed.length > 0 && options.only === undefined
    ? nameless(addressed, state, first)
    : ending('passed', state, first);
}

function nameless({ unnamed }: Addressed, state: State, first: Ran): Outcome {
  const why = words.disagreeWords(
    unnamed.map(({ target, counts }) => ({ ...target, counts })),
    state.points.tried,
  );
  return ending('unknown', state, first, { why, remedy: words.DISAGREE_REMEDY });
}

/** Works off what is to be tried, several at a time, until there is nothing more or no reason to go on. */
async function tryAll(tries: Iterable<Try>, deadlineMs: number, options: SearchOptions, state: State): Promise<void> {
  const queue = tries[Symbol.iterator]();
  const isLate = (): boolean => performance.now() - state.beganMs > (options.budgetMs ?? QUICK_BUDGET_MS);
  const isOver = (): boolean =>
    isStopped(options) ||
    state.trouble !== undefined ||
    (state.red !== undefined && options.level !== 'full') ||
    (state.wasCut ||= options.level === 'quick' && options.only === undefined && isLate());
  let at = 0;
  const work = async (): Promise<void> => {
    while (!isOver()) {
      const next = queue.next();
      if (next.done === true) return;
      const { kind } = next.value;
      const { planned: of } = state.points;
      const [fault] = next.value.schedule.faults;
      const what = kind === 'combined' ? 'combining' : isPoint(next.value) ? 'trying' : 'besides';
      // Only points are counted, as in the verdict.
      if (what !== 'besides') at++;
      if (survivedEarlier(next.value, options, state)) continue;
      say(options, state, { what, at, of, ...(fault === undefined ? {} : { fault }) });
      await tryOne(next.value, deadlineMs, options, state);
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));
}

/** Counts what the very same program has survived before; what failed once is tried again, and so is all on a save. */
function survivedEarlier(one: Try, { survived, level, regressions }: SearchOptions, state: State): boolean {
  const atMs = level === 'quick' ? undefined : survived?.at(one.schedule);
  if (atMs === undefined) return false;
  const line = formatSchedule(one.schedule);
  if (regressions.some((schedule) => formatSchedule(schedule) === line)) return false;
  const { earlier = { count: 0, lastMs: 0 }, clocks } = state;
  state.earlier = { count: earlier.count + 1, lastMs: Math.max(earlier.lastMs, atMs) };
  if (one.kind === 'clock') state.clocks = { ...clocks, tried: [...clocks.tried, byOf(one)] };
  count(one, true, state);
  return true;
}

/** By how much a clock is off. */
function byOf({ schedule }: Try): string {
  return schedule.faults[0]?.argument ?? '';
}

async function tryOne(one: Try, deadlineMs: number, options: SearchOptions, state: State): Promise<void> {
  const ran = await disturbed(one.schedule, deadlineMs, options);
  if (ran.state === 'stopped') return;
  if (ran.state === 'unknown') {
    state.trouble ??= troubleIn(ran);
    return;
  }
  const { clocks } = state;
  if (one.kind === 'clock' && ran.fired.includes(false)) {
    // Whatever came of it says nothing about a clock that was not moved.
    state.clocks = { ...clocks, untried: [...clocks.untried, byOf(one)] };
    return;
  }
  if (ran.fired.some((fired) => !fired) && ran.findings.length === 0) {
    // What failed once, and what was drawn, need not be there; a point of the recorded run must.
    const unmet = options.only === undefined ? unmetIn(ran, state) : undefined;
    if (one.kind === 'single' && unmet === undefined) state.unfired++;
    if (one.kind === 'single' && unmet !== undefined) state.unmet.push(unmet);
    if (one.kind === 'known' || unmet !== undefined)
      state.points = { ...state.points, planned: state.points.planned - 1 };
    return;
  }
  if (one.kind === 'clock') state.clocks = { ...clocks, tried: [...clocks.tried, byOf(one)] };
  count(one, ran.findings.length === 0, state);
  options.tried?.(ran);
  if (ran.findings.length === 0) return options.survived?.keep(one.schedule);
  await options.survived?.forget(one.schedule);
  // One confirmed failure is what the verdict tells; the others are only counted.
  if (state.red !== undefined) return;
  if (state.isConfirming) state.next ??= ran;
  else await settle(ran, deadlineMs, options, state);
}

/** Of a stage whose boundaries are named by their roles: such a program may do things by the clock. */
function unmetIn({ schedule, history }: Ran, { calm }: State): Unmet | undefined {
  const [fault] = schedule.faults;
  const rules = calm[0]?.plan?.attack ?? [];
  const isByRole = rules.some(({ boundary, byRole }) => byRole === true && boundary === fault?.boundary);
  return isByRole ? unmetByTheClock(fault, [...calm.map((ran) => ran.history), history]) : undefined;
}

function count({ kind, schedule }: Try, survived: boolean, state: State): void {
  const one = survived ? 1 : 0;
  const { points } = state;
  if (kind === 'feed' || kind === 'rerun' || kind === 'clock') state.others++;
  else if (kind === 'combined') {
    const known = points.combined ?? { survived: 0, tried: 0 };
    state.points = { ...points, combined: { survived: known.survived + one, tried: known.tried + 1 } };
  } else {
    const action = schedule.faults[0]?.action ?? 'kill';
    state.acted.set(action, (state.acted.get(action) ?? 0) + 1);
    state.points = { ...points, survived: points.survived + one, tried: points.tried + 1 };
  }
}

/** Red is red when it comes again; where it doesn't, the next suspect has its turn. */
async function settle(ran: Ran, deadlineMs: number, options: SearchOptions, state: State): Promise<void> {
  state.isConfirming = true;
  state.suspect = ran;
  const { times, last } = await confirm(ran, deadlineMs, options, state);
  if (times === REPEATS) {
    if (options.control !== true || (await holds(options, state))) state.red ??= last;
    if (!isStopped(options)) state.suspect = undefined;
  } else if (!isStopped(options)) state.unstable ??= { times, of: REPEATS };
  state.isConfirming = false;
  const { next } = state;
  state.next = undefined;
  if (state.red === undefined && next !== undefined && !isStopped(options)) {
    await settle(next, deadlineMs, options, state);
  }
}

/** Whether an undisturbed run is still right, where nothing but such a run says what is right. */
async function holds(options: SearchOptions, state: State): Promise<boolean> {
  const calm = await attempt({ ...options.base, faults: [] }, options.calmLimitMs, options);
  if (calm.state === 'judged' && calm.findings.length > 0) state.trouble ??= { why: DRIFTED, remedy: DRIFTED_REMEDY };
  if (calm.isTorn === true) state.trouble ??= troubleIn(calm);
  return calm.state === 'judged' && calm.findings.length === 0;
}

/** The smallest schedule that shows what was found, seen to fail as often as the one that it replaces. */
async function smallest(deadlineMs: number, options: SearchOptions, state: State): Promise<Ran | undefined> {
  const found = state.red;
  if (found === undefined || options.only !== undefined) return found;
  const { base, level, minSize } = options;
  const quick = level === 'quick';
  const beganMs = performance.now();
  const ran = new Map<string, Ran>();
  const { seed, size } = found.schedule;
  const { schedule } = await shrink(found.schedule, {
    maxRuns: (quick ? QUICK_SHRINK_RUNS : SHRINK_RUNS) - (REPEATS - 1),
    // On a save, the answer matters more than the smallest input.
    minSize: quick ? size : minSize,
    // Another input than the recorded one may be what it fails on.
    mayBeCalm: seed !== base.seed || size !== base.size,
    isOver: () => isStopped(options) || performance.now() - beganMs > SHRINK_BUDGET_MS,
    fails: async (candidate, at) => {
      say(options, state, { what: 'shrinking', at, of: SHRINK_RUNS });
      const tried = await disturbed(candidate, deadlineMs, options);
      if (tried.fired.includes(false) || !isSame(tried, found)) return false;
      ran.set(JSON.stringify(candidate), tried);
      return true;
    },
  });
  const best = ran.get(JSON.stringify(schedule));
  if (best === undefined) return found;
  const { times, last } = await confirm(best, deadlineMs, options, state);
  return times === REPEATS ? last : found;
}
