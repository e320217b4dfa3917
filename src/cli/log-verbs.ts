import type { Command } from 'commander';

export interface LogFlags {
  readonly about?: string;
  readonly json?: boolean;
}

export interface SqlFlags {
  readonly saved?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Adds what the learner writes down and asks of it: the log, the search, questions to their own events. */
export function describeLog(program: Command): void {
  const log = program.command('log').description('your log: focus, insights, questions, wins; ./dej help log says how');
  log
    .command('show', { isDefault: true })
    .description('what the log says now, and which wins it offers')
    .option('--json', 'print JSON')
    .action(async (options: LogFlags) => (await import('#src/cli/log.ts')).showLog(options));
  for (const [kind, what] of [
    ['insight', 'keep what you found out'],
    ['question', 'keep what you still ask'],
    ['win', 'keep what went well'],
  ] as const)
    log
      .command(`${kind} <words...>`)
      .description(`${what}, for example: log ${kind} "…" --about 03-idempotency#double-load`)
      .option('--about <place>', 'a guide, a block of it, or a lab')
      .option('--json', 'print JSON')
      .action(async (words: string[], options: LogFlags) =>
        (await import('#src/cli/log.ts')).addEntry(kind, words, options),
      );
  const one = (name: string, description: string): Command => log.command(name).description(description);
  one('answer <question> [words...]', 'answer a question, by its name from ./dej log; without words it is only ticked')
    .option('--json', 'print JSON')
    .action(async (question: string, words: string[], options: LogFlags) =>
      (await import('#src/cli/log.ts')).answer(question, words, options),
    );
  one('reopen <question>', 'ask a question again').action(async (question: string) =>
    (await import('#src/cli/log.ts')).reopen(question),
  );
  one('remove <entry>', 'take an entry out').action(async (entry: string) =>
    (await import('#src/cli/log.ts')).remove(entry),
  );
  one('accept <win>', 'put a win that is offered into your log').action(async (win: string) =>
    (await import('#src/cli/log.ts')).accept(win),
  );
  one('decline <win>', 'have a win not offered any more').action(async (win: string) =>
    (await import('#src/cli/log.ts')).decline(win),
  );
  one('focus <what> [value]', 'set the week, the concept or the project you are at; plan instead of a value unsets it')
    .option('--json', 'print JSON')
    .action(async (what: string, value: string | undefined, options: LogFlags) =>
      (await import('#src/cli/log.ts')).focus(what, value, options),
    );
  program
    .command('search <words...>')
    .description('find what you wrote: log, journals of the guides, papers, comments of your code')
    .option('--json', 'print JSON')
    .action(async (words: string[], options: { json?: boolean }) =>
      (await import('#src/cli/search.ts')).search(words, options),
    );
  program
    .command('sql [question...]')
    .description('ask your own events in SQL; without a question, what can be asked')
    .option('--saved <name>', 'a question that is asked well already')
    .option('--json', 'print rows as JSON')
    .option('--csv', 'print rows as CSV')
    .action(async (words: string[], options: SqlFlags) => (await import('#src/cli/sql.ts')).sql(words, options));
  for (const command of log.commands) command.exitOverride().configureOutput({ outputError: () => undefined });
  log.helpCommand(false);
}
