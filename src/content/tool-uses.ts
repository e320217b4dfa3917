import type { Content } from '#src/content/content.ts';
import type { Block } from '#src/content/guide.ts';
import type { Resources } from '#src/content/plan.ts';

type Tool = Resources['tools'][number]['tools'][number];

/** Where a tool is met: computed, so that it stays true as guides and labs are written. */
export interface ToolUses {
  /** By guide, each heading under which a block runs on it, once. */
  readonly guides: readonly {
    readonly number: string;
    readonly title: string;
    readonly path: string;
    readonly parts: readonly { readonly title: string; readonly anchor: string; readonly runs: boolean }[];
  }[];
  readonly labs: readonly { readonly title: string; readonly path: string }[];
}

export function usesOf({ runs }: Tool, { guides, labs }: Pick<Content, 'guides' | 'labs'>): ToolUses {
  const code = runs.code.map((word) => word.toLowerCase());
  const isUsed = (block: Block): boolean => {
    const engines = [...(block.engine === undefined ? [] : [block.engine]), ...block.with];
    const text = block.code.toLowerCase();
    return engines.some((name) => runs.engines.includes(name)) || code.some((word) => text.includes(word));
  };
  return {
    guides: guides.flatMap(({ number, title, place, blocks, questions }) => {
      // What a quiz answers with is no place to be led to.
      const used = blocks.filter(
        (block) => isUsed(block) && !questions.some((question) => question.block === block.id),
      );
      const anchors = [...new Set(used.map(({ under }) => under.anchor))];
      const parts = anchors.flatMap((anchor) => {
        const here = used.filter(({ under }) => under.anchor === anchor);
        const [first] = here;
        // A client call that is shown and not run here says so; where one block runs, the part does.
        if (first === undefined) return [];
        const isOpening = first.under.title === `${number} · ${title}`;
        const words = isOpening ? 'the opening' : first.under.title;
        return [{ title: words, anchor, runs: here.some(({ norun }) => norun === undefined) }];
      });
      return parts.length === 0 ? [] : [{ number, title, path: place.file, parts }];
    }),
    labs: labs
      .filter(({ id, written }) => written && runs.labs.includes(id))
      .map(({ title, path }) => ({ title, path: `${path}/` })),
  };
}
