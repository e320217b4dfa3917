import type { Verdict } from '#src/grading/verdict.ts';
import { ATTACK } from '#src/grading/wording-attack.ts';
import { heading, LABELS, stateWords, survivedWords, TWO_CAUSES, untriedWords } from '#src/grading/wording.ts';
import { earlierWords } from '#src/grading/wording-earlier.ts';
import { linesLikeIt, witnessWords } from '#src/grading/wording-oracle.ts';

/** One thing that a verdict says. A row without a label goes on with the one above it. */
export interface VerdictRow {
  readonly label: string;
  readonly text: string;
  /** `code` is shown as it is, and never wrapped. */
  readonly kind: 'words' | 'output' | 'code' | 'link' | 'file';
  /** The name of what is wrong, at its row. */
  readonly anomaly?: string;
  /** Where a link leads: a file of the clone, with its anchor. */
  readonly href?: string;
}

/** A verdict in words, before it is laid out for a terminal or a page. */
export interface VerdictWords {
  readonly heading: string;
  /** What stands beside the heading: how much was survived, or why it doesn't count. */
  readonly beside: string;
  readonly rows: readonly VerdictRow[];
}

export function verdictWords(verdict: Verdict): VerdictWords {
  const { state, points } = verdict;
  const isCounted = points.tried > 0 && (state === 'passed' || state === 'failed');
  return {
    heading: verdict.own?.command ?? heading(verdict.stage, verdict.title),
    beside: isCounted ? survivedWords(points) : stateWords(state),
    rows: [...told(verdict), ...outputRows(verdict), ...ownRows(verdict), ...pointers(verdict)],
  };
}

function told({ did, earlier, elsewhere = [], untried = [], measured = [], ...verdict }: Verdict): VerdictRow[] {
  const { findings, likely, why, remedy } = verdict;
  const rows = did.map((text, index) => words(index === 0 ? LABELS.did : '', text));
  if (earlier !== undefined) rows.push(words(LABELS.earlier, earlierWords(earlier, verdict)));
  rows.push(...elsewhere.map((text, index) => words(index === 0 ? LABELS.where : '', text)));
  rows.push(...untried.map((text, index) => words(index === 0 ? LABELS.untried : '', text)));
  rows.push(...measured.map((text, index) => words(index === 0 ? LABELS.measured : '', text)));
  const [main] = findings;
  if (main !== undefined) rows.push(words(LABELS.expected, main.expected));
  for (const [index, { found, anomaly, witnesses, count }] of findings.entries()) {
    rows.push({ ...words(index === 0 ? LABELS.found : '', found), anomaly });
    if (witnesses.length > 0) rows.push(words('', witnessWords(witnesses, count)));
  }
  rows.push(...likely.map((cause, index) => words(index === 0 ? LABELS.likely : LABELS.or, cause)));
  if (likely.length > 1) rows.push(words('', TWO_CAUSES));
  if (why !== undefined) rows.push(words(LABELS.why, why));
  if (remedy !== undefined) rows.push(words(LABELS.remedy, remedy));
  return rows;
}

function outputRows({ output }: Verdict): VerdictRow[] {
  if (output === undefined) return [];
  const said = alike(output.lastLines).flatMap((group): VerdictRow[] => {
    const [first, last] = [group.slice(0, 1), group.slice(-1)];
    return group.length < 4
      ? group.map(line)
      : [...first.map(line), words('', linesLikeIt(group.length - 2)), ...last.map(line)];
  });
  if (said[0] !== undefined) said[0] = { ...said[0], label: LABELS.output };
  return output.log === undefined ? said : [...said, { ...words(LABELS.log, output.log), kind: 'file' }];
}

function line(text: string): VerdictRow {
  return { ...words('', text), kind: 'output' };
}

/** Lines that differ from the one above them in nothing but numbers are one group with it: clients that retry write many. */
function alike(lines: readonly string[]): string[][] {
  const groups: string[][] = [];
  const shape = (text: string | undefined): string | undefined => text?.replace(/\d+/g, '0');
  for (const text of lines) {
    const last = groups.at(-1);
    if (last !== undefined && shape(last[0]) === shape(text)) last.push(text);
    else groups.push([text]);
  }
  return groups;
}

/** Of a program of no lab: what the verdict is about, and what it is not about. */
function ownRows({ own }: Verdict): VerdictRow[] {
  if (own === undefined) return [];
  return [
    ...(own.compared === '' ? [] : [words(ATTACK.compared, own.compared)]),
    ...own.leftOut.map((text, index) => words(index === 0 ? ATTACK.leftOut : '', text)),
    words(ATTACK.notJudged, ATTACK.beyond),
  ];
}

function pointers({ read, schedule, picture, state, ...verdict }: Verdict): VerdictRow[] {
  const rows: VerdictRow[] = [];
  const { level, points, own, replayed, lab } = verdict;
  const left = points.possible - points.tried;
  if (state === 'passed' && level === 'quick' && left > 0 && own === undefined && replayed !== true)
    rows.push(words(LABELS.next, untriedWords(left, lab)));
  if (read !== undefined && state === 'failed')
    rows.push({ ...words(LABELS.read, read.words), kind: 'link', href: read.href });
  if (schedule !== undefined) rows.push({ ...words(LABELS.again, `./dej replay '${schedule}'`), kind: 'code' });
  if (picture !== undefined) rows.push({ ...words(LABELS.picture, picture), kind: 'file' });
  return rows;
}

function words(label: string, text: string): VerdictRow {
  return { label, text, kind: 'words' };
}
