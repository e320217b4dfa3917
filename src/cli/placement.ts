import { createInterface } from 'node:readline';

import { createContext } from '#src/commands/context.ts';
import { place, placement as look, type PlacementAnswer } from '#src/commands/placement.ts';
import type { PlacementResult } from '#src/study/placement.ts';
import { letterAt } from '#src/study/shuffle.ts';

/** Ten questions, one line each; an empty line is "I don't know". */
export async function placement(options: { json?: boolean }): Promise<void> {
  const context = createContext();
  try {
    if (options.json === true) return console.log(JSON.stringify(await look(context)));
    const { questions, minutes } = (await context.content()).placement;
    console.log(`${questions.length} questions, about ${minutes} minutes. Press Enter where you don't know.`);
    const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const answers: PlacementAnswer[] = [];
    for (const [i, { id, text, options: given }] of questions.entries()) {
      console.log(`\n${i + 1}. ${text}`);
      for (const [at, option] of given.entries()) console.log(`   ${letterAt(at)}. ${option.text}`);
      process.stdout.write('Which one? ');
      const { done, value } = await lines.next();
      if (!process.stdin.isTTY) process.stdout.write('\n');
      if (done === true) break;
      const letter = value.trim().toUpperCase();
      answers.push({ question: id, option: given.some((_, at) => letterAt(at) === letter) ? letter : undefined });
    }
    await lines.return?.();
    const placed = await place(answers, context);
    const right = Object.values(placed.answers).filter((one) => one.right).length;
    console.log(`\n${right} of ${answers.length} right.\n${resultText(placed)}`);
  } finally {
    await context.close();
  }
}

function resultText({ topics }: PlacementResult): string {
  const words = { passed: 'known', open: 'not asked', missed: 'five minutes:' } as const;
  const width = Math.max(...topics.map(({ title }) => title.length)) + 2;
  return topics
    .map(({ id, title, state, skips }) => {
      const more =
        state === 'missed'
          ? ` docs/primers/${id}.md`
          : skips.map(({ guide, anchor }) => `; you may skip concepts/${guide}.md#${anchor}`).join('');
      return `${title.padEnd(width)}${words[state]}${more}`;
    })
    .join('\n');
}
