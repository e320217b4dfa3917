import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Guide } from '#src/content/guide.ts';
import { parseGuide } from '#src/content/guide-parser.ts';
import { checkLinks, type LinkTarget } from '#src/content/links.ts';
import {
  catalogueSchema,
  glossarySchema,
  readPlanFile,
  resourcesSchema,
  weeksSchema,
  type Catalogue,
  type Glossary,
  type Resources,
  type Weeks,
} from '#src/content/plan.ts';
import { ContentError, type Problem, type Report } from '#src/content/problem.ts';

/** Everything authors wrote, validated and frozen. */
export interface Content {
  /** Guides that are written, by number. */
  readonly guides: readonly Guide[];
  readonly groups: readonly { readonly title: string; readonly guides: readonly CatalogueGuide[] }[];
  readonly labs: readonly Lab[];
  readonly weeks: Weeks['weeks'];
  readonly milestones: Weeks['milestones'];
  readonly resources: Resources;
  readonly glossary: readonly Term[];
}

export interface CatalogueGuide {
  readonly id: string;
  readonly number: string;
  readonly title: string;
  /** Relative to the clone. */
  readonly path: string;
  readonly written: boolean;
}

export type Lab = Catalogue['labs'][number] & { readonly number: string; readonly written: boolean };

export interface Term {
  readonly term: string;
  readonly anchor: string;
  readonly definition: string;
}

/** Reads guides, labs and plan of a clone. All mistakes come together, as one ContentError. */
export async function loadContent(root: string): Promise<Content> {
  const problems: Problem[] = [];
  const reporter =
    (file: string): Report =>
    (line, message, remedy) =>
      void problems.push({ file, line, message, remedy });
  const plan = await readPlan(root, reporter);
  const groups = (plan.catalogue?.groups ?? []).map(({ title, guides }) => ({
    title,
    guides: guides.map((guide) => inCatalogue(root, guide)),
  }));
  const labs = (plan.catalogue?.labs ?? []).map((lab) => ({
    ...lab,
    number: lab.path.split('/')[1]?.slice(0, 2) ?? '',
    written: existsSync(join(root, lab.path, 'lab.yaml')),
  }));
  const { guides, targets } = await readGuides(
    root,
    groups.flatMap((group) => group.guides),
    reporter,
  );
  const glossary = terms(plan.glossary);
  checkPlan(plan, groups, labs, reporter);
  const known = { glossary: new Set(glossary.map(({ anchor }) => anchor)), targets };
  for (const target of targets) {
    checkLinks(root, target, known, reporter(target.file));
    checkLabs(target.markdown, labs, reporter(target.file));
  }
  if (problems.length > 0) throw new ContentError(problems);
  return deepFreeze({
    guides,
    groups,
    labs,
    weeks: plan.weeks?.weeks ?? [],
    milestones: plan.weeks?.milestones ?? [],
    resources: plan.resources ?? { books: [], courses: [], tools: [], blogs: [] },
    glossary,
  });
}

interface Plan {
  readonly catalogue: Catalogue | undefined;
  readonly weeks: Weeks | undefined;
  readonly resources: Resources | undefined;
  readonly glossary: Glossary | undefined;
}

async function readPlan(root: string, reporter: (file: string) => Report): Promise<Plan> {
  const [catalogue, weeks, resources, glossary] = await Promise.all([
    readPlanFile(root, 'plan/catalogue.yaml', catalogueSchema, reporter('plan/catalogue.yaml')),
    readPlanFile(root, 'plan/weeks.yaml', weeksSchema, reporter('plan/weeks.yaml')),
    readPlanFile(root, 'plan/resources.yaml', resourcesSchema, reporter('plan/resources.yaml')),
    readPlanFile(root, 'plan/glossary.yaml', glossarySchema, reporter('plan/glossary.yaml')),
  ]);
  return { catalogue, weeks, resources, glossary };
}

function inCatalogue(root: string, { id, title }: { id: string; title: string }): CatalogueGuide {
  const path = `concepts/${id}.md`;
  return { id, number: id.slice(0, 2), title, path, written: existsSync(join(root, path)) };
}

