import { plural } from '#src/grading/wording-oracle.ts';

/** What was not run again, since when it is known, and how it would be. */
export function earlierWords(
  { survived, lastAt }: { readonly survived: number; readonly lastAt: string },
  { lab, level, startedAt }: { readonly lab: string; readonly level: string; readonly startedAt: string },
): string {
  const [day, time] = local(lastAt);
  const when = day === local(startedAt)[0] ? time : `${time} on ${day}`;
  const [were, them] = survived === 1 ? ['was', 'it'] : ['were', 'them'];
  const lastly = survived === 1 ? 'at' : 'the last at';
  return `${plural(survived, 'run')} ${were} not made again: the very same program had survived ${them} before, ${lastly} ${when}; ./dej check ${lab} --${level} --afresh makes all`;
}

/** Day and time where the reader is. */
function local(iso: string): readonly [string, string] {
  const at = new Date(iso);
  const two = (n: number): string => String(n).padStart(2, '0');
  return [
    `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    `${two(at.getHours())}:${two(at.getMinutes())}`,
  ];
}
