import { checkStages, type CheckEvent } from '#src/commands/check.ts';
import type { Context } from '#src/commands/context.ts';
import { copyOf, labOf, learnersProgram, runsOf, shown, stageOf } from '#src/commands/labs.ts';
import { currentRun, follow, told, type Began, type LiveEvent } from '#src/commands/live.ts';
import { replay } from '#src/commands/replay.ts';
import { watchLab, type WatchEvent } from '#src/commands/watch.ts';
import { LearnerError } from '#src/error.ts';
import { parseSchedule } from '#src/faults/schedule.ts';
import type { Level, Verdict } from '#src/grading/verdict.ts';
import { verdictWords, type VerdictWords } from '#src/grading/verdict-rows.ts';

/** What is graded, and how. A replay takes its lab from the line. */
export type RunOrder =
  | {
      readonly verb: 'check' | 'watch';
      readonly lab: string;
      readonly stage?: number | undefined;
      readonly level: Level;
      readonly seed?: number | undefined;
      /** How a hint is had where the verdict is read. */
      readonly hint?: string | undefined;
      /** Forget what the same program survived before. */
      readonly afresh?: boolean | undefined;
    }
  | { readonly verb: 'replay'; readonly line: string };

export type RunEvent = CheckEvent | WatchEvent;

/** Grades and writes down what happens, so that the app can show it. All faces grade through this. */
export async function* gradeLive(
  order: RunOrder,
  { from, signal }: { from: Began['from']; signal: AbortSignal },
  context: Context,
): AsyncGenerator<RunEvent> {
  const lab = await labOf(order.verb === 'replay' ? parseSchedule(order.line).lab : order.lab, context);
  const runs = runsOf(lab, context);
  yield* told(eventsOf(order, signal, context), { runs, verb: order.verb, from, at: new Date() });
}

function eventsOf(order: RunOrder, signal: AbortSignal, context: Context): AsyncGenerator<RunEvent> {
  switch (order.verb) {
    case 'check':
      return checkStages({ ...order, signal }, context);
    case 'watch':
      return watchLab({ ...order, signal }, context);
    case 'replay':
      return replay({ line: order.line, signal }, context);
  }
}

/** The gradings that the app began: one a lab, each going on when its page is closed. */
export interface LabRuns {
  /** Resolves when it is under way; rejects when it can't begin. */
  begin(order: RunOrder): Promise<void>;
  /** Ends it; what was known then is kept. False where nothing of ours runs. */
  stop(lab: string): Promise<boolean>;
  close(): Promise<void>;
}

export function labRuns(context: Context): LabRuns {
  const running = new Map<string, { stop: AbortController; done: Promise<void> }>();
  const end = async (lab: string): Promise<boolean> => {
    const run = running.get(lab);
    run?.stop.abort();
    await run?.done;
    return run !== undefined;
  };
  return {
    async begin(order) {
      const lab = await labOf(order.verb === 'replay' ? parseSchedule(order.line).lab : order.lab, context);
      // Said here, because an answer can still say it.
      await learnersProgram(lab, context);
      if (order.verb !== 'replay' && order.stage !== undefined) stageOf(lab, order.stage);
      if (running.has(lab.id))
        throw new LearnerError(`${lab.title} is being checked already`, 'Wait for its end, or stop it first.');
      const stop = new AbortController();
      const events = gradeLive(order, { from: 'app', signal: stop.signal }, context);
      // The first event is written by then, so that whoever asks next finds the run.
      const first = events.next();
      const drain = async (): Promise<void> => {
        await first;
        for await (const event of events) void event;
      };
      // What went wrong stands in the run's own file, where the page reads it.
      const done = drain()
        .catch(() => undefined)
        .finally(() => running.delete(lab.id));
      running.set(lab.id, { stop, done });
      await first.catch(() => undefined);
    },
    stop: async (reference) => end((await labOf(reference, context)).id),
    close: async () => {
      await Promise.all([...running.keys()].map(end));
    },
  };
}

/** A live event as the app shows it: a verdict comes in words. */
export type ShownEvent =
  | Exclude<LiveEvent, { type: 'verdict' | 'began' }>
  | Pick<Began, 'type' | 'verb' | 'from' | 'at'>
  | ({ readonly type: 'verdict' } & ShownVerdict);

export interface ShownVerdict extends VerdictWords {
  readonly stage: number;
  readonly state: 'passed' | 'failed' | 'unknown' | 'not-exercised';
  /** For another run of the same. */
  readonly schedule: string | undefined;
  /** ISO 8601. */
  readonly at: string;
  readonly stopped: boolean;
  /** One schedule was run again: it says nothing of the others. */
  readonly replayed: boolean;
}

export function shownVerdict(verdict: Verdict): ShownVerdict {
  const { stage, state, schedule, startedAt: at, stopped, replayed = false } = verdict;
  return { stage, state, schedule, at, stopped, replayed, ...verdictWords(verdict) };
}

/** What goes on in a lab now; nothing where nothing does. */
export async function* labLive(
  { lab: reference, signal }: { lab: string; signal: AbortSignal },
  context: Context,
): AsyncGenerator<ShownEvent> {
  const lab = await labOf(reference, context);
  const run = await currentRun(runsOf(lab, context));
  if (run === undefined) return;
  for await (const event of follow(run, signal)) yield shownEvent(event, shown(copyOf(lab, context), context));
}

function shownEvent(event: LiveEvent, folder: string): ShownEvent {
  if (event.type === 'verdict') return { type: 'verdict', ...shownVerdict(event.verdict) };
  // The machine's paths are no business of a page.
  if (event.type === 'waiting') return { type: 'waiting', folder };
  if (event.type !== 'began') return event;
  const { type, verb, from, at } = event;
  return { type, verb, from, at };
}
