import type { Root } from 'mdast';

import { parseMarkdown } from '#src/content/markdown.ts';

/** One Markdown file, read once: its readers and checks share the tree. */
export interface Page {
  /** Relative to the clone, with forward slashes. */
  readonly file: string;
  /** With `\n` at the end of lines, so that code and recordings are the same in every checkout. */
  readonly markdown: string;
  readonly tree: Root;
}

export function readPage(file: string, text: string): Page {
  const markdown = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  return { file, markdown, tree: parseMarkdown(markdown) };
}
