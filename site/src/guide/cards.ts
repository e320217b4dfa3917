import type { Term } from '#src/content/content.ts';
import type { Guide, Question } from '#src/content/guide.ts';
import { parseMarkdown } from '#src/content/markdown.ts';

import { highlight } from './highlight.ts';
import { escape, Links, nodesToHtml } from './html.ts';

/** A question as review shows it, away from its guide. */
export interface CardPage {
  readonly text: string;
  readonly options: Readonly<Record<string, string>>;
  readonly why: Readonly<Record<string, string>>;
  /** The block that settles it, with what it printed; '' where there is none. */
  readonly block: string;
}

/** The questions of a guide, by id: made with the site, so that the browser needs no Markdown. */
export async function cardPages(guide: Guide, terms: readonly Term[]): Promise<Record<string, CardPage>> {
  const pages = guide.questions.map(async (question) => [question.id, await cardPage(guide, question, terms)] as const);
  return Object.fromEntries(await Promise.all(pages));
}

async function cardPage(guide: Guide, question: Question, terms: readonly Term[]): Promise<CardPage> {
  const links = new Links(terms);
  const html = (markdown: string, isInline: boolean): string => {
    const { children } = parseMarkdown(markdown);
    const [only] = children;
    const nodes = isInline && children.length === 1 && only?.type === 'paragraph' ? only.children : children;
    // An anchor of the guide is none of this page.
    return nodesToHtml(nodes, links).replaceAll('href="#', `href="/concepts/${guide.id}/#`);
  };
  const text = html(question.text, false);
  const options = Object.fromEntries(question.options.map(({ letter, text: words }) => [letter, html(words, true)]));
  const why = Object.fromEntries(
    Object.entries(question.explanations).map(([letter, words]) => [letter, html(words, true)]),
  );
  const block = guide.blocks.find(({ id }) => id === question.block);
  const code = block === undefined ? '' : await highlight(block.code, block.language);
  const output = block?.recording?.text ?? '';
  return {
    text: text + links.definitions(),
    options,
    why,
    block:
      block === undefined
        ? ''
        : `<div class="cell"><div class="cell-code">${code}</div><pre tabindex="0" role="region" aria-label="What it printed"><code>${escape(output)}</code></pre></div>`,
  };
}
