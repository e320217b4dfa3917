import type { Root, RootContent } from 'mdast';
import { toString } from 'mdast-util-to-string';

import { parseMarker } from '#src/content/fence.ts';

/** Sections that are not read from start to end: their words don't count as prose. */
const APART = ['External Resources', 'Quiz Questions', 'Personal Learning Journal'];

/** Words of prose: code, outputs, markup and the sections apart left out. Core leaves out the deep subsections too. */
export function countWords(tree: Root): { all: number; core: number } {
  let all = 0;
  let core = 0;
  let deep = false;
  let apart = false;
  for (const [i, node] of tree.children.entries()) {
    if (node.type === 'heading' && node.depth <= 3) deep = node.depth === 3 && isDeep(tree.children[i - 1]);
    if (node.type === 'heading' && node.depth === 2) apart = APART.includes(toString(node));
    if (apart || node.type === 'code' || node.type === 'html') continue;
    const words = toString(node)
      .split(/\s+/)
      .filter((word) => /\p{L}|\p{N}/u.test(word)).length;
    all += words;
    if (!deep) core += words;
  }
  return { all, core };
}

function isDeep(node: RootContent | undefined): boolean {
  return node?.type === 'html' && parseMarker(node.value)?.kind === 'deep';
}
