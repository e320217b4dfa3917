import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { parse } from 'yaml';
import { z } from 'zod';

import { LearnerError } from '#src/error.ts';
import { nearest } from '#src/nearest.ts';

const argv = z.array(z.string().min(1)).min(1);
const words = z.string().min(1);

/** What runs a program; an argument vector, never a shell's line. */
const language = z.strictObject({
  build: argv.optional().describe('run once in a copy of the program’s folder before it is tried'),
  run: argv.describe('runs the program in its folder'),
});

const stage = z.strictObject({
  title: words.describe('as the catalogue has it'),
  minutes: z.int().positive().describe('what a learner needs, about'),
  allows: z.array(words).default([]).describe('anomalies that do not fail this stage'),
  size: z
    .strictObject({ quick: z.int().positive(), full: z.int().positive() })
    .describe('how many things the input holds at each level'),
  read: z
    .strictObject({
      words: words.describe('guide, section and heading, as the verdict shows them'),
      href: words.describe('the file and the heading’s anchor'),
    })
    .describe('the section of a guide that explains what this stage breaks'),
  why: words.optional().describe('why the solution holds; shown after a pass'),
  hints: z
    .array(words)
    .length(3, 'needs three texts: the remedy, how, and nearly the answer')
    .describe('a ladder: the remedy, how, and nearly the answer'),
});

const known = z.strictObject({
  stage: z.int().positive().describe('the stage that it must be failed at'),
  anomaly: words.describe('the name that it must be failed with'),
});

const variant = z.strictObject({
  language: z.enum(['python', 'typescript']).default('python').describe('how it is run'),
  over: words.optional().describe('a folder of the lab whose files it has, too; its own take the place of those'),
});

const wrongLevel = z
  .enum(['quick', 'full'])
  .default('quick')
  .describe(
    'the level that it is failed at; `full` where only another clock, or what takes longer than a save may, brings it out',
  );

/** lab.yaml: the contract of a lab as data. */
export const labSchema = z.strictObject({
  title: words.describe('as the catalogue has it'),
  languages: z
    .partialRecord(z.enum(['python', 'typescript']), language)
    .describe('the languages of starter and solution'),
  engines: z
    .array(z.enum(['kafka']))
    .default([])
    .describe('engines that it needs beside PostgreSQL'),
  calmLimitSeconds: z.int().positive().default(60).describe('how long an undisturbed run may take'),
  stages: z.array(stage).min(1).describe('in order; named by number from 1'),
  starter: known.describe('where the starter fails, for the reason that its first stage teaches'),
  correct: z.record(z.string(), variant).default({}).describe('folders of correct/: other designs that pass'),
  wrong: z
    .record(z.string(), z.strictObject({ ...known.shape, ...variant.shape, level: wrongLevel }))
    .default({})
    .describe('folders of wrong/ and what they must be failed for'),
});

export type LabStage = z.infer<typeof stage>;
export type LabLanguage = z.infer<typeof language>;

/** A lab as its folder holds it. */
export interface Lab extends z.infer<typeof labSchema> {
  /** The folder's name without its number. */
  readonly id: string;
  /** Absolute. */
  readonly folder: string;
  /** In the clone, like `challenges/01-batch-error-handling`. */
  readonly path: string;
}

/** The folders that hold a lab.yaml, in order. */
export async function labPaths(root: string): Promise<string[]> {
  const paths: string[] = [];
  for (const kind of ['challenges', 'projects']) {
    const names = await readdir(join(root, kind)).catch(() => []);
    for (const name of names.sort()) {
      const isLab = (await readFile(join(root, kind, name, 'lab.yaml')).catch(() => undefined)) !== undefined;
      if (isLab) paths.push(`${kind}/${name}`);
    }
  }
  return paths;
}

/** A lab by its id, its path or a part of either that only it has. */
export async function findLab(root: string, reference: string): Promise<Lab> {
  const paths = await labPaths(root);
  const wanted = reference.replace(/\/+$/, '');
  const exact = paths.filter((path) => path === wanted || basename(path) === wanted || idOf(path) === wanted);
  // `01`, `challenges/01`, or a part of the name.
  const isPart = (path: string): boolean =>
    /^(\w+\/)?\d\d$/.test(wanted) ? `/${path}`.includes(`/${wanted}-`) : wanted.length > 2 && path.includes(wanted);
  const parts = exact.length > 0 ? exact : paths.filter(isPart);
  const [path] = parts;
  if (path === undefined || parts.length > 1) {
    const ids = paths.map(idOf);
    const near = nearest(wanted, ids);
    throw new LearnerError(
      parts.length > 1
        ? `${JSON.stringify(reference)} could be several labs`
        : `there is no lab ${JSON.stringify(reference)}`,
      parts.length > 1
        ? `Say which: ${parts.map(idOf).join(' or ')}.`
        : near === undefined
          ? `Projects and challenges: ${ids.join(', ') || 'none yet'}.`
          : `Did you mean ${near}?`,
    );
  }
  return loadLab(root, path);
}

/** Reads one lab; what its author got wrong is an error that names file, place and expectation. */
export async function loadLab(root: string, path: string): Promise<Lab> {
  const file = `${path}/lab.yaml`;
  const text = await readFile(join(root, file), 'utf8');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new LearnerError(`${file} is no YAML: ${(error as Error).message.split('\n')[0] ?? ''}`, 'Mend the file.');
  }
  const parsed = labSchema.safeParse(value);
  if (!parsed.success) {
    const told = parsed.error.issues.map(({ path: keys, message }) => `  ${placeOf(keys)}: ${plain(message)}`);
    throw new LearnerError(
      `${file} breaks the contract of a lab:\n${told.join('\n')}`,
      'Mend the file; docs/lab-contract.md says what each key means.',
    );
  }
  return { ...parsed.data, id: idOf(path), path, folder: join(root, path) };
}

/** Stages are counted from 1 wherever a person reads of them. */
function placeOf(keys: readonly PropertyKey[]): string {
  const [first, index, ...rest] = keys;
  if (first === 'stages' && typeof index === 'number') return [`stage ${index + 1}`, ...rest.map(String)].join(', ');
  return keys.map(String).join('.') || 'the file';
}

function plain(message: string): string {
  const missing = /^Invalid input: expected (.+), received undefined$/.exec(message);
  return missing === null ? message : `is missing (${missing[1]})`;
}

function idOf(path: string): string {
  return basename(path).replace(/^\d+-/, '');
}
