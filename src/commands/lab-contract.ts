import { z } from 'zod';

import { labSchema } from '#src/content/lab.ts';
import { EXIT } from '#src/exit.ts';
import { POINTS, SCHEDULE_GRAMMAR } from '#src/faults/schedule.ts';
import { ANOMALIES, type Anomaly } from '#src/grading/anomaly.ts';
import { RUN_FILES } from '#src/grading/run-folder.ts';
import { LEVELS, STATES, verdictSchema } from '#src/grading/verdict.ts';

/** What a program is given; a test holds it against what a program really sees. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  DATABASE_URL: 'the address of PostgreSQL, always by TCP and without TLS: every commit passes the grader on its way',
  'PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE': 'the same in parts, as PostgreSQL’s own tools read it',
  PAYMENTS_URL: 'the address of the payments API, without a slash at its end; only in stages that have one',
  KAFKA_BOOTSTRAP:
    'the address of Kafka, without TLS and password; this and the next two only in stages that read topics',
  GROUP_ID: 'the consumer group that its offsets are committed for',
  TOPIC_IN:
    'the name of the topic to read; the stage’s other topics come as `TOPIC_` and their name, such as `TOPIC_VALID`',
  INPUT_DIR: 'a folder to read from; what lies there is different in each run',
  OUTPUT_DIR: 'a folder to write to; it outlives a crash of the program, as a disk does',
  TMPDIR: 'a folder of this run alone, removed with it',
  PATH: 'the lab’s Python environment, then the Node that runs the journal, then your own',
  'HOME, USER, LOGNAME, SHELL, LANG, LC_ALL, LC_CTYPE, TZ': 'yours, where they are set',
  PYTHONUNBUFFERED: '`1`, so that a Python program that is killed has said its last words',
  DEJ_RUN: 'the name of the run, by which whatever the program started is found and ended',
};

const CODES: Readonly<Record<keyof typeof EXIT, string>> = {
  passed: 'passed',
  failed: 'failed',
  unknown: 'unknown or not exercised: this counts neither way',
  usage: 'the command was used wrongly',
};

/** docs/lab-contract.md, from the same data that the grader works with. */
export function labContractPage(): string {
  return [
    '<!-- Made by `npm run docs` from src/content/lab.ts and src/commands/lab-contract.ts. -->',
    '# The contract of a lab',
    'A lab is a program of yours that is run, killed, started again, and judged by what it leaves behind. Any language does.',
    ...program(),
    ...folder(),
    ...schedule(),
    ...results(),
    '',
  ].join('\n\n');
}

function program(): string[] {
  return [
    '## Your program',
    `\`./dej start <lab>\` copies a starter into \`journal/labs/<lab>/\`. \`lab.yaml\` there says how it is built and run; both are lists of words, and no shell reads them:`,
    '```yaml\nlanguage: python\nbuild: [make] # only where there is something to build; run once, in a copy\nrun: [python, main.py]\n```',
    'It is run in a copy of that folder, by this environment:',
    table(
      ['variable', 'what it is'],
      Object.entries(ENVIRONMENT).map(([name, says]) => [
        name
          .split(', ')
          .map((one) => `\`${one}\``)
          .join(', '),
        says,
      ]),
    ),
    'Nothing else of your environment reaches it. Standard input is empty. What it prints is kept, and shown where it crashed or ran out of time. Exit code 0 says that the batch is complete, unless the stage asks for another. A program whose brief lets it run until SIGTERM gets that when all is done, and how it then ends does not count; one that ends before has failed. After a fault it is started again, in the same place, until it ends by itself; what it started in the background ends with it.',
    'A file that the program keeps beside its code or in OUTPUT_DIR outlives a crash; all of it is gone when the run is over. Your code runs with your rights: limits stop accidents, not malice. A kill is no loss of power: what the program handed to the system is not lost.',
  ];
}

function folder(): string[] {
  return [
    '## A lab’s folder',
    table(
      ['file', 'what it holds'],
      [
        ['`README.md`', 'the brief: see below'],
        ['`lab.yaml`', 'the contract as data: see below'],
        ['`grader.ts`', 'exports `stage1`, `stage2`, …; imports nothing but `#src/grading/api.ts`'],
        ['`starter/<language>/`', 'runs, and fails where `starter` in lab.yaml says'],
        ['`solution/<language>/`', 'passes every stage; shown after a pass'],
        ['`correct/<name>/`', 'other designs that must pass too'],
        [
          '`wrong/<mistake>/`',
          'programs that must be failed, each at its stage with its anomaly; the comment at the top says in a sentence what is wrong, for review',
        ],
        [
          '`pictures/<mistake>.json`',
          'how a fault brought the mistake out, for review: made by `./dej verify labs <lab> --record`',
        ],
      ],
    ),
    'README.md begins with `# Title` and the story. `## The stages` holds a numbered list with an item for each stage: its title in bold, what it asks, and how the program will be hurt. The app shows one of them at a time. README.md has at most 500 words.',
    '### lab.yaml',
    table(['key', 'type', 'what it is'], rowsOf(z.toJSONSchema(labSchema, { io: 'input' }) as Node, '')),
    'The anomalies that a stage may allow, and that a wrong program may be failed for:',
    table(
      ['anomaly', 'what it says'],
      ANOMALIES.map((name) => [`\`${name}\``, ANOMALY_WORDS[name]]),
    ),
  ];
}

