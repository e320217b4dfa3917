import { createEmptyCard, fsrs, Rating, State, type Card, type Grade as FsrsGrade } from 'ts-fsrs';

import type { Grade } from '#src/study/grades.ts';

/** When a card is met again. Made anew from its reviews whenever it is asked for; it is stored nowhere. */
export interface Schedule {
  readonly dueMs: number;
  /** Minutes apart, within a sitting; otherwise days. */
  readonly isShort: boolean;
  readonly lastMs: number | undefined;
  readonly reviews: number;
  readonly lapses: number;
  /** How probable it is that it is still known, from 0 to 1; undefined for what was never met. */
  recall(nowMs: number): number | undefined;
  /** When it would be met again, by grade. */
  next(nowMs: number): Readonly<Record<Grade, number>>;
}

/**
 * FSRS with its published parameters. No random days are added: the same reviews give the same schedule on every machine.
 * Ten minutes stand between a miss and its second try; nothing is put off for more than a year and a day or two.
 */
const scheduler = fsrs({
  request_retention: 0.9,
  maximum_interval: 365,
  enable_fuzz: false,
  enable_short_term: true,
  learning_steps: ['10m'],
  relearning_steps: ['10m'],
});

const RATINGS = { again: Rating.Again, hard: Rating.Hard, good: Rating.Good, easy: Rating.Easy } as const;

/** Replays the reviews of one card, oldest first. `fromMs` is when it may first be met. */
export function scheduleOf(reviews: readonly { atMs: number; grade: Grade }[], fromMs: number): Schedule {
  let card = createEmptyCard(new Date(fromMs));
  for (const { atMs, grade } of reviews) card = scheduler.next(card, after(card, atMs), rating(grade)).card;
  return {
    dueMs: card.due.getTime(),
    isShort: card.state === State.Learning || card.state === State.Relearning,
    lastMs: card.last_review?.getTime(),
    reviews: card.reps,
    lapses: card.lapses,
    recall: (nowMs) =>
      card.state === State.New ? undefined : scheduler.get_retrievability(card, after(card, nowMs), false),
    next: (nowMs) => {
      const preview = scheduler.repeat(card, after(card, nowMs));
      const due = (grade: Grade): number => preview[rating(grade)].card.due.getTime() - nowMs;
      return { again: due('again'), hard: due('hard'), good: due('good'), easy: due('easy') };
    },
  };
}

/** Two machines' clocks can differ; a review never comes before the one it follows. */
function after({ last_review: last }: Card, ms: number): Date {
  return new Date(Math.max(ms, last?.getTime() ?? ms));
}

function rating(grade: Grade): FsrsGrade {
  return RATINGS[grade];
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** `10 min`, `3 days`, `2 months` */
export function intervalWords(ms: number): string {
  if (ms < 60 * MINUTE) return `${Math.max(1, Math.round(ms / MINUTE))} min`;
  if (ms < DAY) return `${Math.round(ms / (60 * MINUTE))} h`;
  const days = Math.round(ms / DAY);
  if (days < 31) return days === 1 ? '1 day' : `${days} days`;
  const months = Math.round(days / 30.4);
  return months < 12 ? `${months} ${months === 1 ? 'month' : 'months'}` : 'a year';
}
