import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, delimiter, isAbsolute, join, relative, resolve, sep } from 'node:path';

import { z } from 'zod';

import { topicOf, topicSchema } from '#src/commands/attack-topics.ts';
import type { Context } from '#src/commands/context.ts';
import { shown } from '#src/commands/labs.ts';
import { LearnerError } from '#src/error.ts';
import { writeAtomic } from '#src/files.ts';
import { readShift } from '#src/faults/clock.ts';
import { parseSchedule } from '#src/faults/schedule.ts';
import { parseCompared, parseIgnored } from '#src/grading/compared.ts';

/** What was typed after `./dej attack`, unchecked. */
export interface AttackFlags {
  readonly compare: readonly string[];
  readonly ignore: readonly string[];
  readonly atomic: readonly string[];
  readonly serials: boolean;
  readonly rerun: boolean;
  readonly clock: readonly string[];
  readonly setup: readonly string[];
  readonly input: string | undefined;
  readonly folder: string | undefined;
  readonly env: readonly string[];
  readonly pass: readonly string[];
  readonly ownServer: boolean;
  readonly limitSeconds: number | undefined;
  readonly topic: readonly string[];
  readonly stream: boolean;
  readonly idleSeconds: number | undefined;
  /** Where it was typed. */
  readonly cwd: string;
}

const orderSchema = z.object({
  schema: z.literal(1),
  /** An argument vector; what lay in the folder by an absolute path is written relative to it. */
  argv: z.array(z.string()).min(1),
  /** Copied for each run. Absolute, as are the other paths. */
  folder: z.string(),
  compare: z.array(z.string()),
  ignore: z.array(z.string()),
  atomic: z.array(z.string()),
  serials: z.boolean(),
  rerun: z.boolean(),
  /** Files of SQL, and commands. */
  setup: z.array(z.union([z.object({ sql: z.string() }), z.object({ argv: z.array(z.string()).min(1) })])),
  input: z.string().optional(),
  env: z.record(z.string(), z.string()),
  pass: z.array(z.string()),
  ownServer: z.boolean(),
  limitSeconds: z.number(),
  /** Other clocks, like +1d. In the place that `orderOf` gives it, because the name comes from the order of all. */
  clocks: z.array(z.string()).optional(),
  topics: z.array(topicSchema).optional(),
  /** It runs until it is told to stop: after so long without a write it has done all there is to do. */
  streamIdleSeconds: z.number().optional(),
  /** Variables whose values are kept nowhere; see `keptForm`. */
  secret: z.array(z.string()).optional(),
});

/** All that an attack needs to be run again; `attack.json` beside its runs. */
export type AttackOrder = z.infer<typeof orderSchema>;

const PREFIX = 'attack-';
const FILE = 'attack.json';
const LIMIT_SECONDS = 300;
/** A client that commits by the clock does so every five seconds, and one that was killed needs a moment to come back. */
const IDLE_SECONDS = 12;

