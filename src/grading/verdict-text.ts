import type { Finding } from '#src/grading/anomaly.ts';
import type { Verdict } from '#src/grading/verdict.ts';
import { heading, LABELS, MARKS, stateWords, survivedWords, TWO_CAUSES, witnessWords } from '#src/grading/wording.ts';

/** Columns: a label's text begins at INDENT, prose ends before WIDTH, and three things stand at a right edge. */
const INDENT = 14;
const WIDTH = 120;
const HEADING_EDGE = 87;
const ANOMALY_EDGE = 96;
const HINT_EDGE = 111;

export interface TextOptions {
  /** How a hint is had here: `h: a hint` where keys are read, a command elsewhere. */
  readonly hint?: string | undefined;
}

/** The verdict as verdict.txt and the terminal show it; plain text, without a newline at its end. */
export function verdictText(verdict: Verdict, options: TextOptions = {}): string {
  const { state, stage, title } = verdict;
  const right =
    verdict.points.tried > 0 && (state === 'passed' || state === 'failed')
      ? survivedWords(verdict.points)
      : stateWords(state);
  const first = edge(`${MARKS[state]} ${heading(stage, title)}`, right, HEADING_EDGE);
  return [first, '', ...body(verdict, options)].join('\n');
}

function body(verdict: Verdict, { hint }: TextOptions): string[] {
  const { findings, likely } = verdict;
  const lines: string[] = [];
  for (const [index, did] of verdict.did.entries()) lines.push(...labelled(index === 0 ? LABELS.did : '', did));
  const [main] = findings;
  if (main !== undefined) lines.push(...labelled(LABELS.expected, main.expected));
  for (const [index, found] of findings.entries()) {
    lines.push(...foundLines(found, index === 0 ? LABELS.found : ''));
  }
  for (const [index, cause] of likely.entries()) {
    const text = labelled(index === 0 ? LABELS.likely : LABELS.or, cause);
    const isLast = index === likely.length - 1;
    lines.push(...(isLast && likely.length === 1 ? withHint(text, hint) : text));
  }
  if (likely.length > 1) lines.push(...withHint(labelled('', TWO_CAUSES), hint));
  if (likely.length === 0 && verdict.state === 'failed' && hint !== undefined) lines.push(edge('', hint, HINT_EDGE));
  if (verdict.why !== undefined) lines.push(...labelled(LABELS.why, verdict.why));
  if (verdict.remedy !== undefined) lines.push(...labelled(LABELS.remedy, verdict.remedy));
  return [...lines, ...outputLines(verdict), ...pointers(verdict)];
}

function foundLines({ found, anomaly, witnesses, count }: Finding, label: string): string[] {
  const [first = '', ...more] = labelled(label, found);
  const lines = [edge(first, anomaly, ANOMALY_EDGE), ...more];
  return witnesses.length === 0 ? lines : [...lines, ...labelled('', witnessWords(witnesses, count))];
}

function outputLines({ output }: Verdict): string[] {
  if (output === undefined) return [];
  const said = output.lastLines.map((line, index) => row(index === 0 ? LABELS.output : '', `| ${line}`));
  return output.log === undefined ? said : [...said, row(LABELS.log, output.log)];
}

function pointers({ read, schedule, picture, state }: Verdict): string[] {
  const lines: string[] = [];
  if (read !== undefined && state === 'failed') lines.push(row(LABELS.read, read.words));
  // A line to be copied is never wrapped.
  if (schedule !== undefined) lines.push(row(LABELS.again, `./dej replay '${schedule}'`));
  if (picture !== undefined) lines.push(row(LABELS.picture, picture));
  return lines;
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(INDENT - 2)}${text}`;
}

export function labelled(label: string, text: string): string[] {
  return wrap(text, WIDTH - INDENT).map((line, index) => row(index === 0 ? label : '', line));
}

/** The hint stands at the end of the last line where there is room. */
function withHint(lines: readonly string[], hint: string | undefined): string[] {
  if (hint === undefined) return [...lines];
  const last = lines.at(-1) ?? '';
  if (last.length + hint.length + 2 > HINT_EDGE) return [...lines, edge('', hint, HINT_EDGE)];
  return [...lines.slice(0, -1), edge(last, hint, HINT_EDGE)];
}

/** `left`, and `right` so that it ends at the column `at`, or two spaces after what is longer. */
export function edge(left: string, right: string, at: number): string {
  return `${left}${' '.repeat(Math.max(2, at - left.length - right.length))}${right}`;
}

export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
