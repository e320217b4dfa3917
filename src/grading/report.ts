import { finding, type Finding } from '#src/grading/anomaly.ts';
import { canonicalCell } from '#src/grading/canonical.ts';
import * as words from '#src/grading/wording-found.ts';

export interface ReportComparison {
  /** The file's name below OUTPUT_DIR. */
  readonly file: string;
  /** Its text; undefined where there is none. */
  readonly text: string | undefined;
  /** What it must say; further fields are the learner's own affair. */
  readonly due: Readonly<Record<string, unknown>>;
}

/** A report that a machine reads must say what is true. */
export function compareReport({ file, text, due }: ReportComparison): Finding[] {
  const wrong = (found: string): Finding[] => [
    finding({ anomaly: 'wrong-report', expected: words.reportWords(file, JSON.stringify(due)), found, count: 1 }),
  ];
  if (text === undefined) return wrong(words.REPORT.missing(file));
  const said = parsed(text);
  if (said === undefined) return wrong(words.REPORT.broken(file));
  const same = Object.entries(due).every(([name, value]) => canonicalCell(said[name]) === canonicalCell(value));
  const shown = Object.fromEntries(Object.keys(due).map((name) => [name, said[name] ?? null]));
  return same ? [] : wrong(words.REPORT.says(file, JSON.stringify(shown)));
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