const ANOMALY_WORDS: Readonly<Record<Anomaly, string>> = {
  lost: 'a thing of the input is nowhere',
  duplicate: 'a thing is there, or counts, more often than once',
  phantom: 'a thing is there that the input never held',
  stale: 'a thing has the value of an earlier version',
  corrupted: 'a thing has a value that it never had',
  reordered: 'what belongs together came in another order than it happened in',
  gap: 'numbers that should follow one another skip some',
  'wrong-window': 'an event is counted in another window of time than its own (unused yet)',
  'partial-write': 'a reader could see a part of what belongs together',
  'not-idempotent': 'a second run of the same input leaves something else',
  'not-parked': 'a bad record went on as a good one, or disappeared, instead of being put aside',
  'wrongly-parked': 'a good record was put aside',
  'did-not-finish': 'no end by the deadline, though an undisturbed run beside it was in time',
  crashed: 'the program ended by itself before it was done, or with a code that means nothing',
  'wrong-exit': 'the program ended with a code that means something else than what happened',
  'wrong-reason': 'what was put aside has another reason than its own',
  'wrong-report': 'what the program says of its run is not what it did',
  'needless-retry': 'something was tried again that no further try could mend',
  'missing-retry': 'something was given up that a further try would have mended',
  'too-soon': 'a try came before the time that the other side had asked for',
  'no-backoff': 'the pauses between tries do not grow',
  'no-jitter': 'all pauses between tries are of the same length',
  'double-effect': 'the other side did a thing twice',
  'over-budget': 'more tries, bytes or work than the stage allows',
  'published-anyway': 'a result was handed on though the run had to be refused',
  'wal-retained': 'a slot keeps more of the log than its limit',
};

function schedule(): string[] {
  return [
    '## The line of a schedule',
    "One line holds all that is done to a program; `./dej replay '<line>'` does it again.",
    `\`\`\`text\n${SCHEDULE_GRAMMAR}\n\`\`\``,
    'The incarnation counts the program’s starts, and boundaries are counted from 1 in each of them.',
    table(
      ['point', 'the program is struck'],
      POINTS.map((point) => [`\`${point}\``, POINT_WORDS[point]]),
    ),
    `Levels: ${LEVELS.map((level) => `\`${level}\``).join(', ')}.`,
  ];
}

const POINT_WORDS: Readonly<Record<(typeof POINTS)[number], string>> = {
  before: 'when it has sent the message and the engine has not received it',
  'after-durable': 'when the engine has made it durable, and the program was not told',
  'client-moved-on': 'when the program was told and has sent its next message',
};

function results(): string[] {
  return [
    '## What a run leaves',
    'Each run has a folder in `journal/runs/<lab>/`; `latest` leads to the newest. While one goes on, a file in `journal/runs/<lab>/live/` says what is happening, an event a line.',
    table(
      ['file', 'what it holds'],
      Object.entries(RUN_FILES).map(([name, says]) => [`\`${name}\``, says]),
    ),
    '### verdict.json',
    `A verdict’s state is one of ${STATES.map((state) => `\`${state}\``).join(', ')}.`,
    table(['key', 'type', 'what it is'], rowsOf(z.toJSONSchema(verdictSchema) as Node, '')),
    '### Exit codes of ./dej check, watch and replay',
    table(
      ['code', 'meaning'],
      Object.entries(CODES).map(([name, says]) => [String(EXIT[name as keyof typeof EXIT]), says]),
    ),
  ];
}

/** As much of JSON Schema as ours use. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly propertyNames?: Node;
}

/** A row for each key, those inside others with the way that leads to them. */
function rowsOf(node: Node, path: string): string[][] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const isOptional = node.required?.includes(name) !== true;
    const preset = child.default === undefined ? '' : ` (otherwise \`${JSON.stringify(child.default)}\`)`;
    const own = [
      `\`${at}\``,
      `${typeOf(child)}${isOptional ? ', optional' : ''}`,
      `${child.description ?? ''}${preset}`,
    ];
    return [own, ...inside(child, at)];
  });
}

function inside(node: Node, at: string): string[][] {
  if (node.items?.properties !== undefined) return rowsOf(node.items, `${at}[]`);
  const each = node.additionalProperties;
  if (typeof each === 'object' && each.properties !== undefined) return rowsOf(each, `${at}.<${keyWord(node)}>`);
  return rowsOf(node, at);
}

function keyWord({ propertyNames }: Node): string {
  return propertyNames?.enum?.join('\\|') ?? 'name';
}

function typeOf(node: Node): string {
  if (node.enum !== undefined) return 'name';
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.type === 'array') {
    const many = node.minItems !== undefined && node.minItems === node.maxItems ? `${node.minItems} ` : '';
    return `list of ${many}${node.items?.properties === undefined ? plural(node.items) : 'objects'}`;
  }
  if (node.type === 'object') return node.properties === undefined ? 'by name' : 'object';
  return node.type === 'string' ? 'text' : (node.type ?? '');
}

function plural(node: Node | undefined): string {
  return node?.type === 'string' ? 'texts' : `${node?.type ?? 'value'}s`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
