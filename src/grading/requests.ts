import type { HttpLog, HttpRequestNote } from '#src/faults/http-ledger.ts';
import { finding, type Anomaly, type Finding, type Noun } from '#src/grading/anomaly.ts';
import { ASKED, askedWords, type Asked } from '#src/grading/wording-found.ts';

/** What a client may do, and must; judged by the log of the server alone. */
export interface RequestRules {
  readonly noun: Noun;
  /** Things that the server settles, once each, when it is asked rightly. */
  readonly due: readonly string[];
  /** The first pause that was asked for, in milliseconds; pauses aren't judged where it isn't given. */
  readonly firstPauseMs?: number | undefined;
  /** How many retries one start of the program may make. */
  readonly budget?: number;
}

/** Refusals for which the same request may be granted later; every other 4xx is an answer for good. */
const LATER: readonly number[] = [408, 425, 429];
/** A clock's granularity, and what a timer may come too early. */
const EARLY_MS = 20;
/** A pause shorter than this share of the first one is none. */
const HURRIED_SHARE = 0.25;
const MOST_HURRIED = 0.75;
/**
 * Pauses of one length lie this close to the shortest one, but for what a busy machine adds; pauses of which half is left
 * to chance do in fewer than one of a thousand runs (simulated, six pauses for each of two attempts).
 */
const SAME_SHARE = 0.06;
const SAME_MS = 4;
const MOST_SAME = 0.7;
/** Fewer pauses than this say nothing about how they are spread. */
const FEWEST_PAUSES = 8;

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
    ...(rules.firstPauseMs === undefined ? [] : pacing(tries, rules.firstPauseMs)),
  ];
}

/** Things that were never settled: because a passing trouble was taken for the end, or because nobody asked. */
export function neverSettled(log: HttpLog, due: readonly string[]): Finding[] {
  const last = new Map(log.requests.map((request) => [request.payment, request.answer]));
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
function pacing(tries: readonly (readonly Try[])[], firstPauseMs: number): Finding[] {
  const own = tries
    .flatMap(gaps)
    .filter(({ before }) => typeof before.answer === 'number' && before.retryAfterS === undefined);
  if (own.length < FEWEST_PAUSES) return [];
  const witnesses = own.map(({ request, ms }) => ASKED.pause(name(request), ms));
  if (own.filter(({ ms }) => ms < HURRIED_SHARE * firstPauseMs).length >= own.length * MOST_HURRIED)
    return [finding({ anomaly: 'no-backoff', ...askedWords(ASKED.pauses, own.length), witnesses })];
  const byNth = Map.groupBy(own, ({ nth }) => nth);
  let compared = 0;
  let same = 0;
  for (const group of byNth.values()) {
    const shortest = Math.min(...group.map(({ ms }) => ms));
    // The shortest itself is like the shortest in every program.
    compared += group.length - 1;
    same += group.filter(({ ms }) => ms <= shortest * (1 + SAME_SHARE) + SAME_MS).length - 1;
  }
  if (compared < FEWEST_PAUSES || same < compared * MOST_SAME) return [];
  return [finding({ anomaly: 'no-jitter', ...askedWords(ASKED.spread, own.length), witnesses })];
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
