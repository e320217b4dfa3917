import type { Today } from '#src/commands/today.ts';

/** The date, and where in the four weeks it lies. */
export function weekLine({ words, week, begun }: Pick<Today, 'words' | 'week' | 'begun'>): string {
  if (week === undefined) return words;
  const place = `week ${week.number} of ${week.of}: ${week.focus}`;
  return begun
    ? `${words} · ${place} · ${week.done} of ${week.total} steps done`
    : `${words} · ${place} · about ${week.hours} hours`;
}

/** How dark a day is drawn: nothing, something, much. */
export function levelOf(count: number): 0 | 1 | 2 {
  return count === 0 ? 0 : count < 10 ? 1 : 2;
}

/** What the picture of the days shows, for who doesn't see it. */
export function activityWords(counts: readonly number[]): string {
  const active = counts.filter((count) => count > 0).length;
  const week = counts.slice(-7).filter((count) => count > 0).length;
  return `Something done on ${days(active)} of the last ${counts.length}, ${week === 1 ? 'one' : week} of them in the last seven.`;
}

function days(count: number): string {
  return count === 1 ? 'one day' : `${count} days`;
}
