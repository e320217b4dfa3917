import type { Exercised } from '#src/exercise/exercised.ts';
import { Ended, errorFinding, lateFinding } from '#src/exercise/ended.ts';
import type { ExercisePlace, PlaceSetup, Play } from '#src/grading/exercise-case.ts';
import { Bug, WorldError } from '#src/error.ts';
import type { Row } from '#src/grading/canonical.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { run, type Limits } from '#src/runner/run.ts';

const LIMITS: Limits = { timeMs: 20_000, outputBytes: 1024 * 1024, rows: 5_000 };

/**
 * A place for SQL. Each step runs in a clean sandbox after all that came before it, which is silent: the steps of a case
 * are few, and no state but the declared one can get between them.
 */
export function sqlPlace(exercised: Exercised, setup: PlaceSetup): ExercisePlace {
  const before = setup.sql === undefined ? [] : [setup.sql];
  const step = async (code: string): Promise<{ play: Play; error: ErrorEvent | undefined; late: boolean }> => {
    const events: RunEvent[] = [];
    const { engine, data, supervisor, signal } = exercised;
    const request = { engine, with: [], data, before: [...before], code };
    const { state } = await run(request, supervisor, (event) => events.push(event), { limits: LIMITS, signal });
    signal?.throwIfAborted();
    const trouble = events.find((event) => event.type === 'trouble');
    if (trouble !== undefined) throw new WorldError(trouble.message, trouble);
    const error = events.find((event) => event.type === 'error');
    const lines = events.flatMap((event) => (event.type === 'text' ? event.text.trimEnd().split('\n') : []));
    const results = events.flatMap((event) => (event.type === 'table' ? [resultOf(event)] : []));
    const ended = state === 'ok' ? 'completed' : 'crashed';
    return { play: { ended, lines, results, history: [] }, error, late: state === 'timeout' };
  };
  return {
    async run({ mayFail = false } = {}) {
      const { play, error, late } = await step(exercised.code);
      exercised.printed(play.lines);
      if (late) throw new Ended(lateFinding(LIMITS.timeMs));
      if (play.ended === 'crashed' && !mayFail) throw new Ended(errorFinding(error?.message ?? ''), error?.line);
      before.push(exercised.code);
      return play;
    },
    async query(sql) {
      const { play, error } = await step(sql);
      if (error !== undefined) throw new Bug(`the oracle's query failed: ${error.message}`);
      return play.results.at(-1)?.rows ?? [];
    },
    runTwo: () => Promise.reject(new Bug('two runs at once are for Python exercises')),
    write: () => Promise.reject(new Bug('files are for Python exercises')),
    read: () => Promise.reject(new Bug('files are for Python exercises')),
  };
}

type ErrorEvent = Extract<RunEvent, { type: 'error' }>;

function resultOf({ columns, rows }: Extract<RunEvent, { type: 'table' }>): Play['results'][number] {
  const names = columns.map(({ name }) => name);
  const named = rows.map((row): Row => Object.fromEntries(names.map((name, at) => [name, row[at]])));
  return { columns: names, rows: named };
}