async function readGuides(
  root: string,
  known: readonly CatalogueGuide[],
  reporter: (file: string) => Report,
): Promise<{ guides: Guide[]; targets: LinkTarget[] }> {
  const files = (await readdir(join(root, 'concepts')).catch(() => [])).filter((name) => name.endsWith('.md')).sort();
  const guides: Guide[] = [];
  const targets: LinkTarget[] = [];
  for (const name of files) {
    const file = `concepts/${name}`;
    const id = name.slice(0, -3);
    const entry = known.find((guide) => guide.id === id);
    if (entry === undefined) {
      reporter(file)(1, `${id} is not in plan/catalogue.yaml`, 'Add it there, or move the file elsewhere.');
      continue;
    }
    const markdown = await readFile(join(root, file), 'utf8');
    const guide = parseGuide(id, file, markdown, reporter(file));
    if (guide.title !== entry.title)
      reporter(file)(
        1,
        `the title is ${JSON.stringify(guide.title)}, in plan/catalogue.yaml ${JSON.stringify(entry.title)}`,
        'Make them the same.',
      );
    guides.push(guide);
    targets.push({ file, markdown });
  }
  return { guides, targets };
}

function terms(glossary: Glossary | undefined): Term[] {
  return (glossary?.terms ?? []).map(({ term, definition }) => ({
    term,
    definition,
    anchor: term.replaceAll(' ', '-'),
  }));
}

/** Weeks may only name guides and stages that the catalogue has; ids and terms stand once. */
function checkPlan(
  plan: Plan,
  groups: Content['groups'],
  labs: readonly Lab[],
  reporter: (file: string) => Report,
): void {
  const report = reporter('plan/weeks.yaml');
  const guideIds = new Set(groups.flatMap(({ guides }) => guides.map(({ id }) => id)));
  for (const week of plan.weeks?.weeks ?? []) {
    for (const id of week.guides)
      if (!guideIds.has(id))
        report(
          1,
          `week ${week.number} names the guide ${JSON.stringify(id)}, which is not in the catalogue`,
          'Use an id of plan/catalogue.yaml.',
        );
    for (const { id, stages } of week.labs) {
      const lab = labs.find((other) => other.id === id);
      if (lab === undefined)
        report(
          1,
          `week ${week.number} names the lab ${JSON.stringify(id)}, which is not in the catalogue`,
          'Use an id of plan/catalogue.yaml.',
        );
      else if (stages.some((stage) => stage > lab.stages.length))
        report(1, `week ${week.number} names a stage that ${id} does not have`, `It has ${lab.stages.length}.`);
    }
  }
  for (const [file, names] of [
    [
      'plan/catalogue.yaml',
      [...groups.flatMap(({ guides }) => guides.map(({ id }) => id)), ...labs.map(({ id }) => id)],
    ],
    ['plan/glossary.yaml', (plan.glossary?.terms ?? []).map(({ term }) => term)],
  ] as const) {
    for (const name of new Set(names.filter((name, i) => names.indexOf(name) !== i)))
      reporter(file)(1, `${JSON.stringify(name)} stands twice`, 'Keep one.');
  }
}

/** A lab is named in a guide by its folder or by the command that starts it; either must be one of the catalogue. */
function checkLabs(markdown: string, labs: readonly Lab[], report: Report): void {
  for (const [i, line] of markdown.split('\n').entries()) {
    const folders = [...line.matchAll(/\b(?:projects|challenges)\/\d\d-[a-z0-9-]+/g)].map(([path]) => path);
    const ids = [...line.matchAll(/\.\/dej (?:start|check|watch|hint|reset) ([a-z0-9-]+)/g)].map(([, id = '']) => id);
    for (const path of folders) {
      if (!labs.some((lab) => lab.path === path))
        report(i + 1, `there is no lab ${path}`, 'Use a path of plan/catalogue.yaml.');
    }
    for (const id of ids) {
      if (!labs.some((lab) => lab.id === id))
        report(i + 1, `there is no lab ${JSON.stringify(id)}`, 'Use an id of plan/catalogue.yaml.');
    }
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
