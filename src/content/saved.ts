import { z } from 'zod';

import { readPlanFile } from '#src/content/plan-reader.ts';
import { ContentError, type Problem } from '#src/content/problem.ts';

const FILE = 'plan/saved-questions.yaml';

const savedSchema = z.strictObject({
  questions: z.array(
    z.strictObject({
      id: z
        .string()
        .regex(/^[a-z0-9-]+$/)
        .describe('a name of a-z, 0-9 and hyphens'),
      title: z.string().min(1).describe('the question in a few words'),
      says: z.string().min(1).describe('how the answer comes about, so that nobody reads more into it'),
      sql: z.string().min(1).describe('one SELECT over the tables of the learner’s own events'),
      plot: z
        .strictObject({
          label: z.string().describe('the column that names each bar'),
          value: z.string().describe('the column that a bar is as long as'),
          unit: z.string().describe('what the value counts, like hours'),
        })
        .optional()
        .describe('the columns that are drawn as bars beside the table'),
    }),
  ),
});

/** A question to the learner's own events that somebody has asked well already. */
export type SavedQuestion = z.infer<typeof savedSchema>['questions'][number];

export async function readSaved(root: string): Promise<readonly SavedQuestion[]> {
  const problems: Problem[] = [];
  const file = await readPlanFile(root, FILE, savedSchema, (line, message, remedy) =>
    problems.push({ file: FILE, line, message, remedy }),
  );
  for (const [at, { id }] of (file?.value.questions ?? []).entries())
    if (file?.value.questions.findIndex((one) => one.id === id) !== at)
      file?.reportAt(['questions', at, 'id'], `two questions are called ${id}`, 'Give each a name of its own.');
  if (problems.length > 0) throw new ContentError(problems);
  return file?.value.questions ?? [];
}
