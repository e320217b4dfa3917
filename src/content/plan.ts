import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';

import type { Report } from '#src/content/problem.ts';

const guideId = z.string().regex(/^\d\d-[a-z0-9-]+$/, 'expected a guide’s id like 03-idempotency');
const url = z.url({ protocol: /^https$/, error: 'expected an address that begins with https://' });

export const catalogueSchema = z.strictObject({
  groups: z
    .array(
      z.strictObject({ title: z.string(), guides: z.array(z.strictObject({ id: guideId, title: z.string() })).min(1) }),
    )
    .describe('the guides, in four groups'),
  labs: z
    .array(
      z.strictObject({
        id: z
          .string()
          .regex(/^[a-z][a-z0-9-]*$/)
          .describe('the folder’s name without its number'),
        kind: z.enum(['project', 'challenge']),
        path: z
          .string()
          .regex(/^(projects|challenges)\/\d\d-[a-z0-9-]+$/)
          .describe('fixed: people link to it'),
        title: z.string(),
        outcome: z.string().describe('what the learner’s program must keep true, in a sentence'),
        stages: z.array(z.string()).min(1).describe('titles, in order; a stage is named by its number from 1'),
      }),
    )
    .describe('projects and challenges'),
});

export const weeksSchema = z.strictObject({
  weeks: z.array(
    z.strictObject({
      number: z.int().min(1),
      focus: z.string(),
      goal: z.string(),
      hours: z.number().positive().describe('shown before the week is started'),
      guides: z.array(guideId).describe('their core parts'),
      labs: z.array(z.strictObject({ id: z.string(), stages: z.array(z.int().min(1)).min(1) })),
    }),
  ),
  milestones: z.array(z.strictObject({ week: z.int().min(1), title: z.string() })),
});

const resource = z.strictObject({ title: z.string(), by: z.string().optional(), url });
export const resourcesSchema = z.strictObject({
  books: z.array(resource),
  courses: z.array(resource),
  tools: z.array(z.strictObject({ group: z.string(), tools: z.array(z.strictObject({ title: z.string(), url })) })),
  blogs: z.array(resource),
});

export const glossarySchema = z.strictObject({
  terms: z.array(
    z.strictObject({ term: z.string(), definition: z.string().describe('one or two sentences, plain and exact') }),
  ),
});

export type Catalogue = z.infer<typeof catalogueSchema>;
export type Weeks = z.infer<typeof weeksSchema>;
export type Resources = z.infer<typeof resourcesSchema>;
export type Glossary = z.infer<typeof glossarySchema>;

/** Reads one YAML file of plan/ by its schema; every mistake is reported with its line. */
export async function readPlanFile<T>(
  root: string,
  file: string,
  schema: z.ZodType<T>,
  report: Report,
): Promise<T | undefined> {
  const text = await readFile(join(root, file), 'utf8').catch(() => undefined);
  if (text === undefined) {
    report(1, 'the file is missing', 'It holds a part of the plan; take it from the last commit.');
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (const error of document.errors)
    report(lines.linePos(error.pos[0]).line, error.message.split('\n')[0] ?? 'this is no YAML', 'Mend the YAML.');
  if (document.errors.length > 0) return undefined;
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    report(
      lineOf(document, path, lines),
      `${path.join('.') || 'the file'}: ${issue.message}`,
      'See src/content/plan.ts for what belongs there.',
    );
  }
  return undefined;
}

/** The line of the value at a path, or of the nearest one above it that exists. */
function lineOf(
  document: ReturnType<typeof parseDocument>,
  path: readonly (string | number)[],
  lines: LineCounter,
): number {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    const range = node?.range;
    if (range !== undefined) return lines.linePos(range[0]).line;
  }
  return 1;
}
