import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

import type { Nodes, Root } from 'mdast';
import { toString } from 'mdast-util-to-string';

import { lineOf, parseMarkdown, slugger } from '#src/content/markdown.ts';
import type { Page } from '#src/content/page.ts';
import type { Report } from '#src/content/problem.ts';

/** What links of the project may lead to. */
export interface Targets {
  /** The clone. */
  readonly root: string;
  /** Anchors of GLOSSARY.md, which is made from the plan and may be older than it. */
  readonly glossary: ReadonlySet<string>;
  /** Files and folders that the catalogue promises and that aren't there yet. */
  readonly planned: readonly string[];
  /** Anchors of Markdown files, by file; filled as links ask for them. */
  readonly anchors: Map<string, ReadonlySet<string>>;
}

/** Links within the project must lead to a file that exists and, in Markdown, to an anchor that exists. */
export function checkLinks(page: Page, targets: Targets, report: Report): void {
  targets.anchors.set(page.file, anchorsIn(page.tree));
  visit(page.tree, (node) => {
    if (node.type !== 'link' && node.type !== 'image' && node.type !== 'definition') return;
    if (/^[a-z][a-z0-9+.-]*:/i.test(node.url)) {
      if (!/^(https|mailto):/.test(node.url))
        report(lineOf(node), `the link ${node.url} is not https`, 'Link to the secure address.');
    } else checkInner(node.url, page, targets, (message, remedy) => report(lineOf(node), message, remedy));
  });
}

function checkInner(
  url: string,
  page: Page,
  { root, glossary, planned, anchors }: Targets,
  report: (message: string, remedy: string) => void,
): void {
  const [path = '', anchor] = decoded(url).split('#');
  const target = path === '' ? page.file : posix.join(posix.dirname(page.file), path);
  if (target.startsWith('..')) return report(`the link ${url} leaves the project`, 'Link to a file of the project.');
  if (target === 'GLOSSARY.md') {
    if (anchor !== undefined && !glossary.has(anchor))
      report(
        `the glossary has no term ${JSON.stringify(anchor)}`,
        'Add it to plan/glossary.yaml, or use one that is there.',
      );
    return;
  }
  if (!existsSync(join(root, target)))
    return planned.includes(target.replace(/\/$/, ''))
      ? report(`the link ${url} leads to what is not written yet`, 'Give its title without a link until it is.')
      : report(`the link ${url} leads to no file`, 'Correct the path; it is relative to this file.');
  if (anchor !== undefined && target.endsWith('.md') && !anchorsOfFile(root, target, anchors).has(anchor))
    report(`${target} has no anchor #${anchor}`, 'Anchors are made of the headings, as code hosts do.');
}

/** Whether a Markdown file of the project has a heading with this anchor. */
export function hasAnchor(file: string, anchor: string, { root, anchors }: Targets): boolean {
  return existsSync(join(root, file)) && anchorsOfFile(root, file, anchors).has(anchor);
}

function anchorsOfFile(root: string, file: string, known: Map<string, ReadonlySet<string>>): ReadonlySet<string> {
  let anchors = known.get(file);
  if (anchors === undefined) known.set(file, (anchors = anchorsOf(readFileSync(join(root, file), 'utf8'))));
  return anchors;
}

/** Anchors of a Markdown text's headings, as code hosts make them. */
export function anchorsOf(markdown: string): Set<string> {
  return anchorsIn(parseMarkdown(markdown));
}

function anchorsIn(tree: Root): Set<string> {
  const slug = slugger();
  const anchors = new Set<string>();
  visit(tree, (node) => {
    if (node.type === 'heading') anchors.add(slug(toString(node)));
  });
  return anchors;
}

function visit(node: Nodes, take: (node: Nodes) => void): void {
  take(node);
  if ('children' in node) for (const child of node.children) visit(child, take);
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}
