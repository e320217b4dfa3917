import type { Guide } from '#src/content/guide.ts';
import { sourceOf } from '#src/content/markdown.ts';
import type { Page } from '#src/content/page.ts';
import type { Cues } from '#src/content/plan.ts';
import type { PlanFile } from '#src/content/plan-reader.ts';
import { nodesOf } from '#src/content/sections.ts';

/** A line worth remembering, with the question that calls it back. */
export interface Takeaway {
  readonly guide: string;
  readonly id: string;
  /** Markdown, both. */
  readonly cue: string;
  readonly text: string;
}

/** Joins plan/cues.yaml to the guides' Key Takeaways. A guide that has cues has one for each of its takeaways. */
export function readTakeaways(
  file: PlanFile<Cues> | undefined,
  read: readonly { readonly guide: Guide; readonly page: Page }[],
): Takeaway[] {
  // Without guides none of what is asked of them could be found, and why there are none is told already.
  if (file === undefined || read.length === 0) return [];
  return file.value.guides.flatMap(({ id, cues }, g) => {
    const found = read.find(({ guide }) => guide.id === id);
    if (found === undefined) {
      file.reportAt(['guides', g, 'id'], `there is no guide ${JSON.stringify(id)}`, 'Name a guide that is written.');
      return [];
    }
    const lines = takeawaysOf(found.page);
    // A guide without the section is told so already.
    if (lines.length === 0) return [];
    const taken = new Set<string>();
    const takeaways = cues.flatMap(({ id: own, takeaway, cue }, c): Takeaway[] => {
      const path = ['guides', g, 'cues', c];
      const fitting = lines.filter((text) => text.startsWith(takeaway));
      const [text] = fitting;
      if (cues.findIndex((other) => other.id === own) !== c)
        file.reportAt([...path, 'id'], `${JSON.stringify(own)} stands twice`, 'Give each cue an id of its own.');
      if (text === undefined || fitting.length > 1 || taken.has(text)) {
        const what = text === undefined ? 'no takeaway begins' : 'more than one cue or takeaway begins';
        file.reportAt([...path, 'takeaway'], `${what} with ${JSON.stringify(takeaway)}`, 'Copy how it begins.');
        return [];
      }
      taken.add(text);
      return [{ guide: id, id: own, cue, text }];
    });
    for (const text of lines.filter((one) => !taken.has(one)))
      file.reportAt(['guides', g, 'cues'], `nothing asks for ${JSON.stringify(text)}`, 'Add a cue for it.');
    return takeaways;
  });
}

/** The items under Key Takeaways, as Markdown in one line each. */
function takeawaysOf(page: Page): string[] {
  return nodesOf(page, 'Key Takeaways').flatMap((node) =>
    node.type === 'list'
      ? node.children.map((item) => sourceOf(page.markdown, item.children).replace(/\s*\n\s*/g, ' '))
      : [],
  );
}