/** Checks what was typed before anything is started. */
export async function orderOf(argv: readonly string[], flags: AttackFlags): Promise<AttackOrder> {
  const [first] = argv;
  if (first === undefined)
    throw new LearnerError(
      'there is no program to attack',
      'Write it last: ./dej attack --compare orders -- python job.py',
    );
  // Read for their errors only: the order keeps what was typed.
  parseCompared(flags.compare);
  parseIgnored(flags.ignore);
  const clocks = flags.clock.flatMap((word) => word.split(',')).filter((word) => word !== '');
  for (const by of clocks) readShift(by);
  const at = (path: string): string => resolve(flags.cwd, path);
  const folder = at(flags.folder ?? '.');
  await mustBeFolder(folder, '--folder');
  const input = flags.input === undefined ? undefined : at(flags.input);
  if (input !== undefined) await mustBeFolder(input, '--input');
  await mustBeProgram(first, folder);
  if (flags.idleSeconds !== undefined && !flags.stream)
    throw new LearnerError(
      '--idle says when a stream is done',
      'Say --stream, too; a program that ends needs neither.',
    );
  for (const name of flags.pass)
    if (process.env[name] === undefined)
      throw new LearnerError(`--pass ${name}: your shell has no such variable`, `Export it, or write --env ${name}=….`);
  return {
    schema: 1,
    argv: argv.map((word) => inside(word, folder)),
    folder,
    compare: [...flags.compare],
    ignore: [...flags.ignore],
    atomic: flags.atomic.flatMap((word) => word.split(',')).filter((word) => word !== ''),
    serials: flags.serials,
    rerun: flags.rerun,
    setup: await Promise.all(flags.setup.map((word) => setupOf(word, at(word)))),
    ...(input === undefined ? {} : { input }),
    env: Object.fromEntries(flags.env.map(variable)),
    pass: [...flags.pass],
    ownServer: flags.ownServer,
    limitSeconds: flags.limitSeconds ?? LIMIT_SECONDS,
    // What is not asked for leaves no trace, so that the names of older attacks stay theirs.
    ...(clocks.length === 0 ? {} : { clocks }),
    ...(flags.topic.length === 0 ? {} : { topics: await Promise.all(flags.topic.map((word) => topicOf(word, at))) }),
    ...(flags.stream ? { streamIdleSeconds: flags.idleSeconds ?? IDLE_SECONDS } : {}),
  };
}

/** Whether the program is to have a Kafka. */
export function needsKafka({ compare, topics, streamIdleSeconds }: AttackOrder): boolean {
  const compared = parseCompared(compare).some(({ kind }) => kind === 'topic');
  return compared || topics !== undefined || streamIdleSeconds !== undefined;
}

/** Every run has a copy of the folder; a path into the folder itself would lead all of them to one place. */
function inside(word: string, folder: string): string {
  if (!isAbsolute(word) || !word.startsWith(folder + sep)) return word;
  return `.${sep}${relative(folder, word)}`;
}

async function mustBeFolder(path: string, flag: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new LearnerError(`${flag}: there is no folder ${path}`, 'Name one that is there.');
}

async function mustBeProgram(name: string, folder: string): Promise<void> {
  if (name.includes('{')) return;
  const paths = name.includes(sep)
    ? [resolve(folder, name)]
    : (process.env['PATH'] ?? '').split(delimiter).map((one) => join(one, name));
  for (const path of paths) {
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return;
  }
  throw new LearnerError(
    `there is no program ${JSON.stringify(name)} that can be run`,
    name.includes(sep)
      ? 'Make the file executable, or put its interpreter first: python job.py.'
      : 'It is looked for in PATH; activate its environment first, or write its path.',
  );
}

function variable(word: string): [string, string] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(word) ?? [];
  if (name === undefined || value === undefined)
    throw new LearnerError(`--env ${JSON.stringify(word)} is no variable`, 'Write --env NAME=value.');
  return [name, value];
}

async function setupOf(word: string, path: string): Promise<AttackOrder['setup'][number]> {
  if (!word.endsWith('.sql') || /\s/.test(word)) return { argv: words(word) };
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) throw new LearnerError(`--setup: there is no file ${path}`, 'Name one that is there.');
  const meta = text.split('\n').find((line) => /^\\[a-z.!]/i.test(line));
  if (meta !== undefined)
    throw new LearnerError(
      `--setup ${word} holds a command of psql: ${meta.slice(0, 60)}`,
      `Let psql run it: --setup "psql -v ON_ERROR_STOP=1 -f ${word}".`,
    );
  return { sql: path };
}

/** Words as a shell would part them, with quotes and nothing else of a shell. */
function words(text: string): string[] {
  const found = [...text.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  );
  if (found.length === 0) throw new LearnerError('--setup is empty', 'Name a file of SQL, or a command in quotes.');
  return found;
}

