import { EXIT } from '#src/exit.ts';
import type { GradeFlags } from '#src/cli/lab-verbs.ts';
import { gradingLine } from '#src/cli/grading-line.ts';
import { readKeys } from '#src/cli/keys.ts';
import { replayOwn } from '#src/commands/attack.ts';
import { isAttackLine } from '#src/commands/attack-order.ts';
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
  return grading(flags, { verb: 'check', ...orderOf(lab, flags), afresh: flags.afresh });
}

export function watch(lab: string, flags: GradeFlags): Promise<void> {
  const reads = process.stdin.isTTY && flags.json !== true;
  const order = { verb: 'watch', ...orderOf(lab, flags), ...(reads ? { hint: 'h: a hint' } : {}) } as const;
  return grading(flags, order, reads ? () => hint(lab, {}) : undefined);
}

export function replay(line: string, flags: GradeFlags): Promise<void> {
  if (isAttackLine(line)) return follow(flags, (signal, context) => replayOwn({ line, signal }, context));
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
    const done = await resetLab({ lab, language: options.lang, clock: context.clock }, context);
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

function grading(flags: GradeFlags, order: RunOrder, onHint?: () => Promise<void>): Promise<void> {
  return follow(flags, (signal, context) => gradeLive(order, { from: 'terminal', signal }, context), onHint);
}

/** Prints what happens; the first Ctrl-C ends the run and still shows what was known, a second one ends at once. */
export async function follow(
  flags: Pick<GradeFlags, 'json'>,
  events: (signal: AbortSignal, context: Context) => AsyncGenerator<RunEvent>,
  onHint?: () => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  const progress = gradingLine(process.stderr);
  const forget = onHint === undefined ? undefined : readKeys({ h: () => void aside(onHint, progress), q: onInterrupt });
  try {
    await within(async (context) => {
      for await (const event of events(stop.signal, context)) {
        if (event.type === 'verdict') process.exitCode = CODES[event.verdict.state];
        if (flags.json === true) console.log(JSON.stringify(event));
        else show(event, progress);
      }
    });
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    process.removeListener('SIGTERM', onInterrupt);
    forget?.();
    progress.close();
  }
}

/** A hint is printed beside what goes on; that there is none must not end it. */
async function aside(onHint: () => Promise<void>, progress: ReturnType<typeof gradingLine>): Promise<void> {
  progress.clear();
  await onHint().catch((error: unknown) => console.error((error as Error).message));
}

function show(event: RunEvent, progress: ReturnType<typeof gradingLine>): void {
  switch (event.type) {
    case 'progress':
      progress.show(event);
      return;
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
      console.error(
        `Waiting for you to save in ${event.folder} (${process.stdin.isTTY ? 'h: a hint, q: the end' : 'Ctrl-C ends'})`,
      );
      return;
    case 'stage':
    case 'changed':
      progress.clear();
  }
}
