import type { Context } from '#src/commands/context.ts';
import { loadLab } from '#src/content/lab.ts';
import type { Option } from '#src/content/guide.ts';
import { Bug } from '#src/error.ts';
import type { Card } from '#src/study/cards.ts';

/** What a card asks and answers, for a terminal or a file; the app has pages of its own for it. */
export type Face =
  | {
      readonly kind: 'question';
      readonly guide: string;
      readonly question: string;
      readonly text: string;
      /** As in the file; whoever shows them shuffles them. */
      readonly options: readonly Option[];
      readonly answer: readonly string[];
      readonly explanations: Readonly<Record<string, string>>;
      /** What the block in the answer printed. */
      readonly output: string | undefined;
      readonly href: string;
    }
  | {
      readonly kind: 'mended';
      readonly anomaly: string;
      /** The stage's first hint, which is the remedy. */
      readonly remedy: string | undefined;
      /** The section of a guide that explains it. */
      readonly read: { readonly words: string; readonly href: string } | undefined;
    };

export async function faceOf(card: Card, context: Context): Promise<Face> {
  if (card.kind === 'mended') return mendedFace(card, context);
  const guide = (await context.content()).guides.find(({ id }) => id === card.guide);
  const question = guide?.questions.find(({ id }) => id === card.question);
  if (guide === undefined || question === undefined) throw new Bug(`${card.id} is in the deck and not in the content`);
  const { text, options, answer, explanations, block } = question;
  return {
    kind: 'question',
    guide: guide.id,
    question: question.id,
    text: withoutLinks(text),
    options: options.map((option) => ({ ...option, text: withoutLinks(option.text) })),
    answer,
    explanations: Object.fromEntries(Object.entries(explanations).map(([letter, why]) => [letter, withoutLinks(why)])),
    output: guide.blocks.find(({ id }) => id === block)?.recording?.text,
    href: `/concepts/${guide.id}/#quiz-questions`,
  };
}

async function mendedFace(
  { lab: id, stage: n, anomaly }: Extract<Card, { kind: 'mended' }>,
  context: Context,
): Promise<Face> {
  const entry = (await context.content()).labs.find((lab) => lab.id === id);
  const lab = entry?.written === true ? await loadLab(context.paths.root, entry.path) : undefined;
  const stage = lab?.stages[n - 1];
  return {
    kind: 'mended',
    anomaly,
    remedy: stage && withoutLinks(stage.hints[0] ?? ''),
    read: stage && { words: stage.read.words, href: pageOf(stage.read.href) },
  };
}

/** `concepts/03-idempotency.md#anchor`, from wherever it is written, as a page of the app. */
function pageOf(href: string): string {
  const [, guide = '', anchor = ''] = /concepts\/(\d\d-[a-z0-9-]+)\.md(#.*)?$/.exec(href) ?? [];
  return guide === '' ? '/' : `/concepts/${guide}/${anchor}`;
}

/** A link's words without its address, which leads nowhere from here. */
function withoutLinks(markdown: string): string {
  return markdown.replace(/(?<!!)\[([^\]]+)\]\([^)\s]*\)/g, '$1');
}
