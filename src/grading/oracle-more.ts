import { finding, type Finding, type Noun } from '#src/grading/anomaly.ts';
import { canonicalCell, type Row } from '#src/grading/canonical.ts';
import { compareRows, type Comparison } from '#src/grading/oracle.ts';
import { countOf, gapWords, number, parkedWords, partialWords } from '#src/grading/wording-oracle.ts';

/** Numbers that must follow each other without a hole, for each key. */
export function gaps(found: readonly Row[], { key, by, noun }: { key: string; by: string; noun: Noun }): Finding[] {
  const numbers = new Map<string, number[]>();
  for (const row of found) {
    const name = canonicalCell(row[key]).replace(/^"(.*)"$/, '$1');
    numbers.set(name, [...(numbers.get(name) ?? []), Number(row[by])]);
  }
  const witnesses: string[] = [];
  let count = 0;
  for (const [name, all] of numbers) {
    const sorted = [...new Set(all)].sort((a, b) => a - b);
    for (const [index, value] of sorted.entries()) {
      const before = sorted[index - 1] ?? value - 1;
      if (value - before <= 1) continue;
      count += value - before - 1;
      witnesses.push(`${name}: ${by} ${value} after ${before}`);
    }
  }
  return count === 0 ? [] : [finding({ anomaly: 'gap', ...gapWords(count, noun), count, witnesses })];
}

/**
 * What the concurrent reader saw must be nothing or all of a result; `whole` lists the counts that a reader may see.
 * The stage's reader gives one row with the count in `column`.
 */
export function partialWrites(
  samples: readonly (readonly Row[])[],
  { column, whole, noun }: { column: string; whole: readonly number[]; noun: Noun },
): Finding[] {
  const seen = new Set(samples.flatMap(([row]) => (row === undefined ? [] : [Number(row[column])])));
  const partial = [...seen].filter((count) => !whole.includes(count));
  if (partial.length === 0) return [];
  const witnesses = partial.map((count) => countOf(count, noun));
  const words = partialWords(partial.length, whole.map(number), noun);
  return [finding({ anomaly: 'partial-write', ...words, count: partial.length, witnesses })];
}

/** The rows that can't be taken must stand aside, each once and as they came; `truth` holds those, `found` what stands there. */
export function notParked(comparison: Comparison): Finding[] {
  return compareRows(comparison).map((one): Finding => {
    if (one.anomaly !== 'lost') return one;
    return { ...one, anomaly: 'not-parked', ...parkedWords(comparison.truth.length, one.count, comparison.noun) };
  });
}
