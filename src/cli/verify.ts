import { EXIT } from '#src/exit.ts';
import { createContext } from '#src/commands/context.ts';
import { verifyContent as verify, type VerifyEvent } from '#src/commands/verify.ts';
import { verifyLabs as verifyAllLabs, type VerifyLabsEvent } from '#src/commands/verify-labs.ts';

/** Prints one line a block; the exit code is 1 where something differs, 2 where something could not be told. */
export async function verifyContent(
  guides: readonly string[],
  options: { record?: boolean; json?: boolean },
): Promise<void> {
  const context = createContext();
  try {
    for await (const event of verify({ record: options.record ?? false, only: guides }, context)) {
      console.log(options.json === true ? JSON.stringify(event) : words(event));
      if (event.type === 'summary') {
        if (event.counts.different > 0) process.exitCode = EXIT.failed;
        else if (event.counts.unknown > 0) process.exitCode = EXIT.unknown;
      }
    }
  } finally {
    await context.close();
  }
}

/** Prints what is wrong with a lab's folder, then a line for each of its own programs; exit codes as above. */
export async function verifyLabs(
  labs: readonly string[],
  options: { quick?: boolean; record?: boolean; json?: boolean },
): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const context = createContext();
  try {
    const { quick = false, record = false } = options;
    for await (const event of verifyAllLabs({ only: labs, quick, record, signal: stop.signal }, context)) {
      console.log(options.json === true ? JSON.stringify(event) : labWords(event));
      if (event.type !== 'summary') continue;
      const { problems, different, unknown } = event.counts;
      if (problems + different > 0) process.exitCode = EXIT.failed;
      else if (unknown > 0 || stop.signal.aborted) process.exitCode = EXIT.unknown;
    }
  } finally {
    await context.close();
  }
}

function labWords(event: VerifyLabsEvent): string {
  switch (event.type) {
    case 'problem':
      return `${event.file}: ${event.message}. ${event.remedy}`;
    case 'program': {
      const { state, lab, program, expected, found, text, remedy, elapsedMs } = event;
      const line = `${state.padEnd(11)} ${lab}/${program}: ${expected} (${(elapsedMs / 1000).toFixed(1)} s)`;
      if (state === 'as declared') return line;
      return [line, `  found: ${found}`, ...(text?.split('\n') ?? []).map((one) => `    ${one}`), `  ${remedy ?? ''}`]
        .join('\n')
        .trimEnd();
    }
    case 'summary': {
      const { problems, asDeclared, different, unknown } = event.counts;
      return [
        `${counted(event.labs, 'lab')}: ${counted(problems, 'problem')}; `,
        `${counted(asDeclared, 'program')} as declared, ${different} different, ${unknown} unknown`,
      ].join('');
    }
  }
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function words(event: VerifyEvent): string {
  switch (event.type) {
    case 'content':
      return `${event.guides} guides, ${event.blocks} blocks: the content is well formed`;
    case 'answer':
    case 'block': {
      const { result, reference, place } = event;
      const line = `${result.state.padEnd(9)} ${reference} (${Math.round(event.elapsedMs)} ms)`;
      if (result.state === 'different')
        return `${line}\n  ${place}\n${indent(event.type === 'block' ? 'recorded' : 'expected', result.expected)}\n${indent('now', result.found)}`;
      return 'why' in result ? `${line}\n  ${place}: ${result.why}` : line;
    }
    case 'summary': {
      const { same, recorded, different, unknown } = event.counts;
      return `${same} same, ${recorded} recorded, ${different} different, ${unknown} unknown, ${event.counts['not-run']} not run here`;
    }
  }
}

function indent(title: string, text: string): string {
  return [`  ${title}:`, ...text.split('\n').map((line) => `    ${line}`)].join('\n');
}
