import type { ExerciseCase } from '#src/grading/exercise-case.ts';
import type { CaseOutcome } from '#src/exercise/play.ts';
import { edge, labelled } from '#src/grading/verdict-text.ts';
import { LABELS, MARKS } from '#src/grading/wording.ts';
import { witnessWords } from '#src/grading/wording-oracle.ts';

/** How an exercise came out: passed, or the first case that did not. */
export type ExerciseVerdict =
  | { readonly state: 'passed'; readonly elapsedMs: number }
  | (Exclude<CaseOutcome, { state: 'passed' }> & {
      readonly case: Pick<ExerciseCase, 'id' | 'title'>;
      readonly elapsedMs: number;
    });

const RIGHT_EDGE = 87;

/** One case in the terminal. */
export function caseLine(title: string, state: CaseOutcome['state'], elapsedMs: number): string {
  return edge(`${MARKS[state]} ${title}`, `${(elapsedMs / 1000).toFixed(1)} s`, RIGHT_EDGE);
}

/** The verdict as the terminal shows it; the case's own line stands above it already. */
export function exerciseText(verdict: ExerciseVerdict, hint: string): string {
  if (verdict.state === 'passed') return 'Passed: right in every case.';
  if (verdict.state === 'unknown')
    return [...labelled(LABELS.why, verdict.why), ...labelled(LABELS.remedy, verdict.remedy)].join('\n');
  const { finding, lastLines } = verdict;
  const [found = '', ...more] = labelled(LABELS.found, finding.found);
  const { witnesses } = finding;
  return [
    ...labelled(LABELS.did, finding.did),
    ...labelled(LABELS.expected, finding.expected),
    edge(found, finding.anomaly, RIGHT_EDGE),
    ...more,
    ...(witnesses.length === 0 ? [] : labelled('', witnessWords(witnesses, finding.count))),
    ...labelled(LABELS.likely, finding.likely),
    ...lastLines.flatMap((line, at) => labelled(at === 0 ? LABELS.output : '', `| ${line}`)),
    ...labelled(LABELS.next, hint),
  ].join('\n');
}
