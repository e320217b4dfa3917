import type { Guide } from '#src/content/guide.ts';
import type { Page } from '#src/content/page.ts';
import type { Report } from '#src/content/problem.ts';

interface Named {
  readonly guides: readonly Guide[];
  readonly labs: readonly { readonly id: string; readonly path: string }[];
}

/** Commands and folders that a guide names in its text: the lab, the guide and the block must exist. */
export function checkReferences(page: Page, { guides, labs }: Named, report: Report): void {
  for (const [i, text] of page.markdown.split('\n').entries()) {
    const line = text.replace(/https?:\S+/g, '');
    for (const [path] of line.matchAll(/\b(?:projects|challenges)\/\d\d-[a-z0-9-]+/g)) {
      if (!labs.some((lab) => lab.path === path))
        report(i + 1, `there is no lab ${path}`, 'Use a path of plan/catalogue.yaml.');
    }
    for (const [, id = ''] of line.matchAll(/\.\/dej (?:start|check|watch|hint|reset) ([a-z0-9-]+)/g)) {
      if (!labs.some((lab) => lab.id === id))
        report(i + 1, `there is no lab ${JSON.stringify(id)}`, 'Use an id of plan/catalogue.yaml.');
    }
    for (const [, name = '', block = ''] of line.matchAll(/\.\/dej run ([a-z0-9-]+)#([a-z0-9-]+)/g)) {
      const guide = guides.find(({ id }) => [id, id.slice(0, 2), id.slice(3)].includes(name));
      if (guide?.blocks.some(({ id }) => id === block) !== true)
        report(i + 1, `there is no block ${name}#${block}`, 'Name a written guide and the id of one of its blocks.');
    }
  }
}
