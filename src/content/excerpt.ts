import { diffIndices } from 'node-diff3';

const CONTEXT_LINES = 6;

export interface Excerpts {
  readonly left: string;
  readonly right: string;
  /** Lines that differ, of both. */
  readonly changed: number;
}

/** What differs between two texts, with the lines around it; `…` stands for what is the same in both. */
export function excerpts(left: string, right: string): Excerpts {
  const [a, b] = [left.split('\n'), right.split('\n')];
  const parts = diffIndices(a, b);
  return {
    left: excerpt(
      a,
      parts.map(({ buffer1: [from, count] }) => [from, count]),
    ),
    right: excerpt(
      b,
      parts.map(({ buffer2: [from, count] }) => [from, count]),
    ),
    changed: parts.reduce((sum, { buffer1, buffer2 }) => sum + buffer1[1] + buffer2[1], 0),
  };
}

function excerpt(lines: readonly string[], spans: readonly (readonly [number, number])[]): string {
  const kept = lines.map((_, i) =>
    spans.some(([from, count]) => i >= from - CONTEXT_LINES && i < from + count + CONTEXT_LINES),
  );
  const shown = lines.flatMap((line, i) => (kept[i] === true ? [line] : i === 0 || kept[i - 1] === true ? ['…'] : []));
  return shown.join('\n').trim();
}
