import type { Unmet } from '#src/grading/by-role.ts';
import { number, plural } from '#src/grading/wording-oracle.ts';
import { unnamedWords } from '#src/grading/wording.ts';

/** A sentence for each kind of boundary that comes by the clock, with how many points of it found nothing to strike. */
export function unmetWords(unmet: readonly Unmet[]): string[] {
  const kinds = Map.groupBy(unmet, ({ boundary, role }) => unnamedWords(boundary, role));
  return [...kinds].map(([what, all]) => {
    const counts = [...new Set(all.flatMap((one) => one.counts))].sort((a, b) => a - b);
    const [least = 0, most = 0] = [counts.at(0), counts.at(-1)];
    return (
      `${plural(all.length, 'point')} at ${what}: your program makes them by the clock or by chance (${number(least)} to ` +
      `${number(most)} in runs that nothing disturbed), so that a number does not name the same one each time`
    );
  });
}
