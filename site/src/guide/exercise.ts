import type { ExerciseSpec } from '#src/content/exercise.ts';
import type { Block } from '#src/content/guide.ts';
import { parseMarkdown } from '#src/content/markdown.ts';

import { highlight } from './highlight.ts';
import { escape, nodesToHtml, type Links } from './html.ts';

const RUNGS = ['the remedy', 'how', 'nearly the answer'];

/** An exercise: readable as it is, with its hints folded; the island checks it, and opens one hint after the other. */
export async function exerciseCell(
  spec: ExerciseSpec,
  block: Block,
  { engine, links }: { engine: string; links: Links },
): Promise<string> {
  const hints = spec.hints.map((hint, at) => {
    const body = nodesToHtml(parseMarkdown(hint).children, links);
    return `<details class="hint"><summary>Hint ${at + 1} of ${spec.hints.length}: ${RUNGS[at]}</summary>${body}</details>`;
  });
  const solution = await highlight(spec.solution, block.language);
  return [
    `<exercise-cell id="block-${spec.id}" data-guide="${spec.guide}" data-exercise="${spec.id}" data-language="${block.language}" data-extension="${spec.extension}">`,
    `<div class="cell"><div class="cell-head"><span class="cell-engine">Exercise · about ${spec.minutes} minutes · ${escape(engine)}</span><span class="cell-name">${spec.id}</span></div>`,
    `<div class="cell-code">${await highlight(block.code, block.language)}</div>`,
    '<div class="cell-live"><p class="only-static">It is checked when the page runs in the app.</p></div>',
    `<div class="hints">${hints.join('')}<details class="hint solution"><summary>One solution</summary>${solution}</details></div>`,
    '</div></exercise-cell>',
  ].join('');
}
