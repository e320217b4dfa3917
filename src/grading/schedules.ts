import { shift, SHIFT } from '#src/faults/clock.ts';
import type { Fault, Point, Schedule } from '#src/faults/schedule.ts';
import { AGAIN, POINTS, type AttackRule, type Target } from '#src/grading/enumerate.ts';
import type { Random } from '#src/random.ts';

/** One schedule to be tried, and what it is worth when none of its faults strikes. */
export interface Try {
  readonly schedule: Schedule;
  /**
   * `single`: a point of the recorded run, which must be there. `known`: it failed this learner once; the program may have
   * lost that boundary since. `feed`: another form of the input; `rerun`: a second run; `clock`: another
   * clock of the machine; none is a crash point.
   * `combined`: a pair or triple, which may not meet.
   */
  readonly kind: 'single' | 'known' | 'feed' | 'rerun' | 'clock' | 'combined';
}

/** A program that loads twice when it is killed does so when it is run twice, too; the former tells more. */
const RERUN_AT = 3;

/** What is tried, in order: what once failed this learner, other forms of the input, every single fault; none twice. */
export function singles(
  base: Omit<Schedule, 'faults'>,
  lists: {
    readonly regressions: readonly Schedule[];
    readonly feeds: readonly string[];
    readonly clocks?: readonly string[];
    readonly faults: readonly Fault[];
    readonly rerun: boolean;
  },
): Try[] {
  const single = (fault: Fault): Try => {
    const schedule = { ...base, faults: [fault] };
    return { schedule, kind: kindOf(schedule, 'single') };
  };
  const seen = new Set<string>([JSON.stringify({ ...base, faults: [] })]);
  const all: Try[] = [
    ...lists.regressions.map((schedule): Try => ({ schedule, kind: kindOf(schedule, 'known') })),
    ...lists.feeds.map((name): Try => ({ schedule: { ...base, faults: [feed(name)] }, kind: 'feed' })),
    ...(lists.clocks ?? []).map((by) => single(shift(by))),
    ...lists.faults.slice(0, RERUN_AT).map(single),
    ...(lists.rerun ? [single(AGAIN)] : []),
    ...lists.faults.slice(RERUN_AT).map(single),
  ];
  return all.filter(({ schedule: { lab, stage, seed, size, faults } }) => {
    const name = JSON.stringify({ lab, stage, seed, size, faults });
    return !seen.has(name) && seen.add(name);
  });
}

/** What is no crash point is told by its action, also where it comes from the list of what failed once. */
function kindOf({ faults: [fault, ...more] }: Schedule, other: Try['kind']): Try['kind'] {
  if (fault?.action === SHIFT && more.length === 0) return 'clock';
  if (fault?.action === AGAIN.action) return 'rerun';
  return fault?.action === 'feed' ? 'feed' : other;
}

/** The input in another form, as a fault, so that one line holds it too. */
export function feed(name: string): Fault {
  return { action: 'feed', incarnation: 1, boundary: 'input', nth: 1, point: 'before', argument: name };
}

/** So many double kills are tried by a level that a person waits for. */
const RECOVERIES = 4;

/**
 * What recovers from a kill is killed in its turn, at the first steps of its recovery. The first kill is one in the middle,
 * which leaves something to recover.
 */
export function recoveries(
  base: Omit<Schedule, 'faults'>,
  faults: readonly Fault[],
  { targets, rules }: { readonly targets: readonly Target[]; readonly rules: readonly AttackRule[] },
): Try[] {
  const kills = faults.filter(({ action, incarnation }) => action === 'kill' && incarnation === 1);
  const middle = (point: Point): Fault | undefined => {
    const those = kills.filter((fault) => fault.point === point).sort((a, b) => a.nth - b.nth);
    return those[Math.floor(those.length / 2)];
  };
  const firsts = [middle('after-durable'), middle('before'), kills[0]].filter((fault) => fault !== undefined);
  const [first] = firsts;
  if (first === undefined) return [];
  const isKilled = (boundary: string): boolean =>
    rules.some((rule) => rule.boundary === boundary && (rule.actions ?? ['kill']).includes('kill'));
  const seconds = (['before', 'after-durable'] as const).flatMap((point) =>
    targets
      .filter(({ boundary, total, points = POINTS }) => total > 0 && isKilled(boundary) && points.includes(point))
      .map(({ boundary, role }): Fault => ({
        action: 'kill',
        incarnation: 2,
        boundary,
        ...(role === undefined ? {} : { role }),
        nth: 1,
        point,
      })),
  );
  // Of many, evenly spread: each point, and what differs most.
  const step = Math.max(1, seconds.length / RECOVERIES);
  const chosen = Array.from({ length: Math.min(RECOVERIES, seconds.length) }, (_, i) => seconds[Math.floor(i * step)]);
  return chosen.flatMap((second, i): Try[] =>
    second === undefined
      ? []
      : [{ schedule: { ...base, faults: [firsts[i % firsts.length] ?? first, second] }, kind: 'combined' }],
  );
}

