import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { toString } from 'mdast-util-to-string';

import { BlockReader } from '#src/content/block-reader.ts';
import type { Guide } from '#src/content/guide.ts';
import { readPage, type Page } from '#src/content/page.ts';
import { checkPlacement } from '#src/content/placement.ts';
import type { Report } from '#src/content/problem.ts';
import { countWords } from '#src/content/words.ts';

/** Five minutes at a reader's pace, with a block to run. */
const WORDS = 350;

export function primerFile(topic: string): string {
  return `docs/primers/${topic}.md`;
}

/** A primer is a small guide: a page with blocks, and nothing that is graded. Undefined where its file is missing. */
export async function readPrimer(
  root: string,
  topic: { readonly id: string; readonly title: string },
  report: Report,
): Promise<{ guide: Guide; page: Page } | undefined> {
  const file = primerFile(topic.id);
  const text = await readFile(join(root, file), 'utf8').catch(() => undefined);
  if (text === undefined) {
    report(1, `the primer on ${topic.title} is missing`, 'Write it, or take its topic out of plan/placement.yaml.');
    return undefined;
  }
  const page = readPage(file, text);
  const [first] = page.tree.children;
  const title = first?.type === 'heading' && first.depth === 1 ? toString(first) : '';
  if (title !== topic.title)
    report(
      1,
      `the title is ${JSON.stringify(title)}, in plan/placement.yaml ${JSON.stringify(topic.title)}`,
      'Make them the same.',
    );
  checkPlacement(page, report);
  const id = `primer-${topic.id}`;
  const blocks = new BlockReader(id, file, report);
  for (const node of page.tree.children)
    if (node.type === 'code')
      blocks.take(node, { deep: false, folded: false, exercise: false, under: { title: '', anchor: '' } });
  const read = blocks.finish();
  if (read.length === 0) report(1, 'the primer has no block to run', 'Show with one what it says.');
  const words = countWords(page.tree);
  if (words.all > WORDS)
    report(1, `the primer has ${words.all} words`, `Keep it within ${WORDS}: it is read in five minutes.`);
  const guide: Guide = {
    id,
    number: '',
    title,
    opening: '',
    sections: [],
    blocks: read,
    predictions: [],
    questions: [],
    exercises: [],
    prompts: [],
    widgets: [],
    words,
    place: { file, line: 1 },
  };
  return { guide, page };
}
