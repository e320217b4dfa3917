/** A block's code around the part that the learner writes. */
export interface Hole {
  /** Up to and with the line of `▼ yours`. */
  readonly before: string;
  readonly inside: string;
  /** From the line of `▲` on. */
  readonly after: string;
  /** Of the mark, which the learner's lines share. */
  readonly indent: string;
}

/** The hole between the comments `▼ yours` and `▲`; undefined where there is none. */
export function holeOf(code: string): Hole | undefined {
  const lines = code.split('\n');
  const from = lines.findIndex((line) => line.includes('▼ yours'));
  const to = lines.findIndex((line, at) => at > from && line.includes('▲'));
  if (from < 0 || to < 0) return undefined;
  return {
    before: lines.slice(0, from + 1).join('\n'),
    inside: lines.slice(from + 1, to).join('\n'),
    after: lines.slice(to).join('\n'),
    indent: /^\s*/.exec(lines[from] ?? '')?.[0] ?? '',
  };
}

/** The code with this text, written at the left margin, in its hole. */
export function fillHole(code: string, text: string): string {
  const hole = holeOf(code);
  if (hole === undefined) return code;
  const lines = text.trimEnd().split('\n');
  const inside = lines.map((line) => (line === '' ? '' : `${hole.indent}${line}`)).join('\n');
  return [hole.before, inside, hole.after].join('\n');
}
