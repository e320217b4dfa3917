import { attempt } from '#src/grading/attempt.ts';
import {
  ending,
  failed,
  isStopped,
  REPEATS,
  say,
  stopped,
  troubleIn,
  unstable,
  type Outcome,
  type SearchOptions,
  type State,
} from '#src/grading/outcome.ts';
import type { Ran } from '#src/grading/trial.ts';
import * as words from '#src/grading/wording.ts';

export type Recorded = { readonly first: Ran; readonly second: Ran } | { readonly outcome: Outcome };

/** Two undisturbed runs: what they leave must be right before anything is broken, and what they did names the points. */
export async function record(options: SearchOptions, state: State): Promise<Recorded> {
  const calm = { ...options.base, faults: [] };
  const run = (at: number): Promise<Ran> => {
    say(options, state, { what: 'recording', at, of: 2 });
    return attempt(calm, options.calmLimitMs, options);
  };
  const [first, second] = options.workers > 1 ? await Promise.all([run(1), run(2)]) : [await run(1), await run(2)];
  const both = [first, second];
  const seen = both.find(({ history }) => history.length > 0);
  if (both.some((ran) => ran.state === 'stopped')) return { outcome: stopped(state, seen) };
  const trouble = both.find((ran) => ran.state === 'unknown');
  if (trouble !== undefined) return { outcome: ending('unknown', state, seen, troubleIn(trouble)) };
  const late = both.find((ran) => ran.state === 'late');
  if (late !== undefined) {
    const why = words.unfinishedUnknownWords(options.calmLimitMs / 1000);
    return { outcome: ending('unknown', state, late, { why, remedy: words.UNFINISHED_REMEDY }) };
  }
  const wrong = both.find((ran) => ran.findings.length > 0);
  return wrong === undefined ? { first, second } : { outcome: await judged(wrong, both, options, state) };
}

/** Wrong though nothing disturbed it: a third run says whether it always is. */
async function judged(wrong: Ran, both: readonly Ran[], options: SearchOptions, state: State): Promise<Outcome> {
  state.suspect = wrong;
  say(options, state, { what: 'confirming', at: REPEATS, of: REPEATS });
  const third = await attempt(wrong.schedule, options.calmLimitMs, options);
  if (isStopped(options)) return stopped(state, wrong);
  if (third.isTorn === true) return ending('unknown', state, wrong, troubleIn(third));
  const times = [...both, third].filter((ran) => ran.findings.length > 0).length;
  if (times < REPEATS) return unstable(state, wrong, times);
  state.suspect = undefined;
  return failed(third, wrong, state, options);
}
