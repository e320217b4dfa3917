import type { Answered, Envelope, JournalEvent, Predicted, Ran, Tried } from '#src/journal/event.ts';

/** What the learner did, folded from their events: the latest of each thing, and whether it ever went well. */
export interface Record {
  /** By guide, then by question. */
  readonly answers: ByGuide<Latest<Answered>>;
  /** By guide, then by block. */
  readonly predictions: ByGuide<Latest<Predicted>>;
  /** By guide, then by block: the latest run that came to an end of its own. */
  readonly runs: ByGuide<Latest<Ran>>;
  /** By guide, then by exercise. A pass stays a pass, whatever is tried after it. */
  readonly exercises: ByGuide<Latest<Tried>>;
  /** Boxes that the learner ticked or cleared by hand, by item: the latest word. */
  readonly ticks: ReadonlyMap<string, boolean>;
}

export type ByGuide<T> = ReadonlyMap<string, ReadonlyMap<string, T>>;
export type Latest<T> = T & Pick<Envelope, 'at' | 'of'>;

/** Folds events that are in fold order (see `compareEvents`). Pure: the same events give the same record. */
export function fold(events: readonly JournalEvent[]): Record {
  const answers = new Map<string, Map<string, Latest<Answered>>>();
  const predictions = new Map<string, Map<string, Latest<Predicted>>>();
  const runs = new Map<string, Map<string, Latest<Ran>>>();
  const exercises = new Map<string, Map<string, Latest<Tried>>>();
  const ticks = new Map<string, boolean>();
  for (const event of events) {
    switch (event.kind) {
      case 'answered':
        put(answers, event.guide, event.question, event);
        break;
      case 'predicted':
        put(predictions, event.guide, event.block, event);
        break;
      case 'ran':
        if (event.state === 'ok' || event.state === 'error') put(runs, event.guide, event.block, event);
        break;
      case 'tried':
        if (event.outcome === 'passed' || exercises.get(event.guide)?.get(event.exercise)?.outcome !== 'passed')
          put(exercises, event.guide, event.exercise, event);
        break;
      case 'ticked':
        ticks.set(event.item, event.done);
    }
  }
  return { answers, predictions, runs, exercises, ticks };
}

function put<T>(map: Map<string, Map<string, T>>, guide: string, key: string, value: T): void {
  const inner = map.get(guide) ?? new Map<string, T>();
  if (inner.size === 0) map.set(guide, inner);
  inner.set(key, value);
}
