import type { Context } from '#src/commands/context.ts';
import type { LabPicture } from '#src/commands/lab-view.ts';
import type { Option } from '#src/content/guide.ts';
import { loadLab, type Lab } from '#src/content/lab.ts';
import { pictureQuestion, survivesQuestion } from '#src/content/mistake-cards.ts';
import { Bug, LearnerError } from '#src/error.ts';
import { readPicture } from '#src/grading/kept-picture.ts';
import { drawTimeline } from '#src/grading/timeline-svg.ts';
import type { Card, MendedCard, MistakeCard, QuestionCard, TakeawayCard } from '#src/study/cards.ts';

/** What a card asks and answers, for a terminal or a file; the app has pages of its own for it. */
export type Face =
  | {
      readonly kind: 'question';
      /** Where the site keeps it as a page: the file in cards/ and the key in it. */
      readonly page: { readonly file: string; readonly key: string };
      readonly text: string;
      /** As in the file; whoever shows them shuffles them. */
      readonly options: readonly Option[];
      readonly answer: readonly string[];
      readonly explanations: Readonly<Record<string, string>>;
      /** What the block in the answer printed. */
      readonly output: string | undefined;
      /** The run that it asks about, in the order of time; the app shows its picture. */
      readonly run: readonly string[] | undefined;
      readonly href: string;
    }
  | {
      readonly kind: 'takeaway';
      readonly page: { readonly file: string; readonly key: string };
      readonly cue: string;
      readonly text: string;
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
  switch (card.kind) {
    case 'mended':
      return mendedFace(card, context);
    case 'takeaway':
      return takeawayFace(card, context);
    case 'question':
      return questionFace(card, context);
    case 'survives':
    case 'picture':
      return mistakeFace(card, context);
  }
}

async function questionFace(card: QuestionCard, context: Context): Promise<Face> {
  const guide = (await context.content()).guides.find(({ id }) => id === card.guide);
  const question = guide?.questions.find(({ id }) => id === card.question);
  if (guide === undefined || question === undefined) throw gone(card);
  const { text, options, answer, explanations, block } = question;
  return {
    kind: 'question',
    page: { file: guide.id, key: question.id },
    text: withoutLinks(text),
    options: options.map((option) => ({ ...option, text: withoutLinks(option.text) })),
    answer,
    explanations: Object.fromEntries(Object.entries(explanations).map(([letter, why]) => [letter, withoutLinks(why)])),
    output: guide.blocks.find(({ id }) => id === block)?.recording?.text,
    run: undefined,
    href: `/concepts/${guide.id}/#quiz-questions`,
  };
}

async function takeawayFace(card: TakeawayCard, context: Context): Promise<Face> {
  const { takeaways } = await context.content();
  const found = takeaways.find(({ guide, id }) => guide === card.guide && id === card.takeaway);
  if (found === undefined) throw gone(card);
  return {
    kind: 'takeaway',
    page: { file: card.guide, key: `takeaway/${card.takeaway}` },
    cue: withoutLinks(found.cue),
    text: withoutLinks(found.text),
    href: `/concepts/${card.guide}/#key-takeaways`,
  };
}

async function mistakeFace(card: MistakeCard, context: Context): Promise<Face> {
  const { lab, mistake, mistakes } = await mistakeOf(card, context);
  const isPicture = card.kind === 'picture';
  const asked = isPicture ? pictureQuestion(lab, mistake, mistakes) : await survivesQuestion(lab, mistake);
  return {
    kind: 'question',
    page: { file: `lab-${lab.id}`, key: `${card.kind}/${mistake.name}` },
    ...asked,
    output: undefined,
    run: isPicture ? (await readPicture(lab, mistake.name)).timeline.list : undefined,
    href: `/${lab.path}/`,
  };
}

async function mistakeOf(card: MistakeCard, context: Context) {
  const { labs, mistakes } = await context.content();
  const entry = labs.find(({ id }) => id === card.lab);
  const mistake = mistakes.find(({ lab, name }) => lab === card.lab && name === card.mistake);
  if (entry === undefined || mistake === undefined) throw gone(card);
  const lab: Lab = await loadLab(context.paths.root, entry.path);
  return { lab, mistake, mistakes };
}

/** The picture that a card asks about. */
export async function cardPicture(card: Card, context: Context): Promise<LabPicture> {
  if (card.kind !== 'picture')
    throw new LearnerError(`${card.id} asks about no picture`, 'Only “which mistake made this picture?” has one.');
  const { lab, mistake } = await mistakeOf(card, context);
  const { timeline } = await readPicture(lab, mistake.name);
  return { svg: drawTimeline(timeline), list: timeline.list };
}

function gone(card: Card): Bug {
  return new Bug(`${card.id} is in the deck and not in the content`);
}

async function mendedFace({ lab: id, stage: n, anomaly }: MendedCard, context: Context): Promise<Face> {
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
