import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parse } from 'yaml';
import { z } from 'zod';

import type { Guide } from '#src/content/guide.ts';
import type { Report } from '#src/content/problem.ts';

const words = z.string().min(1);

const known = z.strictObject({
  case: words.describe('the case that it must be rejected at'),
  anomaly: words.describe('the name that it must be rejected with'),
});

/** exercise.yaml: what is known of an exercise beside its oracle. */
const exerciseSchema = z.strictObject({
  title: words.describe('what the learner writes'),
  minutes: z.int().positive().describe('what a learner needs, about'),
  hints: z.array(words).length(3).describe('a ladder: the remedy, how, and nearly the answer'),
  starter: known.describe('how the block as the guide shows it is rejected'),
  wrong: z.record(z.string(), known).describe('files of wrong/ without their ending, and how each is rejected'),
});

/** An exercise of a guide: its block stands there, its oracle and its answers in a folder beside the guides. */
export interface ExerciseSpec extends z.infer<typeof exerciseSchema> {
  readonly id: string;
  /** The guide's. */
  readonly guide: string;
  /** In the clone: `concepts/exercises/payment-handler`. */
  readonly path: string;
  /** `py` or `sql`: what the answers and the learner's file end in. */
  readonly extension: string;
  /** One right answer, as it stands in the hole. */
  readonly solution: string;
  /** What can stand in the hole: `solution`, `correct/…` and `wrong/…`, in this order, without their ending. */
  readonly answers: readonly string[];
}

/** Reads what belongs to the exercises of one guide; what is missing or wrong is reported at its marker. */
export async function readExercises(root: string, guide: Guide, report: Report): Promise<ExerciseSpec[]> {
  const specs: ExerciseSpec[] = [];
  for (const { id, block: blockId, place } of guide.exercises) {
    const problem = (message: string, remedy: string): void => report(place.line, message, remedy);
    const block = guide.blocks.find((one) => one.id === blockId);
    const path = `concepts/exercises/${id}`;
    const yaml = await yamlOf(join(root, path, 'exercise.yaml'), problem);
    if (block === undefined || yaml === undefined) continue;
    const extension = block.language === 'python' ? 'py' : block.language;
    const answers = await answersOf(join(root, path), extension);
    for (const name of ['grader.ts', `solution.${extension}`]) {
      if (!existsSync(join(root, path, name)))
        problem(`the exercise ${JSON.stringify(id)} lacks ${path}/${name}`, 'See docs/authoring-a-guide.md.');
    }
    checkWrong(answers, yaml, problem);
    const solution = await readFile(join(root, path, `solution.${extension}`), 'utf8').catch(() => '');
    specs.push({ ...yaml, id, guide: guide.id, path, extension, solution: solution.trimEnd(), answers });
  }
  return specs;
}

/** The folder of an exercise holds what one guide tries; two guides can't share it. */
export function checkShared(specs: readonly ExerciseSpec[], guide: Guide, report: Report): void {
  for (const { id, place } of guide.exercises) {
    const other = specs.find((spec) => spec.id === id && spec.guide !== guide.id);
    if (other !== undefined)
      report(place.line, `the exercise ${JSON.stringify(id)} stands in ${other.guide}, too`, 'Give it another id.');
  }
}

async function yamlOf(file: string, problem: (message: string, remedy: string) => void) {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const name = file.split('/').slice(-4).join('/');
  if (text === undefined)
    return void problem(`the exercise has no ${name}`, 'Write it as docs/authoring-a-guide.md says.');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    return void problem(`${name} is no YAML: ${(error as Error).message.split('\n')[0] ?? ''}`, 'Mend the file.');
  }
  const parsed = exerciseSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues)
    problem(`${name}: ${issue.path.join('.') || 'the file'}: ${issue.message}`, 'Mend the file.');
  return undefined;
}

async function answersOf(folder: string, extension: string): Promise<string[]> {
  const names = async (kind: string): Promise<string[]> =>
    (await readdir(join(folder, kind)).catch(() => []))
      .filter((name) => name.endsWith(`.${extension}`))
      .map((name) => `${kind}/${name.slice(0, -extension.length - 1)}`)
      .sort();
  return ['solution', ...(await names('correct')), ...(await names('wrong'))];
}

function checkWrong(
  answers: readonly string[],
  { wrong }: z.infer<typeof exerciseSchema>,
  problem: (message: string, remedy: string) => void,
): void {
  const files = answers.filter((name) => name.startsWith('wrong/')).map((name) => name.slice('wrong/'.length));
  if (files.length === 0) problem('the exercise has no wrong answers', 'Write those that learners will write.');
  for (const name of files.filter((one) => !Object.hasOwn(wrong, one)))
    problem(`nothing says how wrong/${name} is rejected`, 'Add it to exercise.yaml under wrong.');
  for (const name of Object.keys(wrong).filter((one) => !files.includes(one)))
    problem(`exercise.yaml names wrong/${name}, which is not there`, 'Add the file, or take the entry away.');
}
