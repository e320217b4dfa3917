import { cp, readFile } from 'node:fs/promises';
import { basename, dirname, delimiter, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

import { parse } from 'yaml';
import { z } from 'zod';

import type { Context } from '#src/commands/context.ts';
import { findLab, type Lab, type LabStage } from '#src/content/lab.ts';
import { findFamily } from '#src/engines/python-family.ts';
import { Bug, LearnerError } from '#src/error.ts';
import type { Stage } from '#src/grading/api.ts';
import { GraderError, watched } from '#src/grading/grader-error.ts';
import type { Program } from '#src/grading/program.ts';

/** What a lab's copy in the journal says of itself: the learner may change how their program is built and run. */
const copySchema = z.object({
  language: z.string(),
  build: z.array(z.string()).min(1).optional(),
  run: z.array(z.string()).min(1),
});

export function labOf(reference: string, context: Context): Promise<Lab> {
  return findLab(context.paths.root, reference);
}

/** The learner's own folder of a lab. */
export function copyOf(lab: Pick<Lab, 'id'>, context: Context): string {
  return join(context.paths.journal, 'labs', lab.id);
}

export function runsOf(lab: Pick<Lab, 'id'>, context: Context): string {
  return join(context.paths.journal, 'runs', lab.id);
}

/** A path as the learner reads it: below the clone where it lies there. */
export function shown(path: string, context: Context): string {
  const inside = relative(context.paths.root, path);
  return inside.startsWith('..') ? path : inside;
}

export function stageOf(lab: Lab, n: number): LabStage {
  const stage = lab.stages[n - 1];
  if (stage === undefined)
    throw new LearnerError(
      `${lab.id} has no stage ${n}`,
      `Its stages are 1 to ${lab.stages.length}: ${lab.stages.map(({ title }) => title).join(', ')}.`,
    );
  return stage;
}

/** The lab's grader of one stage. */
export async function graderOf(lab: Lab, n: number): Promise<Stage> {
  const file = `${lab.path}/grader.ts`;
  const found = (await graderModule(lab))[`stage${n}`];
  if (typeof found !== 'function') throw new GraderError(`${file} exports no stage${n}`);
  return watched(found as Stage, file);
}

export async function graderModule(lab: Lab): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(join(lab.folder, 'grader.ts')).href)) as Record<string, unknown>;
  } catch (error) {
    const line = /grader\.ts:(\d+)/.exec((error as Error).stack ?? '')?.[1];
    const at = [`${lab.path}/grader.ts`, ...(line === undefined ? [] : [line])].join(':');
    throw new GraderError(`${at}: ${(error as Error).message}`, { cause: error });
  }
}

/** The learner's program as lab.yaml of its copy says it is run. */
export async function learnersProgram(lab: Lab, context: Context): Promise<Program> {
  const { language, build, run } = await copySpec(lab, context);
  return programIn(copyOf(lab, context), language, { run, build }, context);
}

/** What lab.yaml of the learner's copy says. */
export async function copySpec(lab: Lab, context: Context): Promise<z.infer<typeof copySchema>> {
  const file = join(copyOf(lab, context), 'lab.yaml');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined)
    throw new LearnerError(
      `there is no program of yours for ${lab.id}: ${shown(file, context)} is missing`,
      `Begin with ./dej start ${lab.id}.`,
    );
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    value = undefined;
  }
  const parsed = copySchema.safeParse(value);
  if (!parsed.success)
    throw new LearnerError(
      `${shown(file, context)} does not say how your program is run`,
      'It needs lines like: language: python, and run: [python, main.py].',
    );
  return parsed.data;
}

/** One of a lab's own programs: a folder, and perhaps one whose files it has, too. */
export interface OwnProgram {
  /** Below the lab, like `wrong/no-key`. */
  readonly folder: string;
  readonly language: string;
  readonly over?: string | undefined;
}

/** A program of the lab's own: starter, solution, correct or wrong. One that is made of two folders is laid out in `scratch`. */
export async function labsProgram(lab: Lab, own: OwnProgram, scratch: string, context: Context): Promise<Program> {
  const how = Object.entries(lab.languages).find(([name]) => name === own.language)?.[1];
  if (how === undefined) throw new Bug(`${lab.id} has no language ${own.language}`);
  const folder = join(lab.folder, own.folder);
  if (own.over === undefined) return programIn(folder, own.language, how, context);
  const whole = join(scratch, basename(own.folder));
  for (const part of [join(lab.folder, own.over), folder]) await cp(part, whole, { recursive: true });
  return programIn(whole, own.language, how, context);
}

export async function programIn(
  folder: string,
  language: string,
  { run, build }: { run: readonly string[]; build?: readonly string[] | undefined },
  context: Context,
): Promise<Program> {
  const [first = '', ...rest] = run;
  const built = build === undefined ? {} : { build: [build[0] ?? '', ...build.slice(1)] as [string, ...string[]] };
  return { folder, language, run: [first, ...rest], ...built, env: { PATH: await searchPath(context) } };
}

/** The lab's Python first, then the Node that runs us, then the learner's own. */
async function searchPath({ paths }: Context): Promise<string> {
  const family = await findFamily(paths);
  const python = family.state === 'ready' ? [dirname(family.interpreter)] : [];
  return [...python, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
}

/** The language that the learner's copy says it is in. */
export async function formerLanguage(folder: string, languages: readonly string[]): Promise<string | undefined> {
  const text = await readFile(join(folder, 'lab.yaml'), 'utf8').catch(() => '');
  try {
    const value: unknown = (parse(text) as { language?: unknown } | null)?.language;
    return languages.find((name) => name === value);
  } catch {
    return undefined;
  }
}
