import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { checkComplete } from '#src/content/complete.ts';
import { readTakeaways, type Takeaway } from '#src/content/cues.ts';
import { checkShared, readExercises, type ExerciseSpec } from '#src/content/exercise.ts';
import type { Guide } from '#src/content/guide.ts';
import { parseGuide } from '#src/content/guide-parser.ts';
import { checkLinks, hasAnchor, type Targets } from '#src/content/links.ts';
import { slugger } from '#src/content/markdown.ts';
import { readMistakes, type Mistake } from '#src/content/mistakes.ts';
import { readPage, type Page } from '#src/content/page.ts';
import type { Catalogue, Placement, Resources, Weeks } from '#src/content/plan.ts';
import { checkPlan } from '#src/content/plan-check.ts';
import { readPlan, type Plan } from '#src/content/plan-reader.ts';
import { primerFile, readPrimer } from '#src/content/primers.ts';
import { ContentError, type Problem, type Report } from '#src/content/problem.ts';
import { checkReferences } from '#src/content/references.ts';

/** Everything authors wrote, validated and frozen. */
export interface Content {
  /** Guides that are written, by number. */
  readonly guides: readonly Guide[];
  /** All guides in their groups, written or not. */
  readonly groups: readonly { readonly title: string; readonly guides: readonly CatalogueGuide[] }[];
  readonly labs: readonly Lab[];
  /** What guides leave to remember, each with the question that calls it back. */
  readonly takeaways: readonly Takeaway[];
  /** The known-wrong programs of the labs that are written. */
  readonly mistakes: readonly Mistake[];
  /** Of the guides that are written. */
  readonly exercises: readonly ExerciseSpec[];
  /** The first lap is the weeks, the second holds the rest. */
  readonly laps: Weeks['laps'];
  readonly weeks: Weeks['weeks'];
  readonly milestones: Weeks['milestones'];
  readonly resources: Resources;
  readonly glossary: readonly Term[];
  readonly placement: Placement;
  /** One for each topic of the placement, read like guides; their ids begin with `primer-`. */
  readonly primers: readonly Guide[];
}

export interface CatalogueGuide {
  readonly id: string;
  readonly number: string;
  readonly title: string;
  /** Relative to the clone. */
  readonly path: string;
  readonly written: boolean;
  /** Held to all that a complete guide has. */
  readonly complete: boolean;
}

export type Lab = Catalogue['labs'][number] & { readonly number: string; readonly written: boolean };

export interface Term {
  readonly term: string;
  /** Of its heading in GLOSSARY.md. */
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
  checkPlan(plan);
  const groups = (plan.catalogue?.value.groups ?? []).map(({ title, guides }) => ({
    title,
    guides: guides.map((guide) => inCatalogue(root, guide)),
  }));
  const labs = (plan.catalogue?.value.labs ?? []).map((lab) => ({
    ...lab,
    number: lab.path.split('/')[1]?.slice(0, 2) ?? '',
    written: existsSync(join(root, lab.path, 'lab.yaml')),
  }));
  const glossary = termsOf(plan);
  const catalogue = groups.flatMap((group) => group.guides);
  // Without a catalogue nothing is known of guides, and each of them would be a mistake that is none.
  const read = plan.catalogue === undefined ? [] : await readGuides(root, catalogue, reporter);
  const guides = read.map(({ guide }) => guide);
  const exercises: ExerciseSpec[] = [];
  for (const { guide, page } of read) {
    const report = reporter(page.file);
    checkShared(exercises, guide, report);
    exercises.push(...(await readExercises(root, guide, report)));
  }
  const targets: Targets = {
    root,
    glossary: new Set(glossary.map(({ anchor }) => anchor)),
    planned: [...catalogue, ...labs].filter(({ written }) => !written).map(({ path }) => path),
    anchors: new Map(),
  };
  for (const { guide, page } of read) {
    const report = reporter(page.file);
    checkLinks(page, targets, report);
    checkReferences(page, { guides, labs }, report);
    if (catalogue.find(({ id }) => id === guide.id)?.complete === true) checkComplete(guide, page, report);
  }
  const written = labs.filter((lab) => lab.written);
  const mistakes = (await Promise.all(written.map(({ path }) => readMistakes(root, path)))).flat();
  const takeaways = readTakeaways(plan.cues, read);
  const primers = await readPrimers(root, plan, targets, reporter);
  if (problems.length > 0) throw new ContentError(problems);
  return deepFreeze({
    guides,
    primers,
    placement: plan.placement?.value ?? { minutes: 0, topics: [], questions: [] },
    groups,
    labs,
    takeaways,
    mistakes,
    exercises,
    laps: plan.weeks?.value.laps ?? [],
    weeks: plan.weeks?.value.weeks ?? [],
    milestones: plan.weeks?.value.milestones ?? [],
    resources: plan.resources?.value ?? { books: [], courses: [], tools: [], blogs: [] },
    glossary,
  });
}

async function readPrimers(
  root: string,
  { placement }: Plan,
  targets: Targets,
  reporter: (file: string) => Report,
): Promise<Guide[]> {
  const primers: Guide[] = [];
  for (const [t, topic] of (placement?.value.topics ?? []).entries()) {
    const report = reporter(primerFile(topic.id));
    const read = await readPrimer(root, topic, report);
    if (read !== undefined) {
      checkLinks(read.page, targets, report);
      primers.push(read.guide);
    }
    for (const [s, part] of topic.skips.entries()) {
      const [guide = '', anchor = ''] = part.split('#');
      const file = `concepts/${guide}.md`;
      if (!targets.planned.includes(file) && !hasAnchor(file, anchor, targets))
        placement?.reportAt(
          ['topics', t, 'skips', s],
          `${file} has no part #${anchor}`,
          'Name a heading that is there.',
        );
    }
  }
  return primers;
}

function inCatalogue(
  root: string,
  { id, title, complete }: { id: string; title: string; complete: boolean },
): CatalogueGuide {
  const path = `concepts/${id}.md`;
  return { id, number: id.slice(0, 2), title, path, written: existsSync(join(root, path)), complete };
}

async function readGuides(
  root: string,
  catalogue: readonly CatalogueGuide[],
  reporter: (file: string) => Report,
): Promise<{ guide: Guide; page: Page }[]> {
  const files = (await readdir(join(root, 'concepts')).catch(() => [])).filter((name) => name.endsWith('.md')).sort();
  const read: { guide: Guide; page: Page }[] = [];
  for (const name of files) {
    const file = `concepts/${name}`;
    const id = name.slice(0, -3);
    const entry = catalogue.find((guide) => guide.id === id);
    if (entry === undefined) {
      reporter(file)(1, `${id} is not in plan/catalogue.yaml`, 'Add it there, or move the file elsewhere.');
      continue;
    }
    const page = readPage(file, await readFile(join(root, file), 'utf8'));
    const guide = parseGuide(id, page, reporter(file));
    if (guide.title !== entry.title)
      reporter(file)(
        1,
        `the title is ${JSON.stringify(guide.title)}, in plan/catalogue.yaml ${JSON.stringify(entry.title)}`,
        'Make them the same.',
      );
    read.push({ guide, page });
  }
  return read;
}

function termsOf({ glossary }: Plan): Term[] {
  return (glossary?.value.terms ?? []).map(({ term, definition }) => ({ term, definition, anchor: slugger()(term) }));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
