import type { Progress } from '#src/engines/engine.ts';
import type { WorkerEvent } from '#src/engines/worker.ts';

/** How a run of a block ended. */
export type ExitState =
  /** To its end. */
  | 'ok'
  /** With an error of the block's own. */
  | 'error'
  /** The learner pressed Stop. */
  | 'stopped'
  /** Its time limit passed. */
  | 'timeout'
  /** The engine, not the block, failed: it doesn't count against the code. */
  | 'unknown';

/** What a run tells, in order. The last event is always `exit`. */
export type RunEvent =
  | ({ readonly type: 'progress' } & Progress)
  | Exclude<WorkerEvent, { type: 'end' }>
  /** Output beyond the limit was dropped. */
  | { readonly type: 'cut'; readonly limitBytes: number }
  /** Why the run's outcome is unknown, and what to do. */
  | {
      readonly type: 'trouble';
      readonly message: string;
      readonly remedy: string;
      readonly lastLines: readonly string[];
    }
  /** The run went on, but could not be written into the learner's folder. */
  | { readonly type: 'unsaved'; readonly message: string; readonly remedy: string }
  | {
      readonly type: 'exit';
      readonly state: ExitState;
      readonly elapsedMs: number;
      /** Compared with the recording; undefined when the code was edited or nothing is recorded. */
      readonly matchesRecording: boolean | undefined;
      /** Where it ran, when that is not where one would look for it. */
      readonly note?: string | undefined;
    };
