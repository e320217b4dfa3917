import type { HistoryEvent } from '#src/faults/history.ts';
import { parseSchedule } from '#src/faults/schedule.ts';
import { layout, type Timeline } from '#src/grading/timeline.ts';
import type { Verdict } from '#src/grading/verdict.ts';
import { pictureSubtitle, pictureTitle } from '#src/grading/wording-picture.ts';

/** The picture of the run that a verdict is about, from what its folder keeps. */
export function timelineOf(verdict: Verdict, history: readonly HistoryEvent[]): Timeline {
  const { stage, title, own, findings, likely, schedule, seed, points } = verdict;
  const faults = schedule === undefined ? [] : parseSchedule(schedule).faults;
  return layout({
    title: pictureTitle(own?.command ?? stage, title, findings[0]?.found),
    subtitle: pictureSubtitle(faults, seed, points),
    history,
    findings,
    likely,
    schedule,
  });
}
