import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

import type { Nodes } from 'mdast';
import { toString } from 'mdast-util-to-string';

import { parseMarkdown, slugger } from '#src/content/markdown.ts';
import type { Report } from '#src/content/problem.ts';

export interface LinkTarget {
  /** Relative to the clone, with forward slashes. */
  readonly file: string;
  readonly markdown: string;
}

interface Known {
  readonly glossary: ReadonlySet<string>;
  readonly targets: readonly LinkTarget[];
}

/** Links within the project must lead to a file that exists and, in a guide or the glossary, to an anchor that exists. */
export function checkLinks(root: string, { file, markdown }: LinkTarget, known: Known, report: Report): void {
  const tree = parseMarkdown(markdown);
  const anchors = new Map(known.targets.map((target) => [target.file, anchorsOf(target.markdown)]));
  visit(tree, (node) => {
    if (node.type !== 'link' && node.type !== 'image' && node.type !== 'definition') return;
    const line = node.position?.start.line ?? 1;
    if (/^[a-z][a-z0-9+.-]*:/i.test(node.url)) {
      if (!/^(https|mailto):/.test(node.url))
        report(line, `the link ${node.url} is not https`, 'Link to the secure address.');
      return;
    }
    const [path = '', anchor] = node.url.split('#');
    const target = path === '' ? file : posix.normalize(posix.join(posix.dirname(file), path));
    if (target.startsWith('..'))
      return report(line, `the link ${node.url} leaves the project`, 'Link to a file of the project.');
    if (target === 'GLOSSARY.md') {
      if (anchor !== undefined && !known.glossary.has(anchor))
        report(
          line,
          `the glossary has no term ${JSON.stringify(anchor)}`,
          'Add it to plan/glossary.yaml, or use one that is there.',
        );
      return;
    }
    if (!existsSync(join(root, dirname(target), posix.basename(target))))
      return report(line, `the link ${node.url} leads to no file`, 'Correct the path; it is relative to this file.');
    if (anchor !== undefined && anchors.get(target)?.has(anchor) === false)
      report(line, `${target} has no anchor #${anchor}`, 'Anchors are made of the headings, as code hosts do.');
  });
}

export function anchorsOf(markdown: string): Set<string> {
  const slug = slugger();
  const anchors = new Set<string>();
  visit(parseMarkdown(markdown), (node) => {
    if (node.type === 'heading') anchors.add(slug(toString(node)));
  });
  return anchors;
}

function visit(node: Nodes, take: (node: Nodes) => void): void {
  take(node);
  if ('children' in node) for (const child of node.children) visit(child, take);
}
