/** `PostgreSQL, start 1: commit 3, durable` */
const POINT = /^(.+: )(\w+) (\d+), (.+)$/;

interface Span {
  /** Engine, start and kind of boundary. */
  readonly of: string;
  readonly from: number;
  to: number;
  /** What happened at the boundary that is being read, and at each of those before it. */
  moments: string[];
  readonly each: string | undefined;
}

/**
 * A run as a terminal lists it: boundaries that were passed in the same way, one after the other, are one line. Where
 * something else happened between them, they stay apart, because that is what the list is read for.
 */
export function runLines(lines: readonly string[]): string[] {
  const out: string[] = [];
  let span: Span | undefined;
  const close = (): void => {
    if (span !== undefined) out.push(...words(span));
    span = undefined;
  };
  for (const line of lines) {
    const [, where = '', kind = '', n = '', moment = ''] = POINT.exec(line) ?? [];
    const of = `${where}${kind}`;
    const at = Number(n);
    if (kind === '') {
      close();
      out.push(line);
    } else if (span?.of === of && span.to === at) span.moments.push(moment);
    else if (span?.of === of && span.to === at - 1 && (span.each ?? said(span)) === said(span))
      span = { of, from: span.from, to: at, moments: [moment], each: said(span) };
    else {
      close();
      span = { of, from: at, to: at, moments: [moment], each: undefined };
    }
  }
  close();
  return out;
}

function said({ moments }: Span): string {
  return moments.join('; ');
}

function words(span: Span): string[] {
  const { of, from, to, each } = span;
  const own = said(span);
  if (each === undefined) return [`${of} ${to}, ${own}`];
  if (each === own) return [`${of}s ${from} to ${to}, each ${own}`];
  const before = from === to - 1 ? `${of} ${from}, ${each}` : `${of}s ${from} to ${to - 1}, each ${each}`;
  return [before, `${of} ${to}, ${own}`];
}
