import { weekdayName } from '#src/study/day.ts';
import type { LaidStep } from '#src/study/plan.ts';
import type { Settings } from '#src/study/settings.ts';

/** What the one button says, and the first line of the terminal. */
export function nextWords({ title, kind, begun, minutes }: LaidStep): string {
  const name = kind === 'guide' || kind === 'deep' ? title.replace(/^\d\d · /, '') : title;
  return begun ? `Go on with ${name}` : `Start with ${name} (about ${minutes} min)`;
}

/** `8 h a week, on Monday, Wednesday and Saturday` */
export function paceWords({ minutes, days }: Pick<Settings, 'minutes' | 'days'>): string {
  return `${hoursWords(minutes)} a week, ${daysWords(days)}`;
}

export function hoursWords(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [...(hours > 0 ? [`${hours} h`] : []), ...(rest > 0 || hours === 0 ? [`${rest} min`] : [])].join(' ');
}

function daysWords(days: readonly number[]): string {
  const [first = 1, last = 1] = [days[0], days.at(-1)];
  if (days.length === 7) return 'every day';
  if (days.length > 2 && last - first === days.length - 1) return `${weekdayName(first)} to ${weekdayName(last)}`;
  const names = days.map(weekdayName);
  return `on ${names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`}`;
}

/** `7 cards to meet again, about 4 minutes` */
export function reviewWords({ now, minutes }: { now: number; minutes: number }): string {
  return `${now === 1 ? 'one card' : `${now} cards`} to meet again, about ${minutes === 1 ? 'a minute' : `${minutes} minutes`}`;
}

/** What stands where the cards were, when none is left; `more` says how one goes on all the same. */
export function reviewEndWords(
  { done, due, soon }: { readonly done: number; readonly due: number; readonly soon: number },
  more = '',
): string {
  const enough = done === 0 ? 'Nothing is due today.' : `Enough for today: ${done} reviewed.`;
  const beyond = due === 0 ? '' : ` ${due === 1 ? 'One more is' : `${due} more are`} due${more}.`;
  const back = soon === 0 ? '' : ` ${soon === 1 ? 'One that you missed comes' : `${soon} that you missed come`}`;
  return `${enough}${beyond}${back === '' ? '' : `${back} back within minutes.`}`;
}