/** A later start is killed while it recovers; each draw enables a part of the points only, so that draws differ in kind. */
export function* combinations(
  base: Omit<Schedule, 'faults'>,
  targets: readonly Target[],
  rules: readonly AttackRule[],
  random: Random,
): Generator<Try> {
  const rich = targets.filter((target) => target.total > 0 && rules.some((rule) => pointsOf(target, rule).length > 0));
  const [first, ...others] = rich;
  if (first === undefined) return;
  const seen = new Set<string>();
  // Where few points exist, all pairs have been drawn some day: then there is nothing new to try.
  for (let stale = 0; stale < 1000;) {
    const one = random.pick<Point>(['after-durable', 'before', 'client-moved-on']);
    const points = random.below(2) === 0 ? POINTS : [one];
    const faults: Fault[] = [];
    const length = 2 + random.below(2);
    for (let start = 1; start <= length; start++) {
      const target = random.pick([first, ...others]);
      faults.push(draw(target, rules, { points, start, before: faults.at(-1) }, random));
    }
    const name = JSON.stringify(faults);
    if (seen.has(name)) {
      stale++;
      continue;
    }
    stale = 0;
    seen.add(name);
    yield { schedule: { ...base, faults }, kind: 'combined' };
  }
}

/** The points at which a rule's faults meet a target at all: those that the undisturbed runs had. */
function pointsOf({ boundary, numbers = [], points = POINTS }: Target, rule: AttackRule): readonly Point[] {
  if (rule.boundary !== boundary) return [];
  const isLast = rule.byRole !== true && numbers.length === 1;
  // What has a single step need not go on after it.
  return points.filter((point) => (rule.points ?? POINTS).includes(point) && !(isLast && point === 'client-moved-on'));
}

function draw(
  target: Target,
  rules: readonly AttackRule[],
  { points, start, before }: { points: readonly Fault['point'][]; start: number; before: Fault | undefined },
  random: Random,
): Fault {
  const { boundary, role } = target;
  const own = rules.filter((rule) => pointsOf(target, rule).length > 0);
  const rule = random.pick(own as [AttackRule, ...AttackRule[]]);
  const met = pointsOf(target, rule);
  const allowed = met.filter((point) => points.includes(point));
  const [first = 'after-durable', ...more] = allowed.length > 0 ? allowed : met;
  const [action = 'kill', ...actions] = rule.actions ?? ['kill'];
  const point = random.pick([first, ...more]);
  return {
    action: random.pick([action, ...actions]),
    incarnation: start,
    boundary,
    ...(role === undefined ? {} : { role }),
    nth: numberOf(target, { point, before, isByRole: rule.byRole === true }, random),
    point,
  };
}

function numberOf(
  { boundary, total, numbers }: Target,
  {
    point,
    before,
    isByRole,
  }: { readonly point: Point; readonly before: Fault | undefined; readonly isByRole: boolean },
  random: Random,
): number {
  // A role's boundaries are targets of their own, each with its number.
  if (isByRole) return numbers?.[0] ?? 1;
  // Where one request carries many, whichever of them is named, some request carries it; the last need not be gone on from.
  if (numbers !== undefined) return 1 + random.below(point === 'client-moved-on' ? (numbers.at(-2) ?? total) : total);
  // A program that goes on where it was has that much less before it.
  return 1 + random.below(before?.boundary === boundary ? Math.max(1, total - before.nth + 1) : total);
}
