import { finding, type Finding } from '#src/grading/anomaly.ts';
import type { Row } from '#src/grading/canonical.ts';
import { DELIVERY, SEEN } from '#src/grading/wording-found.ts';
import { SLOT } from '#src/grading/wording-replication.ts';

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

/** Samples of one row with one count: a reader may only ever see what stood there before, and what stands there after. */
export function onlySees(samples: readonly (readonly Row[])[], before: number, after: number): Finding[] {
  const counts = samples.flatMap(([row]) =>
    Object.values(row ?? {})
      .slice(0, 1)
      .map(Number),
  );
  const partial = counts.find((count) => count !== before && count !== after);
  if (partial === undefined) return [];
  const found = DELIVERY.saw(partial, before, after);
  return [finding({ anomaly: 'partial-write', expected: DELIVERY.whole, found, count: Math.abs(after - partial) })];
}

/** Samples of rows with name, id and version: what a reader has seen of a row stays, or is followed by a later version. */
export function neverBack(samples: readonly (readonly Row[])[]): Finding[] {
  const highest = new Map<string, number>();
  const fell = new Set<string>();
  for (const rows of samples) {
    for (const { name, id, version } of rows) {
      const row = `${String(name)} ${String(id)}`;
      const known = highest.get(row) ?? 0;
      if (Number(version) < known) fell.add(row);
      highest.set(row, Math.max(known, Number(version)));
    }
  }
  if (fell.size === 0) return [];
  const found = SLOT.backward(fell.size);
  return [finding({ anomaly: 'reordered', expected: SLOT.forward, found, count: fell.size, witnesses: [...fell] })];
}
