import type { Command } from 'commander';

export interface ExportFlags {
  readonly lab?: readonly string[];
  readonly insight?: readonly string[];
  readonly list?: boolean;
  readonly json?: boolean;
}

/** Adds what concerns the learner's own files: portfolio, backups, a newer starter. */
export function describeTheirs(program: Command): void {
  program
    .command('export [folder]')
    .description(
      'make a portfolio of what you built: static pages and one Markdown file, by default in journal/portfolio',
    )
    .option('--lab <lab...>', 'these labs only')
    .option('--insight <id...>', 'with these insights of your log, by the ids that --list shows')
    .option('--list', 'show what could go in, and make nothing')
    .option('--json', 'print JSON')
    .action(async (folder: string | undefined, options: ExportFlags) =>
      (await import('#src/cli/portfolio.ts')).exportPortfolio(folder, options),
    );
  program
    .command('verify-portfolio <folder>')
    .description('show the code of a portfolio, and run each of its claims again')
    .option('--yes', 'run it without asking: you have read the code')
    .option('--json', 'print results, one JSON value a line')
    .action(async (folder: string, options: { yes?: boolean; json?: boolean }) =>
      (await import('#src/cli/portfolio.ts')).verifyPortfolio(folder, options),
    );
  program
    .command('backup [action] [name]')
    .description('copy your journal now; or: list, restore <name>')
    .option('--json', 'print JSON')
    .action(async (action: string | undefined, name: string | undefined, options: { json?: boolean }) =>
      (await import('#src/cli/backup.ts')).backup(action, name, options),
    );
  program
    .command('update-lab <lab>')
    .description('what changed in a lab’s starter since you began it; yours is left alone')
    .option('--merge', 'merge that into your files; they are copied first')
    .option('--json', 'print JSON')
    .action(async (lab: string, options: { merge?: boolean; json?: boolean }) =>
      (await import('#src/cli/backup.ts')).updateLab(lab, options),
    );
}
