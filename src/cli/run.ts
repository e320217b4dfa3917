import { createContext } from '#src/commands/context.ts';
import { runBlock } from '#src/commands/run.ts';
import { EXIT } from '#src/exit.ts';
import { progressLine } from '#src/cli/progress.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { renderError, renderTable } from '#src/runner/render.ts';

/** Runs a block and prints what it prints; the exit code says how it ended. */
export async function run(reference: string, options: { json?: boolean }): Promise<void> {
  const context = createContext();
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.once('SIGINT', onInterrupt);
  const progress = progressLine(process.stderr);
  try {
    let tables = 0;
    for await (const event of runBlock({ reference, signal: stop.signal }, context)) {
      if (options.json === true) process.stdout.write(`${JSON.stringify(event)}\n`);
      else {
        if (event.type !== 'progress') progress.clear();
        if (event.type === 'table' && tables++ > 0) process.stdout.write('\n');
        show(event, progress);
      }
      if (event.type === 'exit') process.exitCode = exitCode(event);
    }
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    progress.clear();
    await context.close();
  }
}

function show(event: RunEvent, progress: ReturnType<typeof progressLine>): void {
  switch (event.type) {
    case 'progress':
      return progress.show(event);
    case 'text':
      process.stdout.write(event.text);
      return;
    case 'table':
      console.log(renderTable(event));
      return;
    case 'error':
      console.log(renderError(event));
      if (event.line !== undefined) console.error(`(line ${event.line} of the block)`);
      return;
    case 'cut':
      console.error(`(output beyond ${Math.round(event.limitBytes / 1024)} kB was dropped)`);
      return;
    case 'trouble':
      console.error([event.message, ...event.lastLines.map((line) => `  | ${line}`), event.remedy].join('\n'));
      return;
    case 'unsaved':
      console.error(`(this run is not in your journal: ${event.message}. ${event.remedy})`);
      return;
    case 'exit':
      console.error(closing(event));
  }
}

function closing({ state, elapsedMs, matchesRecording, note }: Extract<RunEvent, { type: 'exit' }>): string {
  const time = elapsedMs < 1000 ? `${Math.round(elapsedMs)} ms` : `${(elapsedMs / 1000).toFixed(1)} s`;
  const words = {
    ok: `done in ${time}`,
    error: `ended with an error after ${time}`,
    stopped: `stopped after ${time}`,
    timeout: `stopped at its time limit, after ${time}`,
    unknown: 'outcome unknown: this is the engine, not the block, and does not count against it',
  }[state];
  const recorded =
    matchesRecording === undefined
      ? ''
      : matchesRecording
        ? '; same as recorded'
        : '; differs from the recording in the guide';
  return `(${words}${recorded})${note === undefined ? '' : `\n(${note})`}`;
}

/** An error that the guide recorded is what the block is there to show, so it passes. */
function exitCode({ state, matchesRecording }: Extract<RunEvent, { type: 'exit' }>): number {
  if (matchesRecording === true || (state === 'ok' && matchesRecording === undefined)) return EXIT.passed;
  return state === 'unknown' || state === 'stopped' ? EXIT.unknown : EXIT.failed;
}
