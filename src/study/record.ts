import type { Answered, Envelope, Graded, JournalEvent, Predicted, Ran, Tried } from '#src/journal/event.ts';
import { standing } from '#src/study/undone.ts';

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
  /** By lab, then by number of the stage. */
  readonly stages: ReadonlyMap<string, ReadonlyMap<number, StageRecord>>;
  /** Boxes that the learner ticked or cleared by hand, by item: the latest word. */
  readonly ticks: ReadonlyMap<string, boolean>;
}

/** What became of one stage of a lab. */
export interface StageRecord {
  /** The latest run, whatever it said. */
  readonly latest: Latest<Graded>;
  /** A pass stays a pass, whatever is tried after it. */
  readonly passed: boolean;
  /** Every crash point there is, or that level full tries of it, was survived in one run. */
  readonly whole: boolean;
  /** Anomalies that failed it since it last passed, each once. */
  readonly open: readonly string[];
  /** Anomalies that were mended, each once, with the time of the first mending. */
  readonly mended: ReadonlyMap<string, string>;
}

export type ByGuide<T> = ReadonlyMap<string, ReadonlyMap<string, T>>;
export type Latest<T> = T & Pick<Envelope, 'at' | 'of'>;

/** Folds events that are in fold order (see `compareEvents`). Pure: the same events give the same record. */
export function fold(events: readonly JournalEvent[]): Record {
  const answers = new Map<string, Map<string, Latest<Answered>>>();
  const predictions = new Map<string, Map<string, Latest<Predicted>>>();
  const runs = new Map<string, Map<string, Latest<Ran>>>();
  const exercises = new Map<string, Map<string, Latest<Tried>>>();
  const stages = new Map<string, Map<number, StageRecord>>();
  const ticks = new Map<string, boolean>();
  for (const event of standing(events)) {
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
      case 'graded':
        put(stages, event.lab, event.stage, graded(stages.get(event.lab)?.get(event.stage), event));
        break;
      case 'mended': {
        const stage = stages.get(event.lab)?.get(event.stage);
        // A merge may have lost the run that it came from; then there is no stage to note it at.
        if (stage !== undefined && !stage.mended.has(event.anomaly))
          put(stages, event.lab, event.stage, {
            ...stage,
            mended: new Map([...stage.mended, [event.anomaly, event.at]]),
          });
        break;
      }
      case 'ticked':
        ticks.set(event.item, event.done);
        break;
      // The plan, review and offers are folded where they are used.
      case 'planned':
      case 'placed':
      case 'reviewed':
      case 'carded':
      case 'undone':
      case 'declined':
    }
  }
  return { answers, predictions, runs, exercises, stages, ticks };
}

function graded(before: StageRecord | undefined, event: Latest<Graded>): StageRecord {
  const { passed = false, whole = false, open = [], mended = new Map<string, string>() } = before ?? {};
  const { state, level, survived, tried, possible, anomaly } = event;
  if (state === 'passed')
    return {
      latest: event,
      passed: true,
      whole: whole || (survived === tried && (level !== 'quick' || tried === possible)),
      open: [],
      mended,
    };
  const isNew = state === 'failed' && anomaly !== undefined && !open.includes(anomaly);
  return { latest: event, passed, whole, open: isNew ? [...open, anomaly] : open, mended };
}

function put<K, T>(map: Map<string, Map<K, T>>, outer: string, key: K, value: T): void {
  const inner = map.get(outer) ?? new Map<K, T>();
  if (inner.size === 0) map.set(outer, inner);
  inner.set(key, value);
}
