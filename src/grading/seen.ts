import { finding, type Finding } from '#src/grading/anomaly.ts';
import type { Row } from '#src/grading/canonical.ts';
import { SEEN } from '#src/grading/wording-found.ts';

/** Samples of one row with a count for each table: what a reader has once counted must not become less. */
export function neverFalls(samples: readonly (readonly Row[])[]): Finding[] {
  const highest = new Map<string, number>();
  const falls = new Map<string, { readonly from: number; readonly to: number }>();
  for (const [row] of samples) {
    for (const [table, value] of Object.entries(row ?? {})) {
      const count = Number(value);
      const from = highest.get(table) ?? 0;
      if (count < from && !falls.has(table)) falls.set(table, { from, to: count });
      highest.set(table, Math.max(from, count));
    }
  }
  return [...falls].map(([table, { from, to }]) =>
    finding({ anomaly: 'partial-write', expected: SEEN.stays, found: SEEN.fell(table, from, to), count: from - to }),
  );
}
