import { progressLine } from '#src/cli/progress.ts';
import type { RunEvent } from '#src/commands/lab-runs.ts';
import { pause } from '#src/deadline.ts';

type Progress = Extract<RunEvent, { type: 'progress' }>;

/** The one line that says how far a grading is; on a terminal its clock goes on while nothing new is told. */
export function gradingLine(stream: NodeJS.WriteStream): {
  show(event: Progress): void;
  clear(): void;
  close(): void;
} {
  const line = progressLine(stream);
  const over = new AbortController();
  let latest: { readonly event: Progress; readonly atMs: number } | undefined;
  const draw = (): void => {
    if (latest === undefined) return;
    const { event, atMs } = latest;
    line.show({ what: words(event, stream.isTTY ? performance.now() - atMs : 0) });
  };
  const tick = async (): Promise<void> => {
    for (;;) {
      await pause(1000, over.signal);
      draw();
    }
  };
  if (stream.isTTY) void tick().catch(() => undefined);
  return {
    show(event) {
      // Where nobody sees the line change, only what is new in kind is told.
      if (!stream.isTTY && event.points !== undefined) return;
      latest = { event, atMs: performance.now() };
      draw();
    },
    clear() {
      latest = undefined;
      line.clear();
    },
    close() {
      over.abort();
      latest = undefined;
      line.clear();
    },
  };
}

function words({ words: what, points, elapsedMs }: Progress, sinceMs: number): string {
  const survived =
    points === undefined || points.tried === 0 ? '' : `${points.survived} of ${points.tried} survived · `;
  const time = elapsedMs === undefined ? '' : `${Math.round((elapsedMs + sinceMs) / 1000)} s · `;
  return `${time}${survived}${what}`;
}
