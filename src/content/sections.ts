import type { RootContent } from 'mdast';
import { toString } from 'mdast-util-to-string';

import { SECTIONS, type Section, type SectionTitle } from '#src/content/guide.ts';
import { lineOf, slugger } from '#src/content/markdown.ts';
import type { Page } from '#src/content/page.ts';
import type { Report } from '#src/content/problem.ts';

/** The eleven sections of a guide; each missing, unknown, repeated or misplaced one is reported. */
export function readSections({ file, tree }: Page, report: Report): Section[] {
  const slug = slugger();
  const sections: Section[] = [];
  for (const node of tree.children) {
    if (node.type !== 'heading') continue;
    const title = toString(node);
    const anchor = slug(title);
    if (node.depth !== 2) continue;
    const known = SECTIONS.find((section) => section === title);
    if (known !== undefined) sections.push({ title: known, anchor, place: { file, line: lineOf(node) } });
    else
      report(
        lineOf(node),
        `${JSON.stringify(title)} is no section of a guide`,
        `Sections are: ${SECTIONS.join(' · ')}.`,
      );
  }
  checkOrder(sections, report);
  return sections;
}

function checkOrder(sections: readonly Section[], report: Report): void {
  const found = sections.map(({ title }) => title);
  const lineAt = (i: number): number => sections[i]?.place.line ?? 1;
  for (const title of SECTIONS) {
    if (!found.includes(title)) report(1, `the section "${title}" is missing`, whereItBelongs(title));
    else if (found.indexOf(title) !== found.lastIndexOf(title))
      report(lineAt(found.lastIndexOf(title)), `the section "${title}" stands twice`, 'Keep one.');
  }
  const wanted = SECTIONS.filter((title) => found.includes(title));
  const order = found.filter((title, i) => found.indexOf(title) === i);
  const misplaced = order.find((title, i) => title !== wanted[i]);
  if (misplaced !== undefined)
    report(
      lineAt(found.indexOf(misplaced)),
      `the section "${misplaced}" is not at its place`,
      `The order is: ${SECTIONS.join(' · ')}.`,
    );
}

function whereItBelongs(title: SectionTitle): string {
  const before = SECTIONS[SECTIONS.indexOf(title) - 1];
  return before === undefined ? `Begin with "## ${title}".` : `Add "## ${title}" after "${before}".`;
}

/** What stands below a section's heading, up to the next section. */
export function nodesOf(page: Page, title: SectionTitle): readonly RootContent[] {
  const nodes = page.tree.children;
  const isSection = (node: RootContent): boolean => node.type === 'heading' && node.depth === 2;
  const from = nodes.findIndex((node) => isSection(node) && toString(node) === title);
  if (from < 0) return [];
  const end = nodes.findIndex((node, i) => i > from && isSection(node));
  return nodes.slice(from + 1, end < 0 ? nodes.length : end);
}
