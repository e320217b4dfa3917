import type { Fault, Schedule } from '#src/faults/schedule.ts';

export interface ShrinkOptions {
  /** Runs a schedule; true when it fails with the same anomaly. Its answers are remembered. */
  readonly fails: (schedule: Schedule, attempt: number) => Promise<boolean>;
  /** How many runs at most. */
  readonly maxRuns: number;
  /** The smallest size of the input that makes sense. */
  readonly minSize: number;
  /** Whether the last fault may go, too: where it isn't known that the program holds undisturbed. */
  readonly mayBeCalm?: boolean;
  /** True when the time is up: the best so far is returned. */
  readonly isOver?: () => boolean;
}

export interface Shrunk {
  readonly schedule: Schedule;
  readonly runs: number;
}

/**
 * The smallest schedule that still fails: faults are dropped one by one, then each is moved to an earlier boundary, then
 * the input is halved, until none of this makes it smaller. Failing schedules of pipelines are short, so this needs few
 * runs where a general search over sequences needs dozens.
 */
export async function shrink(failing: Schedule, options: ShrinkOptions): Promise<Shrunk> {
  const known = new Map<string, boolean>([[JSON.stringify(failing), true]]);
  let runs = 0;
  const fails = async (candidate: Schedule): Promise<boolean> => {
    const name = JSON.stringify(candidate);
    const before = known.get(name);
    if (before !== undefined) return before;
    if (runs >= options.maxRuns || options.isOver?.() === true) return false;
    runs++;
    const answer = await options.fails(candidate, runs);
    known.set(name, answer);
    return answer;
  };
  let best = failing;
  for (let last = ''; last !== JSON.stringify(best);) {
    last = JSON.stringify(best);
    best = await dropFaults(best, options.mayBeCalm === true ? 0 : 1, fails);
    for (let index = 0; index < best.faults.length; index++) best = await moveEarlier(best, index, fails);
    best = await halve(best, options.minSize, fails);
  }
  return { schedule: best, runs };
}

type Fails = (schedule: Schedule) => Promise<boolean>;

/** Afterwards no single fault can go. */
async function dropFaults(schedule: Schedule, least: number, fails: Fails): Promise<Schedule> {
  for (let index = 0; index < schedule.faults.length; index++) {
    const candidate = { ...schedule, faults: without(schedule.faults, index) };
    if (candidate.faults.length >= least && (await fails(candidate))) return dropFaults(candidate, least, fails);
  }
  return schedule;
}

/** Where a start is not ended any more, what was to strike the next one strikes this one. */
function without(faults: readonly Fault[], index: number): Fault[] {
  const gone = faults[index];
  const left = faults.filter((_, at) => at !== index);
  if (gone === undefined || left.some(({ incarnation }) => incarnation === gone.incarnation)) return left;
  const shift = (at: number): number => (at > gone.incarnation ? at - 1 : at);
  return left.map((fault) => ({ ...fault, incarnation: shift(fault.incarnation) }));
}

/** Boundary 1 first, since most failures show there; then a search by halves between what holds and what fails. */
async function moveEarlier(schedule: Schedule, index: number, fails: Fails): Promise<Schedule> {
  const fault = schedule.faults[index];
  if (fault === undefined || fault.nth <= 1) return schedule;
  const at = (nth: number): Schedule => ({
    ...schedule,
    faults: schedule.faults.map((one, i): Fault => (i === index ? { ...fault, nth } : one)),
  });
  if (await fails(at(1))) return at(1);
  let holds = 1;
  let broken = fault.nth;
  while (broken - holds > 1) {
    const middle = Math.floor((holds + broken) / 2);
    if (await fails(at(middle))) broken = middle;
    else holds = middle;
  }
  return at(broken);
}

async function halve(schedule: Schedule, minSize: number, fails: Fails): Promise<Schedule> {
  let best = schedule;
  for (let size = Math.floor(best.size / 2); size >= minSize; size = Math.floor(size / 2)) {
    const candidate = { ...best, size };
    if (!(await fails(candidate))) break;
    best = candidate;
  }
  return best;
}
