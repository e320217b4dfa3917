import type { Code, List, ListItem, Paragraph, RootContent, Table } from 'mdast';
import { toString } from 'mdast-util-to-string';

import type { Content } from '#src/content/content.ts';
import { parseMarkdown, slugger } from '#src/content/markdown.ts';

import { highlight } from '../guide/highlight.ts';
import { escape, Links, nodesToHtml } from '../guide/html.ts';

/** A lab's README, taken apart: its page shows one stage at a time. */
export interface Brief {
  /** Story, how to begin, the contract. */
  readonly before: string;
  /** What each stage asks and how the program will be hurt, in order. */
  readonly stages: readonly string[];
  /** What stands below the stages. */
  readonly after: string;
  readonly headings: { depth: number; slug: string; text: string }[];
}

export async function readBrief(markdown: string, content: Content): Promise<Brief> {
  const nodes = parseMarkdown(markdown).children.filter((node) => node.type !== 'heading' || node.depth > 1);
  const at = nodes.findIndex((node) => node.type === 'heading' && /stages$/i.test(toString(node)));
  const list = nodes.findIndex((node, index) => index > at && node.type === 'list' && node.ordered === true);
  const page = new BriefPage(content);
  if (at === -1 || list === -1) return { ...(await page.whole(nodes)), stages: [], after: '' };
  const before = await page.html(nodes.slice(0, at));
  const items = (nodes[list] as List).children;
  const stages = items.map((item) => page.inner(withoutTitle(item)));
  const after = await page.html([...nodes.slice(at + 1, list), ...nodes.slice(list + 1)]);
  return { before, stages, after: after + page.definitions(), headings: page.headings };
}

/** The item's title in bold stands in the stage's head already. */
function withoutTitle({ children }: ListItem): RootContent[] {
  const [first, ...rest] = children;
  if (first?.type !== 'paragraph' || first.children[0]?.type !== 'strong') return children;
  const [, next, ...more] = first.children;
  const trimmed = next?.type === 'text' ? { ...next, value: next.value.trimStart() } : next;
  const paragraph: Paragraph = { ...first, children: trimmed === undefined ? [] : [trimmed, ...more] };
  return paragraph.children.length === 0 ? rest : [paragraph, ...rest];
}

class BriefPage {
  readonly headings: Brief['headings'] = [];
  readonly #links: Links;
  readonly #slug = slugger();

  constructor(content: Content) {
    this.#links = new Links(content.glossary);
  }

  async whole(nodes: readonly RootContent[]): Promise<{ before: string; headings: Brief['headings'] }> {
    return { before: (await this.html(nodes)) + this.definitions(), headings: this.headings };
  }

  async html(nodes: readonly RootContent[]): Promise<string> {
    const parts: string[] = [];
    for (const node of nodes) parts.push(await this.#part(node));
    return parts.join('\n');
  }

  inner(nodes: readonly RootContent[]): string {
    return nodesToHtml(nodes, this.#links);
  }

  definitions(): string {
    return this.#links.definitions();
  }

  async #part(node: RootContent): Promise<string> {
    if (node.type === 'code')
      return isCommands(node) ? commands(node.value) : highlight(node.value, node.lang ?? 'text');
    if (node.type === 'table')
      return `<div class="table-scroll" tabindex="0" role="region" aria-label="Table: ${escape(columnsOf(node))}">${this.inner([node])}</div>`;
    if (node.type !== 'heading') return this.inner([node]);
    const text = toString(node);
    const slug = this.#slug(text);
    this.headings.push({ depth: node.depth, slug, text });
    return `<h${node.depth} id="${slug}">${this.inner(node.children)}</h${node.depth}>`;
  }
}

function columnsOf({ children }: Table): string {
  return (children[0]?.children ?? []).map((cell) => toString(cell)).join(', ');
}

function isCommands({ value }: Code): boolean {
  return value.split('\n').every((line) => line.startsWith('./dej ') || line.trim() === '');
}

/** Commands of ours, each to be copied with a click; a remark behind # stands beside it. */
function commands(code: string): string {
  const rows = code.split('\n').filter((line) => line.trim() !== '');
  return `<div class="commands">${rows.map(command).join('')}</div>`;
}

function command(line: string): string {
  const [, text = line, remark = ''] = /^(.*?)(?:\s+#\s*(.*))?$/.exec(line) ?? [];
  const beside = remark === '' ? '' : `<span class="command-remark">${escape(remark)}</span>`;
  return `<copy-line><code>${escape(text)}</code>${beside}</copy-line>`;
}
