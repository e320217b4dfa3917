import { grade, type Graded, type GradeOptions } from '#src/grading/grade.ts';
import type { OwnStage } from '#src/grading/own-stage.ts';
import { ending, freshState, type Outcome, type SearchOptions } from '#src/grading/outcome.ts';
import { record, type Recorded } from '#src/grading/record.ts';
import { search } from '#src/grading/search.ts';
import type { Ran } from '#src/grading/trial.ts';
import type { Verdict } from '#src/grading/verdict.ts';
import * as words from '#src/grading/wording-attack.ts';

export interface OwnOptions extends Omit<GradeOptions, 'seek' | 'own'> {
  readonly own: OwnStage;
  /** What was typed. */
  readonly command: string;
  /** Told each run under a fault. */
  readonly tried: (ran: Ran) => void;
}

/** Grades a program that belongs to no lab by what it leaves when nothing disturbs it. */
export function gradeOwn({ own, command, tried, ...options }: OwnOptions): Promise<Graded> {
  return grade({
    ...options,
    seek: (search) => seek(search, own, tried),
    own: () => about(own, command),
    results: () => (own.truth()?.tables ?? []).map(({ name }) => name.replace(/^.*\./, '')),
  });
}

/** The recorded runs are the truth, and so they come first; where they differ, there is none. */
async function seek(options: SearchOptions, own: OwnStage, tried: (ran: Ran) => void): Promise<Outcome> {
  const state = freshState();
  const recorded = await record(options, state);
  if ('outcome' in recorded) return recorded.outcome;
  const found = own.settle();
  if (found.length > 0) {
    const reason = { why: words.restlessWords(found), remedy: words.restlessRemedy(found) };
    return ending('unknown', state, recorded.first, reason);
  }
  const given = { recorded: reachable(recorded), shownSinceMs: state.beganMs };
  const outcome = await search({ ...options, ...given, control: true, tried });
  // A line that found nothing to strike says so itself: others may be there.
  if (outcome.state !== 'not-exercised' || options.only !== undefined) return outcome;
  const withKafka = recorded.first.plan?.broker !== undefined;
  return { ...outcome, why: words.unreachedWords(withKafka), remedy: words.unreachedRemedy(withKafka) };
}

/** A program without a commit has no crash points, but may be run a second time, and with another clock. */
function reachable({ first, second }: Exclude<Recorded, { outcome: Outcome }>) {
  const commits = [first, second].some(({ history }) => history.some(({ boundary }) => boundary !== undefined));
  const { plan } = first;
  if (commits || plan === undefined || (plan.rerun !== true && (plan.clocks ?? []).length === 0))
    return { first, second };
  return { first: { ...first, plan: { ...plan, attack: [] } }, second };
}

function about(own: OwnStage, command: string): NonNullable<Verdict['own']> {
  const { tables, topics, files } = own.truth() ?? { tables: [], topics: [], files: [] };
  return {
    command,
    compared: words.comparedWords(
      tables.map(({ name, rows }) => ({ name, rows: rows.length })),
      topics.map(({ name, rows }) => ({ name, records: rows.length })),
      files.map(({ path, lines }) => ({ path, lines: lines.length })),
    ),
    leftOut: [
      ...tables.flatMap(({ name, serials }) => (serials.length === 0 ? [] : [words.serialWords(name, serials)])),
      ...topics.flatMap(({ name, unordered }) => (unordered === 0 ? [] : [words.unorderedWords(name, unordered)])),
      ...[...tables, ...topics].flatMap(({ name, ignored }) =>
        ignored.length === 0 ? [] : [words.ignoredWords(name, ignored)],
      ),
    ],
  };
}