/** `attack-job-3f2a1c`: the program's name, and a part of the order's hash, so that another order is another attack. */
export function attackId(order: AttackOrder): string {
  const script = order.argv.slice(1).find((word) => /^[\w./-]+\.\w+$/.test(word)) ?? order.argv[0] ?? '';
  const name = basename(script)
    .replace(/\.\w+$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 24);
  const hash = createHash('sha256')
    .update(JSON.stringify(keptForm(order)))
    .digest('hex')
    .slice(0, 6);
  return `${PREFIX}${name === '' ? 'program' : name}-${hash}`;
}

/** Whether a schedule's line is about a program that belongs to no lab. */
export function isAttackLine(line: string): boolean {
  return parseSchedule(line).lab.startsWith(PREFIX);
}

export function attackRuns(id: string, { paths }: Context): string {
  return join(paths.journal, 'runs', id);
}

export async function keepOrder(order: AttackOrder, context: Context): Promise<void> {
  const runs = attackRuns(attackId(order), context);
  await mkdir(runs, { recursive: true });
  await writeAtomic(join(runs, FILE), `${JSON.stringify(keptForm(order), undefined, 2)}\n`, 0o600);
}

/** In names of variables that hold what others must not read. */
const SECRET = /PASS(WORD|WD|PHRASE)?|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE|AUTH/i;

/**
 * What is written down. A replay needs what --env gave, and most of it is no secret; of a variable whose name says that
 * it is one only the name is kept, unless its value is but another name for what the program is given here.
 */
function keptForm(order: AttackOrder): AttackOrder {
  const isSecret = ([name, value]: [string, string]): boolean => SECRET.test(name) && !/^\{[A-Z_]+\}$/.test(value);
  const all = Object.entries(order.env);
  const secret = all.filter(isSecret).map(([name]) => name);
  if (secret.length === 0) return order;
  return { ...order, env: Object.fromEntries(all.filter((one) => !isSecret(one))), secret };
}

/** Values that were not kept are those of the present shell. */
function withSecrets(order: AttackOrder): AttackOrder {
  const { secret, ...rest } = order;
  if (secret === undefined) return order;
  const values = secret.map((name): [string, string] => {
    const value = process.env[name];
    if (value === undefined)
      throw new LearnerError(
        `the value of ${name} was given with --env and not kept, because its name says that it is a secret`,
        `Export ${name} in this shell, then replay the line again.`,
      );
    return [name, value];
  });
  return { ...rest, env: { ...rest.env, ...Object.fromEntries(values) } };
}

/** The order that a schedule's line belongs to. */
export async function keptOrder(id: string, context: Context): Promise<AttackOrder> {
  const file = join(attackRuns(id, context), FILE);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const parsed = orderSchema.safeParse(text === undefined ? undefined : parsedJson(text));
  if (parsed.success) {
    await mustStillBeThere(parsed.data);
    return withSecrets(parsed.data);
  }
  throw new LearnerError(
    `${shown(file, context)} ${text === undefined ? 'is not there' : 'does not say what was attacked'}, so the line can't be replayed here`,
    'Attack the program once more with ./dej attack; its own lines can be replayed then.',
  );
}

/** What was attacked may have been moved since, and so may what it was given. */
async function mustStillBeThere({ folder, input, setup, topics = [] }: AttackOrder): Promise<void> {
  const scripts = setup.flatMap((step) => ('sql' in step ? [step.sql] : []));
  const records = topics.flatMap(({ file }) => (file === undefined ? [] : [file]));
  for (const path of [folder, ...(input === undefined ? [] : [input]), ...scripts, ...records]) {
    if ((await stat(path).catch(() => undefined)) !== undefined) continue;
    throw new LearnerError(
      `${path} was there when the program was attacked, and is not any more, so the line can't be replayed`,
      'Put it back, or attack the program as it is now with ./dej attack.',
    );
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
