import type { Nodes, Root, RootContent } from 'mdast';
import { toString } from 'mdast-util-to-string';

import { parseMarker } from '#src/content/fence.ts';

/** Sections that are not read from start to end: their words don't count as prose. */
const APART = ['External Resources', 'Quiz Questions', 'Hands-on Projects', 'Personal Learning Journal'];

/** Words of prose: code, outputs, markup and the sections apart left out. Core leaves out the deep subsections too. */
export function countWords(tree: Root): { all: number; core: number } {
  let all = 0;
  let core = 0;
  let deep = false;
  let apart = false;
  for (const [i, node] of tree.children.entries()) {
    if (node.type === 'heading' && node.depth <= 3) deep = node.depth === 3 && isDeep(tree.children[i - 1]);
    if (node.type === 'heading' && node.depth === 2) apart = APART.includes(toString(node));
    if (apart) continue;
    const words = wordsOf(node);
    all += words;
    if (!deep) core += words;
  }
  return { all, core };
}

/** Cells and items are counted one by one: put together without a space, the last word of one would join the next. */
function wordsOf(node: Nodes): number {
  if (node.type === 'code' || node.type === 'html') return 0;
  if (node.type === 'paragraph' || node.type === 'heading' || node.type === 'tableCell' || !('children' in node)) {
    return toString(node)
      .split(/\s+/)
      .filter((word) => /\p{L}|\p{N}/u.test(word)).length;
  }
  return node.children.reduce((sum, child) => sum + wordsOf(child), 0);
}

export function isDeep(node: RootContent | undefined): boolean {
  return node?.type === 'html' && parseMarker(node.value)?.kind === 'deep';
}
