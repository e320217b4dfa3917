import type { Fault, Schedule } from '#src/faults/schedule.ts';
import { lateness, SLOW_ANSWERS } from '#src/faults/slowness.ts';
import { finding } from '#src/grading/anomaly.ts';
import { isStopped, REPEATS, say, troubleIn, type SearchOptions, type State } from '#src/grading/outcome.ts';
import { runTrial, type Ran } from '#src/grading/trial.ts';
import * as words from '#src/grading/wording.ts';
import { unfinishedWords } from '#src/grading/wording-oracle.ts';

/** One run; an engine that died in it gets a second chance, because it may have been the machine. */
export async function attempt(schedule: Schedule, deadlineMs: number, options: SearchOptions): Promise<Ran> {
  let ran = await runTrial(schedule, deadlineMs, options.bench);
  if (ran.state === 'unknown' && ran.isTorn !== true) ran = await runTrial(schedule, deadlineMs, options.bench);
  const findings = ran.findings.filter(({ anomaly }) => !options.allows.includes(anomaly));
  return { ...ran, findings };
}

/**
 * A run that is not over at its deadline is the program's fault only where an undisturbed one, started in the same
 * moment on the same machine, was over in time.
 */
export async function disturbed(schedule: Schedule, deadlineMs: number, options: SearchOptions): Promise<Ran> {
  const ran = await attempt(schedule, deadlineMs + extraMs(schedule), options);
  if (ran.state !== 'late') return ran;
  const control = await attempt({ ...schedule, faults: [] }, deadlineMs, options);
  if (control.state === 'stopped') return { ...ran, state: 'stopped' };
  if (control.isTorn === true) return control;
  if (control.state !== 'judged') return { ...ran, state: 'unknown', why: words.slowWords(deadlineMs / 1000) };
  const late = finding({ anomaly: 'did-not-finish', ...unfinishedWords(deadlineMs / 1000), count: 1 });
  return { ...ran, state: 'judged', findings: [late] };
}

/** What a fault itself takes of a run's time: a server that comes back, a start that finds out that it was replaced. */
function extraMs({ faults }: Schedule): number {
  const each = ({ action, argument }: Fault): number => {
    if (['pause', 'crash', 'rewind'].includes(action)) return 40_000;
    return action === 'slow' ? SLOW_ANSWERS * lateness(argument) : 0;
  };
  return faults.reduce((sum, fault) => sum + each(fault), 0);
}

/** Runs a suspect's schedule again, to see whether it is wrong again; ends at the first time that it isn't. */
export async function confirm(
  suspect: Ran,
  deadlineMs: number,
  options: SearchOptions,
  state: State,
  run: (schedule: Schedule, deadlineMs: number, options: SearchOptions) => Promise<Ran> = disturbed,
): Promise<{ readonly times: number; readonly last: Ran }> {
  let times = 1;
  let last = suspect;
  for (let at = 2; at <= REPEATS && !isStopped(options); at++) {
    say(options, state, { what: 'confirming', at, of: REPEATS });
    const again = await run(suspect.schedule, deadlineMs, options);
    if (again.isTorn === true) state.trouble ??= troubleIn(again);
    if (!isSame(again, suspect)) continue;
    times++;
    last = again;
  }
  return { times, last };
}

/** Wrong in the same way: with the anomaly that weighed most. */
export function isSame(one: Ran, other: Ran): boolean {
  const [a] = one.findings;
  return a !== undefined && other.findings.some(({ anomaly }) => anomaly === a.anomaly);
}
