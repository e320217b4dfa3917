import type { RunningProgram } from '#src/faults/program.ts';
import { within } from '#src/deadline.ts';
import type { Exit } from '#src/process.ts';

/** A program that runs until it is told to stop. */
export interface StreamOptions {
  /**
   * Feeds the program and resolves when all that went in has come out. Called once beside all starts of the program;
   * the signal is given when nobody waits for it any longer. Not calm is it while a step is held or not yet durable,
   * and while a start stands still or has just been let go on: then what is there may still change. `struck` counts the
   * faults so far: what was seen before one tells nothing of how it ends.
   */
  readonly drive: (signal: AbortSignal, isCalm: () => boolean, struck: () => number) => Promise<void>;
  /** Whether all that has gone in is dealt with, as far as the program has told; where that can be seen. */
  readonly hasCaughtUp?: () => Promise<boolean>;
  /** How long the program may take to end after SIGTERM; then it is killed, which is no mistake of its. */
  readonly graceMs: number;
}

/** The feeding of one run. */
export interface Drive {
  /** Resolves when the stream is quiet; rejects when it could not be fed. Never, for a batch. */
  readonly settled: Promise<void>;
  readonly isSettled: boolean;
  /** Ends the feeding, and resolves when it has ended. */
  stop(): Promise<void>;
}

export function startDrive(stream: StreamOptions | undefined, isCalm: () => boolean, struck: () => number): Drive {
  if (stream === undefined)
    return { settled: new Promise(() => undefined), isSettled: false, stop: () => Promise.resolve() };
  const stopper = new AbortController();
  const drive = { isSettled: false };
  const settled = stream.drive(stopper.signal, isCalm, struck).then(() => {
    drive.isSettled = true;
  });
  // Whoever waits for the program gets the error; nobody may be waiting just now.
  settled.catch(() => undefined);
  return Object.assign(drive, {
    settled,
    stop: async () => {
      stopper.abort();
      await settled.catch(() => undefined);
    },
  });
}

/** Tells a stream to stop and gives it time to; resolves with its end, which may be our own doing. */
export async function tellToStop(program: RunningProgram, { graceMs }: StreamOptions): Promise<Exit> {
  program.terminate();
  return within('end after SIGTERM', program.ended, { deadlineMs: graceMs }).catch(() => program.kill());
}
