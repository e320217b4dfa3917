import type { Verdict } from '#src/grading/verdict.ts';
import { verdictWords, type VerdictRow } from '#src/grading/verdict-rows.ts';
import { LABELS, MARKS } from '#src/grading/wording.ts';

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
export function verdictText(verdict: Verdict, { hint }: TextOptions = {}): string {
  const { heading, beside, rows } = verdictWords(verdict);
  const lines = rows.map(linesOf);
  if (hint !== undefined) offer(hint, verdict, rows, lines);
  return [edge(`${MARKS[verdict.state]} ${heading}`, beside, HEADING_EDGE), '', ...lines.flat()].join('\n');
}

function linesOf({ label, text, kind, anomaly }: VerdictRow): string[] {
  if (kind === 'output') return [row(label, `| ${text}`)];
  // A line to be copied is never wrapped.
  if (kind !== 'words') return [row(label, text)];
  const [first = '', ...more] = labelled(label, text);
  return anomaly === undefined ? [first, ...more] : [edge(first, anomaly, ANOMALY_EDGE), ...more];
}

/** Beside the cause, or where it stands when there is none: below what was found. */
function offer(hint: string, { state, likely }: Verdict, rows: readonly VerdictRow[], lines: string[][]): void {
  const labels: readonly string[] = [LABELS.likely, LABELS.or];
  const cause = rows.findLastIndex(({ label }) => labels.includes(label));
  // Of two causes, how to tell them apart stands below.
  const at = likely.length > 1 ? cause + 1 : cause;
  if (likely.length > 0) lines[at] = withHint(lines[at] ?? [], hint);
  else if (state === 'failed') {
    const found = rows.findIndex(
      ({ label, kind }) => kind !== 'words' || label === LABELS.why || label === LABELS.remedy,
    );
    lines.splice(found === -1 ? lines.length : found, 0, [edge('', hint, HINT_EDGE)]);
  }
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(INDENT - 2)}${text}`;
}

export function labelled(label: string, text: string): string[] {
  return wrap(text, WIDTH - INDENT).map((line, index) => row(index === 0 ? label : '', line));
}

/** At the end of the last line where there is room. */
function withHint(lines: readonly string[], hint: string): string[] {
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
