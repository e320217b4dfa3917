import { InvalidArgumentError, type Command } from 'commander';

import { whole } from '#src/cli/lab-verbs.ts';

const LEVELS = ['quick', 'full', 'overnight'] as const;
type Level = (typeof LEVELS)[number];

/** What `./dej attack` is given. */
export interface AttackVerbFlags {
  readonly compare?: readonly string[];
  readonly ignore?: readonly string[];
  readonly atomic?: readonly string[];
  readonly serials?: boolean;
  readonly rerun?: boolean;
  readonly clock?: readonly string[];
  readonly setup?: readonly string[];
  readonly input?: string;
  readonly folder?: string;
  readonly env?: readonly string[];
  readonly pass?: readonly string[];
  readonly ownServer?: boolean;
  readonly limit?: number;
  readonly topic?: readonly string[];
  readonly stream?: boolean;
  readonly idle?: number;
  readonly level: Level;
  readonly seed?: number;
  readonly junit?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
The program gets a scratch database for each run (DATABASE_URL, PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE), INPUT_DIR,
OUTPUT_DIR, where a topic is named a Kafka of its own (KAFKA_BOOTSTRAP), and nothing else of your shell but PATH and HOME.
It is killed at every commit and every record that it writes, and started again until it succeeds; what it then leaves must be what it leaves when nothing disturbs it.

  ./dej attack --compare orders,daily -- python job.py
  ./dej attack --compare orders --setup schema.sql --input data -- csvsql --db {DATABASE_URL} --insert {INPUT_DIR}/orders.csv
  ./dej attack --compare 'mart.*' --setup 'dbt seed' --level full --junit report.xml -- dbt run
  ./dej attack --compare topic:enriched --topic orders:3=orders.jsonl --stream -- python enrich.py

Exit code: 0 survived, 1 failed, 2 unknown, 3 wrong use. See docs/attack.md.`;

export function describeAttack(program: Command): void {
  program
    .command('attack [command...]')
    .description('break a program of your own at every commit, and compare what it leaves')
    .option(
      '--compare <names>',
      'results: tables (orders, mart.*), topics (topic:orders), files of OUTPUT_DIR (file:report-*.csv)',
      more,
    )
    .option(
      '--ignore <columns>',
      'columns, or fields of records, that differ by themselves: orders.loaded_at, "*.loaded_at"',
      more,
    )
    .option('--atomic <tables>', 'tables of which a reader must never see a part', more)
    .option('--serials', 'compare serial numbers of the server, too')
    .option('--rerun', 'a second run after the end must leave the same')
    .option('--clock <shifts>', 'started with its clock ahead or behind it must leave the same: +1d,-1h', more)
    .option('--setup <sql or command>', 'run in every scratch place before the program: a file.sql, or a command', more)
    .option('--input <folder>', 'copied to INPUT_DIR for each run')
    .option('--topic <name[:partitions][=file]>', 'a topic that is there first, filled with the lines of a file', more)
    .option('--stream', 'it never ends: told to stop (SIGTERM) once it has read all there was and stands still')
    .option('--idle <seconds>', 'how long a stream that commits no offsets must stand still to be done (12)', whole)
    .option('--folder <folder>', 'where the program stands, copied for each run; else the present folder')
    .option('--env <name=value>', 'another variable; {DATABASE_URL}, {PGPORT}, {INPUT_DIR} … are filled in', more)
    .option('--pass <name>', 'a variable of your shell that the program gets, too', more)
    .option('--own-server', 'where DATABASE_URL leads to a server of yours: make and drop databases there')
    .option('--limit <seconds>', 'how long an undisturbed run may take (300)', whole)
    .option(
      '--level <level>',
      'quick: 12 points; full: up to 40 commits; overnight: all, until you stop it',
      level,
      'quick',
    )
    .option('--seed <number>', 'another draw of pairs and triples', whole)
    .option('--junit <file>', 'write the result as JUnit XML')
    .option('--json', 'print events, one JSON value a line')
    .addHelpText('after', EXAMPLES)
    .passThroughOptions()
    .action(async (command: string[], flags: AttackVerbFlags) =>
      (await import('#src/cli/attack.ts')).attack(command, flags),
    );
}

function more(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function level(value: string): Level {
  const found = LEVELS.find((one) => one === value);
  if (found === undefined) throw new InvalidArgumentError(`It is one of ${LEVELS.join(', ')}.`);
  return found;
}
