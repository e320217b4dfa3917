import type { Content, Term } from '#src/content/content.ts';
import type { Block, Guide } from '#src/content/guide.ts';
import type { Lab } from '#src/content/lab.ts';
import { pictureQuestion, survivesQuestion, type MadeQuestion } from '#src/content/mistake-cards.ts';
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

/** The questions and takeaways of a guide, by their keys: made with the site, so that the browser needs no Markdown. */
export async function cardPages(guide: Guide, { glossary, takeaways }: Content): Promise<Record<string, CardPage>> {
  const own = takeaways.filter((one) => one.guide === guide.id);
  const pages = guide.questions.map(async (question) => {
    const block = guide.blocks.find(({ id }) => id === question.block);
    return [question.id, await pageOf(question, { home: `/concepts/${guide.id}/`, block }, glossary)] as const;
  });
  const lines = own.map(async ({ id, cue, text }) => {
    const asked = await pageOf({ ...NOTHING, text: cue }, { home: `/concepts/${guide.id}/` }, glossary);
    const answer = await pageOf({ ...NOTHING, text }, { home: `/concepts/${guide.id}/` }, glossary);
    return [`takeaway/${id}`, { ...asked, block: answer.text }] as const;
  });
  return Object.fromEntries(await Promise.all([...pages, ...lines]));
}

/** The questions that are made from a lab's mistakes. */
export async function labCardPages(lab: Lab, { mistakes, glossary }: Content): Promise<Record<string, CardPage>> {
  const own = mistakes.filter((one) => one.lab === lab.id);
  const home = `/${lab.path}/`;
  const pages = own.flatMap((mistake) => [
    async () => {
      const asked = await survivesQuestion(lab, mistake);
      return [`survives/${mistake.name}`, await pageOf(asked, { home }, glossary)] as const;
    },
    async () => {
      const asked = pictureQuestion(lab, mistake, mistakes);
      return [`picture/${mistake.name}`, await pageOf(asked, { home }, glossary)] as const;
    },
  ]);
  return Object.fromEntries(await Promise.all(pages.map((make) => make())));
}

const NOTHING = { options: [], answer: [], explanations: {} };

async function pageOf(
  question: MadeQuestion,
  { home, block }: { home: string; block?: Block | undefined },
  terms: readonly Term[],
): Promise<CardPage> {
  const links = new Links(terms);
  const html = async (markdown: string, isInline: boolean): Promise<string> => {
    const { children } = parseMarkdown(markdown);
    const [only] = children;
    const nodes = isInline && children.length === 1 && only?.type === 'paragraph' ? only.children : children;
    const parts = nodes.map(async (node) =>
      node.type === 'code' ? codeHtml(await highlight(node.value, node.lang ?? 'text')) : nodesToHtml([node], links),
    );
    // An anchor of the page that it comes from is none of this page.
    return (await Promise.all(parts)).join('').replaceAll('href="#', `href="${home}#`);
  };
  const byLetter = async (entries: readonly (readonly [string, string])[]): Promise<Record<string, string>> =>
    Object.fromEntries(await Promise.all(entries.map(async ([key, words]) => [key, await html(words, true)] as const)));
  const text = await html(question.text, false);
  const options = await byLetter(question.options.map(({ letter, text: words }) => [letter, words]));
  const why = await byLetter(Object.entries(question.explanations));
  return { text: text + links.definitions(), options, why, block: block === undefined ? '' : await blockHtml(block) };
}

async function blockHtml({ code, language, recording }: Block): Promise<string> {
  const output = escape(recording?.text ?? '');
  return `<div class="cell"><div class="cell-code">${await highlight(code, language)}</div><pre tabindex="0" role="region" aria-label="What it printed"><code>${output}</code></pre></div>`;
}

/** Code in an option scrolls by itself, also by keyboard. */
function codeHtml(shiki: string): string {
  return shiki.replace('<pre class="shiki"', '<pre class="shiki option-code" role="group" aria-label="The program"');
}
