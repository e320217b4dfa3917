import type { JournalEvent } from '#src/journal/event.ts';
import { cardOf, mendedCardId, questionCardId, type Card, type CardContent } from '#src/study/cards.ts';
import { addDays, type Day, type Zone } from '#src/study/day.ts';
import type { Grade } from '#src/study/grades.ts';
import { scheduleOf, type Schedule } from '#src/study/scheduler.ts';

/** A card that is in review, with what became of it. */
export interface DeckCard {
  readonly card: Card;
  /** Laid aside by the learner. */
  readonly suspended: boolean;
  /** It asks something else than it did when it was last met, so that it starts gently. */
  readonly changed: boolean;
  /** Never met in its present wording. */
  readonly isNew: boolean;
  /** The first day on which it may be met. */
  readonly from: Day;
  readonly schedule: Schedule;
}

interface Story {
  from: Day;
  fromMs: number;
  suspended: boolean;
  readonly reviews: { atMs: number; grade: Grade; of: string | undefined }[];
  /** The wording that was last met in any way. */
  lastOf: string | undefined;
}

export interface DeckInput {
  readonly content: CardContent;
  /** In fold order, without what was taken back. */
  readonly events: readonly JournalEvent[];
  readonly zone: Zone;
}

/**
 * The learner's cards, folded from what happened. A question comes in when it is missed, a stage's anomaly when it is
 * mended, anything else by choice. What was missed today is met tomorrow: until then it is only remembered, not known.
 */
export function deckOf({ content, events, zone }: DeckInput): ReadonlyMap<string, DeckCard> {
  const stories = storiesOf(events, zone);
  const deck = new Map<string, DeckCard>();
  for (const [id, story] of stories) {
    const card = cardOf(id, content);
    if (card === undefined) continue;
    // Reviews of another wording say nothing of this one.
    const reviews = story.reviews.filter(({ of }) => card.hash === undefined || of === card.hash);
    const changed = card.hash !== undefined && story.lastOf !== undefined && story.lastOf !== card.hash;
    deck.set(id, {
      card,
      suspended: story.suspended,
      changed,
      isNew: reviews.length === 0,
      from: story.from,
      schedule: scheduleOf(reviews, story.fromMs),
    });
  }
  return deck;
}

function storiesOf(events: readonly JournalEvent[], zone: Zone): Map<string, Story> {
  const stories = new Map<string, Story>();
  const enter = (id: string, at: string, days: number): Story => {
    const known = stories.get(id);
    if (known !== undefined) return known;
    const atMs = Date.parse(at);
    const from = addDays(zone(atMs), days);
    const story: Story = { from, fromMs: atMs, suspended: false, reviews: [], lastOf: undefined };
    stories.set(id, story);
    return story;
  };
  for (const event of events) {
    if (event.kind === 'answered') {
      const id = questionCardId(event.guide, event.question);
      if (!event.right) enter(id, event.at, 1);
      const story = stories.get(id);
      if (story !== undefined) story.lastOf = event.of;
    } else if (event.kind === 'mended') enter(mendedCardId(event), event.at, 1);
    else if (event.kind === 'carded') {
      const story = enter(event.card, event.at, 0);
      story.suspended = event.state === 'suspended';
      story.lastOf ??= event.of;
    } else if (event.kind === 'reviewed') {
      const story = enter(event.card, event.at, 0);
      story.reviews.push({ atMs: Date.parse(event.at), grade: event.grade, of: event.of });
      story.lastOf = event.of;
    }
  }
  return stories;
}
