import type { HttpLog, HttpRequestNote } from '#src/faults/http-ledger.ts';
import { finding, type Anomaly, type Finding, type Noun } from '#src/grading/anomaly.ts';
import { ASKED, askedWords, type Asked } from '#src/grading/wording-found.ts';

/** What a client may do, and must; judged by the log of the server alone. */
export interface RequestRules {
  readonly noun: Noun;
  /** Things that the server settles, once each, when it is asked rightly. */
  readonly due: readonly string[];
  /** Whether the pauses before retries are judged. */
  readonly pacing?: boolean;
  /** How many retries one start of the program may make. */
  readonly budget?: number;
}

/** Refusals for which the same request may be granted later; every other 4xx is an answer for good. */
const LATER: readonly number[] = [408, 425, 429];
/** A clock's granularity, and what a timer may come too early. */
const EARLY_MS = 20;
/** Retries that come as fast as any other two requests of the program had no pause before them. */
const HURRIED_FACTOR = 1.2;
/**
 * How far the middle one of the pauses before the same attempt lies above the shortest, as a share of it. Pauses of one
 * length stay below this, but for what a busy machine adds; pauses of which half is left to chance do in one of three
 * thousand runs (simulated: eight pauses for each of two attempts).
 */
const LEAST_SPREAD = 0.07;
/**
 * By what factor the second pauses lie above the first ones at least, in their middle or at their longest, where they
 * grow. Pauses that double, all of them left to chance, stay below it in both in one of 290 runs (simulated: thirteen and
 * ten of them, as the batch lab makes), and a program is failed where three runs out of three do. Pauses of one length,
 * half of them left to chance, lie above it in one of 300.
 */
const LEAST_GROWTH = 1.25;
/** Fewer pauses than this say nothing about how they are spread. */
const FEWEST_PAUSES = 8;
const FEWEST_ALIKE = 4;

/** Names what was done twice, asked in vain, not asked again, or asked again too soon. */
export function judgeRequests(log: HttpLog, rules: RequestRules): Finding[] {
  const tries = sequences(log);
  return [
    ...told(
      'double-effect',
      rules.due.filter((id) => (log.settled[id] ?? 0) > 1),
      ASKED.once,
    ),
    ...told('needless-retry', tries.flatMap(retriedInVain), ASKED.final),
    ...overBudget(log, tries, rules.budget),
    ...told('too-soon', tries.flatMap(tooSoon), ASKED.wait),
    ...(rules.pacing === true ? pacing(tries, ordinaryGaps(log)) : []),
  ];
}

/** Things that were never settled: because a passing trouble was taken for the end, or because nobody asked. */
export function neverSettled(log: HttpLog, due: readonly string[]): Finding[] {
  // What a start was told that was killed says nothing about why the last one did not ask again.
  const end = Math.max(1, ...log.requests.map(({ incarnation }) => incarnation));
  const ended = log.requests.filter(({ incarnation }) => incarnation === end);
  const last = new Map(ended.map(({ payment, answer }) => [payment, answer]));
  const left = due.filter((id) => (log.settled[id] ?? 0) === 0);
  const isGivenUp = (id: string): boolean => !isFinal(last.get(id) ?? 200);
  return [
    ...told('missing-retry', left.filter(isGivenUp), ASKED.until),
    ...told(
      'lost',
      left.filter((id) => !isGivenUp(id)),
      ASKED.settled,
    ),
  ];
}

/** How many requests of one start asked for what had been asked before, the most of any start. */
export function mostRetries(log: HttpLog): number {
  const byStart = new Map<number, number>();
  for (const requests of sequences(log)) {
    const start = requests[0]?.incarnation ?? 1;
    byStart.set(start, (byStart.get(start) ?? 0) + requests.length - 1);
  }
  return Math.max(0, ...byStart.values());
}

type Try = HttpRequestNote;

/** The requests for one thing by one start of the program, in order. Another start can't know what was answered before. */
function sequences({ requests }: HttpLog): Try[][] {
  const same = new Map<string, Try[]>();
  for (const request of requests) {
    const name = `${request.incarnation} ${request.method} ${request.path}`;
    const known = same.get(name);
    if (known === undefined) same.set(name, [request]);
    else known.push(request);
  }
  return [...same.values()];
}

function isFinal(answer: Try['answer']): boolean {
  return typeof answer === 'number' && answer < 500 && !LATER.includes(answer);
}

function name({ method, path, payment }: Try): string {
  return payment ?? `${method} ${path}`;
}

