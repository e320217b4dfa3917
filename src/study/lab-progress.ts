import type { Record } from '#src/study/record.ts';

export type StageState = 'open' | 'failed' | 'passed';

/** How far the learner is in one lab. */
export interface LabProgress {
  /** In order. Once passed, a stage stays so; `failed` is the latest word on one that never passed. */
  readonly stages: readonly StageState[];
  readonly passed: number;
  readonly total: number;
  /** Stages of which every crash point was survived; level full tries some of very many. */
  readonly whole: number;
  /** The first stage that is not passed, from 1; the last one where all are. */
  readonly current: number;
  readonly done: boolean;
  /** Whether evidence or the learner's own tick says so; undefined while it is not done. */
  readonly by: 'evidence' | 'hand' | undefined;
}

/** Done means: every stage passed, at any level. A box that the learner ticks or clears by hand is their word. */
export function labProgress(
  lab: { readonly id: string; readonly path: string; readonly stages: readonly unknown[] },
  record: Record,
): LabProgress {
  const known = record.stages.get(lab.id);
  const stages = lab.stages.map((_, index): StageState => {
    const stage = known?.get(index + 1);
    if (stage?.passed === true) return 'passed';
    return stage?.latest.state === 'failed' ? 'failed' : 'open';
  });
  const total = stages.length;
  const passed = stages.filter((state) => state === 'passed').length;
  const whole = stages.filter((_, index) => known?.get(index + 1)?.whole === true).length;
  const first = stages.findIndex((state) => state !== 'passed');
  const ticked = record.ticks.get(lab.path);
  const by = ticked === false ? undefined : passed === total ? 'evidence' : ticked === true ? 'hand' : undefined;
  return { stages, passed, total, whole, current: first === -1 ? total : first + 1, done: by !== undefined, by };
}

/** In a few words, for the roadmap and the progress page; empty where nothing was graded yet. */
export function labGlance({ stages, passed, total, whole, by }: LabProgress): string {
  if (stages.every((state) => state === 'open')) return by === 'hand' ? 'ticked by hand' : '';
  const crash = whole === total ? ', all crash points survived' : '';
  return `${passed} of ${total} stages${crash}${by === 'hand' ? ', ticked by hand' : ''}`;
}
