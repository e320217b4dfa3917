import { join } from 'node:path';

import type { HistoryEvent } from '#src/faults/history.ts';
import { formatSchedule, type Fault, type Schedule } from '#src/faults/schedule.ts';
import { WorldError } from '#src/error.ts';
import type { Clock } from '#src/clock.ts';
import type { Anomaly } from '#src/grading/anomaly.ts';
import { likelyCauses, neverBegan } from '#src/grading/cause.ts';
import { unansweredTopics } from '#src/grading/cause-kafka.ts';
import { timelineOf } from '#src/grading/picture.ts';
import { hashProgram } from '#src/grading/program.ts';
import { addRegression, openRun, readRegressions, runName, writeRun } from '#src/grading/run-folder.ts';
import { search, type Outcome, type Progress, type SearchOptions } from '#src/grading/search.ts';
import type { Survived } from '#src/grading/survived.ts';
import { drawTimeline } from '#src/grading/timeline-svg.ts';
import type { Timeline } from '#src/grading/timeline.ts';
import type { Bench, Ran } from '#src/grading/trial.ts';
import { VERDICT_SCHEMA, type Level, type Verdict } from '#src/grading/verdict.ts';
import { verdictText } from '#src/grading/verdict-text.ts';
import { startWhereabouts } from '#src/grading/whereabouts.ts';
import * as words from '#src/grading/wording.ts';
import { unansweredWords } from '#src/grading/wording-kafka.ts';
import { unmetWords } from '#src/grading/wording-unmet.ts';

export interface GradeOptions {
  readonly lab: string;
  readonly stage: {
    readonly n: number;
    readonly title: string;
    readonly allows: readonly Anomaly[];
    readonly read: { readonly words: string; readonly href: string } | undefined;
  };
  readonly level: Level;
  readonly seed: number;
  readonly size: number;
  readonly minSize: number;
  readonly maxSchedules?: number | undefined;
  readonly budgetMs?: number | undefined;
  readonly calmLimitMs: number;
  readonly workers: number;
  readonly bench: Bench;
  /** Names and versions, kept beside the verdict. */
  readonly engines: Readonly<Record<string, string>>;
  /** `journal/runs/<lab>`, absolute. */
  readonly runs: string;
  /** The same as the learner reads it. */
  readonly runsShown: string;
  /** How a hint is had. */
  readonly hint: string | undefined;
  readonly clock: Clock;
  readonly tell: (progress: Progress) => void;
  /** Only these faults, as in a replay: nothing is enumerated. */
  readonly only?: Schedule;
  readonly patienceMs?: number;
  /** How the outcome is sought; `search` where it isn't given. */
  readonly seek?: (options: SearchOptions) => Promise<Outcome>;
  /** What the very same program survived in earlier checks. */
  readonly survived?: Survived | undefined;
  /** Of a program that belongs to no lab; asked for when the search is over. */
  readonly own?: () => Verdict['own'];
  /** Names of the tables that are results, where any other may be the program's own affair. */
  readonly results?: () => readonly string[];
}

export interface Graded {
  readonly verdict: Verdict;
  readonly text: string;
  /** The picture as an ordered list. */
  readonly list: readonly string[];
}

