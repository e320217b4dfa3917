import { InvalidArgumentError, type Command } from 'commander';

/** What the verbs over labs are given; their faces are loaded when they are used. */
export interface GradeFlags {
  readonly stage?: number;
  readonly full?: boolean;
  readonly overnight?: boolean;
  readonly seed?: number;
  readonly afresh?: boolean;
  readonly json?: boolean;
}

/** Adds start, check, watch, replay, hint and reset to the command line. */
export function describeLabs(program: Command): void {
  program
    .command('start <lab>')
    .description('copy a lab’s starter into your journal; from then on its files are yours')
    .option('--lang <language>', 'python or typescript')
    .option('--json', 'print JSON')
    .action(async (lab: string, options: { lang?: string; json?: boolean }) =>
      (await import('#src/cli/lab.ts')).start(lab, options),
    );
  grading(program.command('check <lab>').description('grade your program: break it at every step and look'))
    .option('--afresh', 'forget what this same program has survived before, and try all of it again')
    .action(async (lab: string, options: GradeFlags) => (await import('#src/cli/lab.ts')).check(lab, options));
  grading(program.command('watch <lab>').description('grade the current stage again on each save')).action(
    async (lab: string, options: GradeFlags) => (await import('#src/cli/lab.ts')).watch(lab, options),
  );
  program
    .command('replay <line...>')
    .description('run one schedule again: the line, in quotes, stands in the verdict')
    .option('--json', 'print events, one JSON value a line')
    // Without its quotes the line comes in pieces.
    .action(async (line: string[], options: GradeFlags) =>
      (await import('#src/cli/lab.ts')).replay(line.join(' '), options),
    );
  program
    .command('hint <lab>')
    .description('the next hint of the stage that failed last')
    .option('--stage <number>', 'of this stage', whole)
    .option('--rung <number>', 'this hint, from 1', whole)
    .option('--json', 'print JSON')
    .action(async (lab: string, options: { stage?: number; rung?: number; json?: boolean }) =>
      (await import('#src/cli/lab.ts')).hint(lab, options),
    );
  program
    .command('reset <lab>')
    .description('begin a lab anew; what you wrote is kept beside it')
    .option('--lang <language>', 'python or typescript')
    .option('--json', 'print JSON')
    .action(async (lab: string, options: { lang?: string; json?: boolean }) =>
      (await import('#src/cli/lab.ts')).reset(lab, options),
    );
}

function grading(command: Command): Command {
  return command
    .option('--stage <number>', 'this stage only', whole)
    .option('--full', 'try up to 40 boundaries at every point, and shrink what fails')
    .option('--overnight', 'try every boundary, then pairs and triples, until you stop it')
    .option('--seed <number>', 'another input', whole)
    .option('--json', 'print events, one JSON value a line');
}

/** A whole number of an option. */
export function whole(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('It expects a whole number.');
  return Number.parseInt(value, 10);
}
