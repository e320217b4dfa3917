import type { Content } from '#src/content/content.ts';
import type { JournalEvent } from '#src/journal/event.ts';

/** What the learner knows before the first guide, as their answers to the placement say. */
export interface PlacementResult {
  /** False until a question was answered. */
  readonly taken: boolean;
  readonly topics: readonly TopicResult[];
}

export interface TopicResult {
  readonly id: string;
  readonly title: string;
  readonly state: 'passed' | 'missed' | 'open';
  /** Five minutes that close the gap. */
  readonly primer: string;
  /** Parts of guides that may be skipped, because the topic is known. */
  readonly skips: readonly { readonly guide: string; readonly anchor: string }[];
}

/** A topic is passed when the latest answer to each of its questions is right. */
export function placementOf(
  { placement }: Pick<Content, 'placement'>,
  events: readonly JournalEvent[],
): PlacementResult {
  const right = new Map<string, boolean>();
  for (const event of events) if (event.kind === 'placed') right.set(event.question, event.right);
  const topics = placement.topics.map(({ id, title, skips }): TopicResult => {
    const answers = placement.questions.filter(({ topic }) => topic === id).map((question) => right.get(question.id));
    const state = answers.includes(undefined) ? 'open' : answers.every(Boolean) ? 'passed' : 'missed';
    return {
      id,
      title,
      state,
      primer: `/primers/${id}/`,
      skips: state === 'passed' ? skips.map(partOf) : [],
    };
  });
  return { taken: right.size > 0, topics };
}

function partOf(part: string): { guide: string; anchor: string } {
  const [guide = '', anchor = ''] = part.split('#');
  return { guide, anchor };
}

/** The anchors of a guide that may be skipped, each with the topic that is known. */
export function skippable(guide: string, { topics }: PlacementResult): { anchor: string; topic: string }[] {
  return topics.flatMap(({ title, skips }) =>
    skips.filter((part) => part.guide === guide).map(({ anchor }) => ({ anchor, topic: title })),
  );
}
