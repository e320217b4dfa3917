import { address, AGAIN, enumerate } from '#src/grading/enumerate.ts';
import type { Fault, Schedule } from '#src/faults/schedule.ts';
import { runTrial, type Bench, type Ran } from '#src/grading/trial.ts';

/** One program at one stage of one lab. */
export interface Subject {
  readonly name: string;
  readonly lab: string;
  readonly stage: number;
  readonly bench: Bench;
  readonly size: number;
}

/** What one schedule came to: nothing found and all fired, or the name of what was not so. */
export interface Told {
  readonly schedule: Schedule;
  readonly said: string;
}

/** A busy machine gets all the time it needs: what is asked is whether an answer is right, not when it comes. */
const PATIENCE_MS = 120_000;

export function sayingOf(ran: Ran): string {
  if (ran.state !== 'judged') return `${ran.state} ${ran.why ?? ''}`.trim();
  const [worst] = ran.findings;
  if (worst !== undefined) return worst.anomaly;
  return ran.fired.includes(false) ? 'unfired' : 'right';
}

/** Every schedule that the level full would try, of an input of this seed. */
export async function schedulesOf(subject: Subject, seed: number): Promise<Schedule[]> {
  const { lab, stage, size, bench } = subject;
  const base = { lab, stage, seed, size };
  const calm = { ...base, faults: [] };
  const [first, second] = [await runTrial(calm, PATIENCE_MS, bench), await runTrial(calm, PATIENCE_MS, bench)];
  for (const ran of [first, second])
    if (sayingOf(ran) !== 'right') throw new Error(`${subject.name}, undisturbed: ${sayingOf(ran)}\n${ran.output}`);
  const rules = first.plan?.attack ?? [];
  const { targets, unnamed } = address(first.history, second.history, rules);
  if (unnamed.length > 0) throw new Error(`${subject.name}: two undisturbed runs differ`);
  const faults: readonly Fault[] = enumerate(targets, rules, 'full').faults;
  const all = first.plan?.rerun === true ? [...faults, AGAIN] : faults;
  return all.map((fault) => ({ ...base, faults: [fault] }));
}

export async function runOne({ bench }: Subject, schedule: Schedule): Promise<Told> {
  return { schedule, said: sayingOf(await runTrial(schedule, PATIENCE_MS, bench)) };
}

/** Works off a list, some at a time. */
export async function pool<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
