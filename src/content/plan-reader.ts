import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml';
import { z } from 'zod';

import {
  catalogueSchema,
  cuesSchema,
  glossarySchema,
  placementSchema,
  resourcesSchema,
  weeksSchema,
  type Catalogue,
  type Cues,
  type Glossary,
  type Placement,
  type Resources,
  type Weeks,
} from '#src/content/plan.ts';
import type { Report } from '#src/content/problem.ts';

/** A file of plan/ that was read; its values know their lines. */
export interface PlanFile<T> {
  readonly value: T;
  /** Reports a mistake at the line of the value at this path. */
  readonly reportAt: (path: readonly PropertyKey[], message: string, remedy: string) => void;
}

/** The files of plan/; a file that can't be read is reported and undefined. */
export interface Plan {
  readonly catalogue: PlanFile<Catalogue> | undefined;
  readonly weeks: PlanFile<Weeks> | undefined;
  readonly resources: PlanFile<Resources> | undefined;
  readonly glossary: PlanFile<Glossary> | undefined;
  readonly placement: PlanFile<Placement> | undefined;
  readonly cues: PlanFile<Cues> | undefined;
}

export async function readPlan(root: string, reporter: (file: string) => Report): Promise<Plan> {
  const read = <T>(file: string, schema: z.ZodType<T>): Promise<PlanFile<T> | undefined> =>
    readPlanFile(root, file, schema, reporter(file));
  const [catalogue, weeks, resources, glossary, placement, cues] = await Promise.all([
    read('plan/catalogue.yaml', catalogueSchema),
    read('plan/weeks.yaml', weeksSchema),
    read('plan/resources.yaml', resourcesSchema),
    read('plan/glossary.yaml', glossarySchema),
    read('plan/placement.yaml', placementSchema),
    read('plan/cues.yaml', cuesSchema),
  ]);
  return { catalogue, weeks, resources, glossary, placement, cues };
}

export async function readPlanFile<T>(
  root: string,
  file: string,
  schema: z.ZodType<T>,
  report: Report,
): Promise<PlanFile<T> | undefined> {
  const text = await readFile(join(root, file), 'utf8').catch(() => undefined);
  if (text === undefined) {
    report(1, 'the file is missing', 'It holds a part of the plan; take it from the last commit.');
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (const error of document.errors)
    report(lines.linePos(error.pos[0]).line, `this is no YAML: ${oneLine(error.message)}`, 'Mend the YAML.');
  if (document.errors.length > 0) return undefined;
  const reportAt: PlanFile<T>['reportAt'] = (path, message, remedy) => {
    const offset = offsetOf(document.contents, path);
    report(offset === undefined ? 1 : lines.linePos(offset).line, message, remedy);
  };
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return { value: parsed.data, reportAt };
  for (const issue of parsed.error.issues) reportIssue(issue, schema, reportAt);
  return undefined;
}

function reportIssue(issue: z.core.$ZodIssue, schema: z.ZodType, reportAt: PlanFile<unknown>['reportAt']): void {
  const name = issue.path.join('.') || 'the file';
  const part = schemaAt(schema, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = part instanceof z.ZodObject ? `It may have: ${Object.keys(part.shape).join(', ')}.` : 'Take it away.';
    for (const key of issue.keys)
      reportAt([...issue.path, key], `${name}: there is no key ${JSON.stringify(key)}`, known);
    return;
  }
  const message = issue.message.endsWith('received undefined') ? 'it is missing' : issue.message;
  reportAt(
    issue.path,
    `${name}: ${message}`,
    part?.description === undefined ? 'Mend it.' : `It is: ${part.description}.`,
  );
}

/** The schema of the value at a path. */
function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let at: unknown = schema;
  for (const key of path) {
    if (at instanceof z.ZodOptional || at instanceof z.ZodDefault) at = at.unwrap();
    if (at instanceof z.ZodArray) at = at.element;
    else if (at instanceof z.ZodObject) at = (at.shape as Record<PropertyKey, unknown>)[key];
    else return undefined;
  }
  return at instanceof z.ZodType ? at : undefined;
}

/** Where the key (in a map) or the item (in a list) at a path begins, or the nearest one above it that exists. */
function offsetOf(contents: unknown, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = contents;
  let offset: number | undefined;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

function oneLine(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/ at line \d+, column \d+:?$/, '');
}
