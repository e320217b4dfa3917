import type { Context } from '#src/commands/context.ts';
import { syncPage } from '#src/commands/journal.ts';
import type { Verdict } from '#src/grading/verdict.ts';
import type { NewEvent } from '#src/journal/event.ts';
import { fold } from '#src/study/record.ts';

/** Writes down how a stage was graded, and what it mended. One that was stopped before it knew anything is no grading. */
export async function recordVerdict(verdict: Verdict, context: Context): Promise<void> {
  if (verdict.stopped && verdict.state === 'unknown') return;
  const { lab, stage, level, state, points, schedule } = verdict;
  const { survived, tried, possible } = points;
  const events: NewEvent[] = [
    {
      kind: 'graded',
      lab,
      stage,
      level,
      state,
      anomaly: state === 'failed' ? verdict.findings[0]?.anomaly : undefined,
      schedule: state === 'failed' ? schedule : undefined,
      survived,
      tried,
      possible,
    },
  ];
  if (state === 'passed') {
    const before = fold((await context.journal().read()).events)
      .stages.get(lab)
      ?.get(stage);
    const fresh = (before?.open ?? []).filter((anomaly) => before?.mended.has(anomaly) !== true);
    events.push(...fresh.map((anomaly): NewEvent => ({ kind: 'mended', lab, stage, anomaly })));
  }
  await context.journal().append(events);
  await syncPage(context);
}