/** Grades one stage of one program and leaves a run folder, also when it was stopped. */
export async function grade(options: GradeOptions): Promise<Graded> {
  const startedMs = options.clock();
  const { lab, stage, seed, size, bench } = options;
  const hash = await hashProgram(bench.program.folder);
  const folder = await openRun(options.runs, runName(startedMs, stage.n));
  const whereabouts = startWhereabouts(bench.supervisor);
  const outcome = await (options.seek ?? search)({
    base: { lab, stage: stage.n, seed, size },
    level: options.level,
    allows: stage.allows,
    regressions: options.only === undefined ? await readRegressions(options.runs, stage.n) : [],
    calmLimitMs: options.calmLimitMs,
    workers: options.workers,
    minSize: options.minSize,
    maxSchedules: options.maxSchedules,
    budgetMs: options.budgetMs,
    survived: options.survived,
    bench: { ...bench, supervisor: whereabouts.leases },
    tell: options.tell,
    ...(options.only === undefined ? {} : { only: options.only }),
    ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
  });
  const shown = outcome.red ?? outcome.suspect ?? outcome.recorded;
  const elsewhere = whereabouts.sentences();
  const known = verdictOf(outcome, hash, options, { startedMs, folder, elsewhere });
  const timeline = shown === undefined ? undefined : timelineOf(known, shown.history);
  const picture = timeline === undefined ? undefined : `${options.runsShown}/latest/timeline.svg`;
  // What was survived needs none; whatever else it was, Ctrl-C included, is easier seen than told.
  const verdict: Verdict = known.state !== 'passed' && picture !== undefined ? { ...known, picture } : known;
  const failed = verdict.state === 'failed' && options.hint !== undefined;
  const text = verdictText(verdict, { hint: failed ? options.hint : undefined });
  // Where the file is read, no key is.
  const kept = verdictText(verdict, { hint: failed ? `./dej hint ${options.lab}` : undefined });
  // A disk that is full by now must not take the answer with it.
  const unkept = await writeRun(options.runs, folder, { verdict, text: kept, ...filesOf(shown, timeline) }).then(
    () => undefined,
    (error: unknown) => (error instanceof WorldError ? error : Promise.reject(error as Error)),
  );
  if (unkept !== undefined) return { verdict, text: `${text}\n\n${unkept.message}. ${unkept.remedy}`, list: [] };
  const remembered = (outcome.red ?? outcome.suspect)?.schedule;
  const base = { lab, stage: stage.n, seed, size, faults: [] };
  // A replay that is red is tried first next time, as any other failure; one that could not be told is not.
  const isKept = options.only === undefined || outcome.red !== undefined;
  if (remembered !== undefined && isKept && !same(remembered, base)) await addRegression(options.runs, remembered);
  return { verdict, text, list: timeline?.list ?? [] };
}

function same(a: Schedule, b: Schedule): boolean {
  return formatSchedule(a) === formatSchedule(b);
}

function filesOf(shown: Ran | undefined, timeline: Timeline | undefined) {
  return {
    history: shown?.history ?? [],
    output: shown?.output ?? '',
    picture: timeline === undefined ? undefined : drawTimeline(timeline),
    list: timeline?.list ?? [],
  };
}

function verdictOf(
  outcome: Outcome,
  hash: string,
  options: GradeOptions,
  { startedMs, folder, elsewhere }: { startedMs: number; folder: string; elsewhere: readonly string[] },
): Verdict {
  const { recorded, state } = outcome;
  const red = outcome.red ?? outcome.suspect;
  const { program } = options.bench;
  const measured = state === 'passed' ? (recorded?.figures ?? []) : [];
  const unmoved = inOrder(outcome.clocks.untried, recorded);
  const unmet = state === 'passed' ? unmetWords(outcome.unmet ?? []) : [];
  const untried = [...(unmoved.length === 0 ? [] : [words.unmovedWords(unmoved)]), ...unmet];
  const shownFolder = `${options.runsShown}/${folder.slice(options.runs.length + 1)}`;
  const ended = red?.findings.some(({ anomaly }) => anomaly === 'crashed' || anomaly === 'did-not-finish') === true;
  const log = join(shownFolder, 'program.log');
  const own = options.own?.();
  const unread = ended && red?.schedule.faults.length === 0 && neverBegan(red.lastLines);
  const isLate = state === 'unknown' && recorded?.state === 'late';
  return {
    schema: VERDICT_SCHEMA,
    lab: options.lab,
    stage: options.stage.n,
    title: options.stage.title,
    state,
    level: options.level,
    language: program.language,
    seed: red?.schedule.seed ?? options.seed,
    size: red?.schedule.size ?? options.size,
    points: outcome.points,
    ...(red === undefined ? {} : { schedule: formatSchedule(red.schedule) }),
    did: didOf(outcome, options.only),
    ...earlierOf(outcome),
    ...(elsewhere.length === 0 ? {} : { elsewhere: [...elsewhere] }),
    ...(measured.length === 0 ? {} : { measured: [...measured] }),
    ...(untried.length === 0 || options.only !== undefined ? {} : { untried }),
    findings: (red?.findings ?? []).map((one) => ({ ...one, witnesses: [...one.witnesses] })),
    likely:
      outcome.red === undefined || recorded === undefined ? [] : causesOf(outcome.red, recorded, options.results?.()),
    // A program that was never read has nothing to do with the stage yet.
    ...(options.stage.read === undefined || unread ? {} : { read: options.stage.read }),
    ...(outcome.why === undefined ? {} : { why: outcome.why }),
    ...(outcome.remedy === undefined ? {} : { remedy: outcome.remedy }),
    ...(outcome.reproduced === undefined ? {} : { reproduced: outcome.reproduced }),
    ...(ended || isLate ? { output: { lastLines: [...((red ?? recorded)?.lastLines ?? [])], log } } : {}),
    ...(own === undefined ? {} : { own }),
    program: { hash, argv: [...program.run] },
    engines: options.engines,
    startedAt: new Date(startedMs).toISOString(),
    elapsedMs: Math.max(0, options.clock() - startedMs),
    folder: shownFolder,
    ...(options.only === undefined ? {} : { replayed: true }),
    stopped: outcome.stopped,
  };
}