function retriedInVain(requests: readonly Try[]): string[] {
  const refused = requests.findIndex(({ answer }) => isFinal(answer) && typeof answer === 'number' && answer >= 400);
  const [first] = requests;
  if (first === undefined || refused === -1 || refused === requests.length - 1) return [];
  return [ASKED.times(name(first), String(requests[refused]?.answer), requests.length - 1 - refused)];
}

interface Gap {
  readonly request: Try;
  /** The failed request before it, and how many had failed then. */
  readonly before: Try;
  readonly nth: number;
  readonly ms: number;
}

function gaps(requests: readonly Try[]): Gap[] {
  return requests.slice(1).flatMap((request, index) => {
    const before = requests[index];
    if (before === undefined || isFinal(before.answer)) return [];
    return [{ request, before, nth: index + 1, ms: request.atMs - before.atMs }];
  });
}

function tooSoon(requests: readonly Try[]): string[] {
  return gaps(requests).flatMap(({ request, before, ms }) =>
    before.retryAfterS !== undefined && ms < before.retryAfterS * 1000 - EARLY_MS
      ? [ASKED.after(name(request), ms, before.retryAfterS)]
      : [],
  );
}

/** Only where the program alone decided how long to wait: a time-out and a Retry-After are no choice of its own. */
function pacing(tries: readonly (readonly Try[])[], ordinary: readonly number[]): Finding[] {
  const own = tries
    .flatMap(gaps)
    .filter(({ before }) => typeof before.answer === 'number' && before.retryAfterS === undefined);
  if (own.length < FEWEST_PAUSES) return [];
  const witnesses = own.map(({ request, ms }) => ASKED.pause(name(request), ms));
  if (middle(own.map(({ ms }) => ms)) <= HURRIED_FACTOR * middle(ordinary))
    return [finding({ anomaly: 'no-backoff', ...askedWords(ASKED.pauses, own.length), witnesses })];
  const groups = [...Map.groupBy(own, ({ nth }) => nth).values()].map((group) => group.map(({ ms }) => ms));
  const spreads = groups
    .filter(({ length }) => length >= FEWEST_ALIKE)
    .map((group) => 1 - Math.min(...group) / middle(group));
  if (spreads.length > 0 && spreads.reduce((sum, one) => sum + one, 0) / spreads.length < LEAST_SPREAD)
    return [finding({ anomaly: 'no-jitter', ...askedWords(ASKED.spread, own.length), witnesses })];
  const growth = growthOf(own);
  if (growth === undefined || growth >= LEAST_GROWTH) return [];
  return [finding({ anomaly: 'no-backoff', ...askedWords(ASKED.growing, own.length), witnesses })];
}

/**
 * How much longer second pauses are than first ones: one by one chance may turn them round, and a busy machine may make
 * one of them long, so the better of their mean and their longest counts. Later ones may have reached a limit.
 */
function growthOf(own: readonly Gap[]): number | undefined {
  const [first, second] = [1, 2].map((nth) => own.filter((gap) => gap.nth === nth).map(({ ms }) => ms));
  if (first === undefined || second === undefined || Math.min(first.length, second.length) < FEWEST_PAUSES)
    return undefined;
  return Math.max(mean(second) / mean(first), Math.max(...second) / Math.max(...first));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const at = Math.floor(sorted.length / 2);
  const upper = sorted[at] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[at - 1] ?? upper)) / 2;
}

/** What passes between two requests of which the second is no retry: the program's own pace on this machine. */
function ordinaryGaps({ requests }: HttpLog): number[] {
  return requests.slice(1).flatMap((request, index) => {
    const before = requests[index];
    const isOther = before !== undefined && before.path !== request.path && isFinal(before.answer);
    return isOther && before.incarnation === request.incarnation ? [request.atMs - before.atMs] : [];
  });
}

function overBudget(log: HttpLog, tries: readonly (readonly Try[])[], budget: number | undefined): Finding[] {
  const most = mostRetries(log);
  if (budget === undefined || most <= budget) return [];
  const witnesses = tries
    .filter(({ length }) => length > 1)
    .flatMap((requests) => requests.slice(0, 1).map((first) => ASKED.retries(name(first), requests.length - 1)));
  const { expected, found } = ASKED.budget(budget, most);
  return [finding({ anomaly: 'over-budget', expected, found, count: most - budget, witnesses })];
}

function told(anomaly: Anomaly, witnesses: readonly string[], words: Asked): Finding[] {
  return witnesses.length === 0 ? [] : [finding({ anomaly, ...askedWords(words, witnesses.length), witnesses })];
}
