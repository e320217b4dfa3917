import { EXIT } from '#src/exit.ts';
import type { GradeFlags } from '#src/cli/lab-verbs.ts';
import { progressLine } from '#src/cli/progress.ts';
import { systemClock } from '#src/clock.ts';
import { createContext, type Context } from '#src/commands/context.ts';
import { gradeLive, type RunEvent, type RunOrder } from '#src/commands/lab-runs.ts';
import { nextHint } from '#src/commands/hint.ts';
import { resetLab } from '#src/commands/reset.ts';
import { startLab } from '#src/commands/start.ts';

export async function start(lab: string, options: { lang?: string; json?: boolean }): Promise<void> {
  await within(async (context) => {
    const started = await startLab({ lab, language: options.lang }, context);
    if (options.json === true) return console.log(JSON.stringify(started));
    const { folder, files, was, language, title } = started;
    console.log(
      was ? `Your files of ${title} stand in ${folder}, as you left them:` : `${title}, in ${language}: ${folder}`,
    );
    console.log(`  ${files.join('  ')}`);
    console.log(`Open them in your editor, and run ./dej watch ${started.lab}`);
  });
}

export function check(lab: string, flags: GradeFlags): Promise<void> {
  return grading(flags, { verb: 'check', ...orderOf(lab, flags) });
}

export function watch(lab: string, flags: GradeFlags): Promise<void> {
  return grading(flags, { verb: 'watch', ...orderOf(lab, flags) });
}

export function replay(line: string, flags: GradeFlags): Promise<void> {
  return grading(flags, { verb: 'replay', line });
}

export async function hint(lab: string, options: { stage?: number; rung?: number; json?: boolean }): Promise<void> {
  await within(async (context) => {
    const found = await nextHint({ lab, stage: options.stage, rung: options.rung }, context);
    if (options.json === true) return console.log(JSON.stringify(found));
    console.log(`Stage ${found.stage} · ${found.title}, hint ${found.rung} of ${found.of}\n\n${found.text.trimEnd()}`);
  });
}

export async function reset(lab: string, options: { lang?: string; json?: boolean }): Promise<void> {
  await within(async (context) => {
    const done = await resetLab({ lab, language: options.lang, clock: systemClock }, context);
    if (options.json === true) return console.log(JSON.stringify(done));
    console.log(`${done.folder} holds the starter again.\nWhat you wrote is in ${done.snapshot}`);
  });
}

function orderOf(lab: string, flags: GradeFlags) {
  return { lab, stage: flags.stage, level: levelOf(flags), seed: flags.seed } as const;
}

function levelOf({ full, overnight }: GradeFlags): 'quick' | 'full' | 'overnight' {
  if (overnight === true) return 'overnight';
  return full === true ? 'full' : 'quick';
}

async function within(work: (context: Context) => Promise<void>): Promise<void> {
  const context = createContext();
  try {
    await work(context);
  } finally {
    await context.close();
  }
}

const CODES = { passed: EXIT.passed, failed: EXIT.failed, unknown: EXIT.unknown, 'not-exercised': EXIT.unknown };

/** Prints what happens; the first Ctrl-C ends the run and still shows what was known, a second one ends at once. */
async function grading(flags: GradeFlags, order: RunOrder): Promise<void> {
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  const progress = progressLine(process.stderr);
  try {
    await within(async (context) => {
      for await (const event of gradeLive(order, { from: 'terminal', signal: stop.signal }, context)) {
        if (event.type === 'verdict') process.exitCode = CODES[event.verdict.state];
        if (flags.json === true) console.log(JSON.stringify(event));
        else show(event, progress);
      }
    });
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    process.removeListener('SIGTERM', onInterrupt);
    progress.clear();
  }
}

function show(event: RunEvent, progress: ReturnType<typeof progressLine>): void {
  switch (event.type) {
    case 'progress': {
      const { points, words, elapsedMs } = event;
      const survived =
        points === undefined || points.tried === 0 ? '' : `${points.survived} of ${points.tried} survived · `;
      const time = elapsedMs === undefined ? '' : `${Math.round(elapsedMs / 1000)} s · `;
      // Where nobody sees the line change, only what is new in kind is told.
      if (process.stderr.isTTY || points === undefined) progress.show({ what: `${time}${survived}${words}` });
      return;
    }
    case 'verdict':
      progress.clear();
      console.log(`${event.text}\n`);
      return;
    case 'unsaved':
      progress.clear();
      console.error(`This was not written into your journal: ${event.message}. ${event.remedy}`);
      return;
    case 'refused':
      progress.clear();
      console.error(`${event.trouble.message}\n${event.trouble.remedy}`);
      return;
    case 'waiting':
      progress.clear();
      console.error(`Waiting for you to save in ${event.folder} (Ctrl-C ends)`);
      return;
    case 'stage':
    case 'changed':
      progress.clear();
  }
}
