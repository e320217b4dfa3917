import { toHtml } from 'hast-util-to-html';
import type { Link, Nodes, RootContent } from 'mdast';
import { toHast } from 'mdast-util-to-hast';

import type { Term } from '#src/content/content.ts';
import { parseMarkdown } from '#src/content/markdown.ts';

/** Text for use in HTML, also inside double-quoted attributes. */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Ordinary Markdown nodes as HTML. Raw HTML of an author is dropped: guides need none. */
export function nodesToHtml(nodes: readonly RootContent[], links: Links): string {
  const tree = structuredClone({ type: 'root', children: [...nodes] }) as Nodes;
  links.rewrite(tree);
  // What is wider than a phone scrolls by keyboard, too.
  return toHtml(toHast(tree))
    .replaceAll('<pre><code', '<pre tabindex="0"><code')
    .replaceAll('<table>', '<table tabindex="0">');
}

/** A sentence or an option of an author, without its paragraph. */
export function inlineHtml(markdown: string, terms: readonly Term[]): string {
  const { children } = parseMarkdown(markdown);
  const [only] = children;
  return nodesToHtml(children.length === 1 && only?.type === 'paragraph' ? only.children : children, new Links(terms));
}

/** Turns links between files into links between pages, and glossary links into terms that explain themselves. */
export class Links {
  readonly #terms: ReadonlyMap<string, Term>;
  readonly #used = new Set<string>();

  constructor(terms: readonly Term[]) {
    this.#terms = new Map(terms.map((term) => [term.anchor, term]));
  }

  rewrite(node: Nodes): void {
    if (node.type === 'link') this.#link(node);
    if ('children' in node) for (const child of node.children) this.rewrite(child);
  }

  /** The definitions that the page's terms point at, hidden until a term is hovered or focused. */
  definitions(): string {
    const rows = [...this.#used].map(
      (anchor) => `<span id="def-${anchor}" role="tooltip">${escape(this.#terms.get(anchor)?.definition ?? '')}</span>`,
    );
    return rows.length === 0 ? '' : `<div class="definitions" hidden>${rows.join('')}</div>`;
  }

  #link(node: Link): void {
    const term = this.#terms.get(/^(?:\.\.\/)*GLOSSARY\.md#(.+)$/.exec(node.url)?.[1] ?? '');
    if (term !== undefined) {
      this.#used.add(term.anchor);
      node.url = `/glossary/#${term.anchor}`;
      node.data = {
        hProperties: {
          className: ['term'],
          'aria-describedby': [`def-${term.anchor}`],
          'data-definition': term.definition,
        },
      };
      return;
    }
    const guide = /^(?:\.\/|(?:\.\.\/)*concepts\/)?(\d\d-[a-z0-9-]+)\.md(#.*)?$/.exec(node.url);
    if (guide !== null) node.url = `/concepts/${guide[1]}/${guide[2] ?? ''}`;
    const readme = /^(?:\.\.\/)+README\.md(#.*)?$/.exec(node.url);
    if (readme !== null) node.url = `/${readme[1] ?? ''}`;
    const lab = /^(?:\.\.\/)*((?:challenges|projects)\/\d\d-[a-z0-9-]+)\/(?:README\.md)?(#.*)?$/.exec(node.url);
    if (lab !== null) node.url = `/${lab[1]}/${lab[2] ?? ''}`;
    else if (/^https:/.test(node.url))
      node.data = { hProperties: { rel: ['noopener', 'noreferrer'], target: '_blank' } };
  }
}
