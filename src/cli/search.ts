import { createContext } from '#src/commands/context.ts';
import { search as look } from '#src/commands/search.ts';
import { EXIT } from '#src/exit.ts';

/** Prints each place as `file:line`, which editors and terminals open. */
export async function search(words: readonly string[], { json }: { json?: boolean }): Promise<void> {
  const context = createContext();
  try {
    const { hits, total } = await look(words.join(' '), context);
    if (json === true) return console.log(JSON.stringify({ hits, total }));
    for (const { where, text, file, line } of hits) console.log(`${file}:${line}  ${where}\n  ${text}\n`);
    console.log(
      total === 0 ? 'You wrote nothing with these words.' : `${total === 1 ? 'One place' : `${total} places`}.`,
    );
    if (total === 0) process.exitCode = EXIT.failed;
  } finally {
    await context.close();
  }
}
