import { EXIT } from '#src/exit.ts';
import { createContext } from '#src/commands/context.ts';
import { verifyContent as verify, type VerifyEvent } from '#src/commands/verify.ts';

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
