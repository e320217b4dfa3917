import { InvalidArgumentError, type Command } from 'commander';

export interface PlanFlags {
  readonly start?: string;
  readonly days?: readonly number[];
  readonly minutes?: number;
  readonly review?: number;
  readonly next?: string;
  readonly anew?: boolean;
  readonly all?: boolean;
  readonly json?: boolean;
}

export interface ReviewFlags {
  readonly add?: string;
  readonly takeaways?: string;
  readonly mistakes?: string;
  readonly export?: string;
  readonly more?: boolean;
  readonly json?: boolean;
}

/** Adds what tells the learner where they are and what comes back: today, plan, review. */
export function describeStudy(program: Command): void {
  program
    .command('today', { isDefault: true })
    .description('what is next, what is due, the week; the same as ./dej without a verb')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => (await import('#src/cli/today.ts')).today(options));
  program
    .command('plan')
    .description('the four weeks in your calendar, what is done, and what the milestones lack')
    .option('--start <day>', 'begin on this day, like 2026-01-05')
    .option('--days <days>', 'days of the week that are for it, like mon,wed,sat', weekdays)
    .option('--minutes <number>', 'minutes a week', whole)
    .option('--review <number>', 'minutes of review a day', whole)
    .option('--next <step>', 'a step that you want next, by the id that --all shows')
    .option('--anew', 'lay what is left over the calendar anew, from today')
    .option('--all', 'the second lap too, with the ids of all steps')
    .option('--json', 'print JSON')
    .action(async (options: PlanFlags) => (await import('#src/cli/plan.ts')).plan(options));
  program
    .command('placement')
    .description('not sure where to start? ten questions, eight minutes')
    .option('--json', 'print what they said so far, as JSON, and ask nothing')
    .action(async (options: { json?: boolean }) => (await import('#src/cli/placement.ts')).placement(options));
  program
    .command('review')
    .description('meet again what you missed and what you mended, ten minutes a day')
    .option('--more', 'go on beyond the minutes of the day')
    .option('--add <guide>', 'put all questions of a guide into review')
    .option('--takeaways <guide>', 'put the lines worth remembering of a guide into review')
    .option(
      '--mistakes <lab>',
      'put known mistakes of the stages that you passed into review, as programs and pictures',
    )
    .option('--export <file>', 'write your cards to a .tsv or .csv file that Anki imports')
    .option('--json', 'print what is due, as JSON, and ask nothing')
    .action(async (options: ReviewFlags) => (await import('#src/cli/review.ts')).review(options));
}

function whole(value: string): number {
  if (!/^\d{1,6}$/.test(value)) throw new InvalidArgumentError('It expects a whole number.');
  return Number.parseInt(value, 10);
}

const NAMES = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

function weekdays(value: string): number[] {
  const days = value.split(/[\s,]+/).filter((name) => name !== '');
  const numbers = days.map((name) => NAMES.indexOf(name.toLowerCase().slice(0, 3)) + 1);
  if (numbers.length === 0 || numbers.includes(0))
    throw new InvalidArgumentError('It expects days of the week, like mon,wed,sat.');
  return numbers;
}