function earlierOf({ earlier }: Outcome): Pick<Verdict, 'earlier'> {
  if (earlier === undefined) return {};
  return { earlier: { survived: earlier.count, lastAt: new Date(earlier.lastMs).toISOString() } };
}

function didOf(outcome: Outcome, only: Schedule | undefined): string[] {
  const { recorded, points, state } = outcome;
  const red = outcome.red ?? outcome.suspect;
  if (red !== undefined) {
    const { faults } = red.schedule;
    return [...(faults.length === 0 ? [words.CALM] : faults.map(words.faultWords)), ...(red.did ?? [])];
  }
  if (state !== 'passed') return [];
  // Of a replay each fault is told: what it was for is known, and it may be a second run or another clock.
  if (only !== undefined && only.faults.length > 0)
    return [...only.faults.map(words.faultWords), ...(recorded?.did ?? [])];
  const unanswered = unansweredTopics(recorded?.history ?? []);
  const clocks = inOrder(outcome.clocks.tried, recorded);
  return [
    words.triedWords(
      outcome.acted ?? new Map<string, number>(),
      attacked(recorded),
      (recorded?.plan?.feeds ?? []).map(({ name }) => name),
    ),
    ...(unanswered.length === 0 || points.tried === 0 ? [] : [unansweredWords(unanswered)]),
    ...(recorded?.did ?? []),
    ...(clocks.length === 0 ? [] : [words.clocksWords(clocks)]),
    ...(recorded?.plan?.rerun === true && only === undefined ? [words.AGAIN] : []),
  ];
}

/** Several are tried at once, and told as the stage names them. */
function inOrder(clocks: readonly string[], recorded: Ran | undefined): string[] {
  return (recorded?.plan?.clocks ?? []).filter((by) => clocks.includes(by));
}

/** What was there to be attacked. */
function attacked(recorded: Ran | undefined): string[] {
  const all = (recorded?.plan?.attack ?? []).map(({ boundary }) => boundary);
  const met = all.filter((boundary) => recorded?.history.some((event) => event.boundary === boundary));
  return met.length > 0 ? met : all;
}

function causesOf(red: Ran, recorded: Ran, results: readonly string[] | undefined): string[] {
  const causes = likelyCauses({
    recorded: recorded.history,
    failed: red.history,
    fault: globally(red.schedule.faults.at(-1), recorded.history),
    faults: red.schedule.faults,
    anomalies: red.findings.map(({ anomaly }) => anomaly),
    outputs: red.plan?.outputs ?? [],
    results,
    asked: (red.plan?.tables ?? []).flatMap(tablesMade),
    refused: red.refused ?? [],
    lastLines: red.lastLines,
  });
  return causes.map((cause) => words.causeWords(cause));
}

/** Names of the tables that a statement makes, without their schema, as the history has them. */
export function tablesMade(sql: string): string[] {
  const made = /\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"?\w+"?\.)?"?(\w+)/gi;
  return [...sql.matchAll(made)].map((match) => match[1] ?? '');
}

/** The fault as one of all boundaries of its name: the order that tells the cause counts them together. */
function globally(fault: Fault | undefined, recorded: readonly HistoryEvent[]): Fault | undefined {
  if (fault?.role === undefined) return fault;
  const found = recorded.find(
    ({ boundary, role, roleNth, incarnation }) =>
      incarnation === 1 && boundary === fault.boundary && role === fault.role && roleNth === fault.nth,
  );
  return found?.nth === undefined ? fault : { ...fault, nth: found.nth };
}
