import type { Code, Html, Nodes, RootContent } from 'mdast';

import { MARKER_KINDS, parseMarker } from '#src/content/fence.ts';
import { lineOf, sourceOf } from '#src/content/markdown.ts';
import type { Page } from '#src/content/page.ts';
import type { Report } from '#src/content/problem.ts';

const APART = 'Put it at the left margin, between paragraphs.';
const READ_APART = ['sql', 'python', 'scene', 'output', 'mermaid'];

/**
 * Finds what an author meant to be read and a reader would pass over in silence: a block inside a list, a marker in the
 * middle of a line, text that HTML has swallowed, a fold or a fence without an end.
 */
export function checkPlacement(page: Page, report: Report): void {
  let open: Html | undefined;
  for (const node of page.tree.children) {
    if (node.type === 'html') open = checkHtml(node, open, report);
    else if (node.type === 'code') checkEnd(node, page, report);
    else visitInner(node, report);
    if (node.type === 'heading' && node.depth <= 3 && open !== undefined) {
      report(lineOf(open), 'the <details> is not closed before the next heading', 'Write </details> where it ends.');
      open = undefined;
    }
  }
  if (open !== undefined) report(lineOf(open), 'the <details> is not closed', 'Write </details> where it ends.');
}

/** Checks one piece of HTML; gives the `<details>` that is open after it. */
function checkHtml(node: Html, open: Html | undefined, report: Report): Html | undefined {
  if (/^<!--(?:(?!-->)[\s\S])*-->$/.test(node.value.trim())) {
    checkComment(node, report);
    return open;
  }
  const rest = node.value.replace(/<summary>[^<]*<\/summary>|<\/?details(?: open)?>/g, '').trim();
  if (/^<[a-z/]/i.test(rest)) refuseHtml(node, report);
  else if (rest !== '')
    report(
      lineOf(node) + node.value.slice(0, node.value.indexOf(rest)).split('\n').length - 1,
      `HTML has swallowed ${JSON.stringify(rest.split('\n')[0])}`,
      'Leave an empty line after a line of HTML.',
    );
  for (const [tag] of node.value.matchAll(/<\/?details\b/g)) {
    if (tag === '<details') {
      if (open !== undefined) report(lineOf(node), 'a <details> stands inside another', 'Close the first one before.');
      open = node;
    } else {
      if (open === undefined) report(lineOf(node), 'nothing is open that this </details> closes', 'Take it away.');
      open = undefined;
    }
  }
  return open;
}

function checkComment(node: Html, report: Report): void {
  if (parseMarker(node.value) !== undefined) return;
  const word = /^<!--\s*([a-z]+)\s*(:?)/i.exec(node.value);
  const meant = (MARKER_KINDS as readonly string[]).includes(word?.[1]?.toLowerCase() ?? '');
  if (meant || word?.[2] === ':')
    report(
      lineOf(node),
      `can't read the marker ${node.value}`,
      `Markers look like <!-- quiz:an-id --> or <!-- deep -->; known: ${MARKER_KINDS.join(', ')}.`,
    );
}

function checkEnd(node: Code, page: Page, report: Report): void {
  const lines = sourceOf(page.markdown, [node]).split('\n');
  const fence = /^(`{3,}|~{3,})/.exec(lines[0] ?? '')?.[1];
  const last = lines.length < 2 ? '' : (lines.at(-1) ?? '').trim();
  if (fence !== undefined && !(last.startsWith(fence) && /^(`+|~+)$/.test(last)))
    report(lineOf(node), 'the fence is not closed', `Write ${fence} on a line of its own where it ends.`);
}

/** Inside paragraphs, lists, quotations and tables there is only text. */
function visitInner(node: RootContent | Nodes, report: Report): void {
  if (node.type === 'code' && (READ_APART.includes(node.lang ?? '') || node.meta?.startsWith('{') === true))
    report(lineOf(node), 'a block inside a list or a quotation is not read', APART);
  if (node.type === 'html') {
    // A closing tag belongs to an opening one, which is reported.
    if (/^<[a-z]/i.test(node.value)) refuseHtml(node, report);
    else if (/^<!--\s*[a-z]+\s*:/i.test(node.value) || parseMarker(node.value) !== undefined)
      report(lineOf(node), `the marker ${node.value} stands inside text and is not read`, APART);
  }
  if ('children' in node) for (const child of node.children) visitInner(child, report);
}

function refuseHtml(node: Html, report: Report): void {
  report(
    lineOf(node),
    `the HTML ${JSON.stringify(node.value.trim().split('\n')[0])} is not shown in the app`,
    'Write it as Markdown; of HTML only <details>, <summary> and comments are read.',
  );
}
