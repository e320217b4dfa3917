import { toString } from 'mdast-util-to-string';

import type { Guide, SectionTitle } from '#src/content/guide.ts';
import type { Page } from '#src/content/page.ts';
import type { Report } from '#src/content/problem.ts';
import { nodesOf } from '#src/content/sections.ts';

/** The least and the most of what a complete guide holds. */
const LIMITS = {
  questions: 10,
  variants: 2,
  blocks: 12,
  coreBlocks: 6,
  takeaways: [5, 7],
  resources: [3, 6],
  words: [2000, 4000],
} as const;
const LANGUAGES = ['Python', 'SQL', 'Spark', 'Kafka'];

/** Reports what a guide that the catalogue calls complete still lacks. A guide in the making is not asked. */
export function checkComplete(guide: Guide, page: Page, report: Report): void {
  const lack = (title: SectionTitle | undefined, message: string, remedy: string): void =>
    report(guide.sections.find((section) => section.title === title)?.place.line ?? 1, message, remedy);
  const first = guide.sections[0]?.place.line ?? 1;
  if (!guide.predictions.some(({ place }) => place.line < first))
    lack(undefined, 'the opening has no block with a prediction', 'Open on a block that breaks something.');
  const runnable = guide.blocks.filter(({ norun }) => norun === undefined).length;
  if (runnable < LIMITS.blocks)
    lack('Code Snippets', `${runnable} of ${LIMITS.blocks} blocks can be run`, 'Show by more of them what is said.');
  const variants = guide.questions.filter(({ block }) => block !== undefined).length;
  if (guide.questions.length < LIMITS.questions)
    lack(
      'Quiz Questions',
      `the quiz has ${guide.questions.length} of ${LIMITS.questions} questions`,
      'Write the others.',
    );
  if (variants < LIMITS.variants)
    lack(
      'Quiz Questions',
      `the quiz has ${variants} of ${LIMITS.variants} predictions with a block in the answer`,
      'Write the others: a variant that was not seen, and its block.',
    );
  if (guide.exercises.length === 0)
    lack('Hands-on Projects', 'the guide has no exercise', 'Write one: a block with a hole, under its marker.');
  if (guide.widgets.length === 0)
    lack('Visual Workflows & Diagrams', 'the guide has no interactive picture', 'Add <!-- widget:name -->.');
  if (guide.prompts.length === 0)
    lack('Personal Learning Journal', 'the guide asks nothing for the journal', 'Add <!-- prompt:id --> and its text.');
  const core = guide.blocks.filter((block) => !block.deep && block.norun === undefined && !isInAnswer(guide, block.id));
  if (core.length > LIMITS.coreBlocks + guide.exercises.length)
    lack(
      'Code Snippets',
      `the core has ${core.length} blocks`,
      `Keep it within ${LIMITS.coreBlocks}: mark others as deep.`,
    );
  within('words of prose', guide.words.all, LIMITS.words, (message, remedy) => lack(undefined, message, remedy));
  checkLists(page, lack);
}

function checkLists(page: Page, lack: (title: SectionTitle, message: string, remedy: string) => void): void {
  const headings = nodesOf(page, 'Code Snippets').filter((node) => node.type === 'heading' && node.depth === 3);
  for (const language of LANGUAGES)
    if (!headings.some((heading) => toString(heading).startsWith(language)))
      lack(
        'Code Snippets',
        `no subsection is on ${language}`,
        `Add "### ${language}"; where there is nothing honest to say, say so in a line.`,
      );
  if (!nodesOf(page, 'Visual Workflows & Diagrams').some((node) => node.type === 'code' && node.lang === 'mermaid'))
    lack('Visual Workflows & Diagrams', 'the guide has no diagram', 'Add a ```mermaid fence.');
  for (const [title, limits] of [
    ['Key Takeaways', LIMITS.takeaways],
    ['External Resources', LIMITS.resources],
  ] as const) {
    const items = nodesOf(page, title).reduce(
      (sum, node) => sum + (node.type === 'list' ? node.children.length : 0),
      0,
    );
    within(`items under "${title}"`, items, limits, (message, remedy) => lack(title, message, remedy));
  }
}

function within(
  what: string,
  count: number,
  [least, most]: readonly [number, number],
  lack: (message: string, remedy: string) => void,
): void {
  if (count < least || count > most) lack(`${what}: ${count}`, `A complete guide has ${least} to ${most}.`);
}

function isInAnswer(guide: Guide, block: string): boolean {
  return guide.questions.some((question) => question.block === block);
}
