/** A day as the learner's calendar has it, like `2026-01-05`. Texts of days sort as the days do. */
export type Day = string;

/** On which day of the learner a moment lies. Passed in beside the clock, because it depends on where they are. */
export type Zone = (ms: number) => Day;

/** The days of this machine's own time zone. */
export const localZone: Zone = (ms) => {
  const date = new Date(ms);
  return dayText(date.getFullYear(), date.getMonth() + 1, date.getDate());
};

export const utcZone: Zone = (ms) => new Date(ms).toISOString().slice(0, 10);

const DAY_MS = 86_400_000;

/** Days have no zone: they are counted as if each were one of UTC, where all are of the same length. */
export function addDays(day: Day, count: number): Day {
  return new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);
}

/** From `from` to `to`; negative where `to` is the earlier one. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

/** 1 for Monday to 7 for Sunday. */
export function weekday(day: Day): number {
  return new Date(Date.parse(day)).getUTCDay() || 7;
}

export function mondayOf(day: Day): Day {
  return addDays(day, 1 - weekday(day));
}

/** Whether a text names a day that exists: not the 30th of February. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text;
}

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

export function weekdayName(number: number): string {
  return WEEKDAYS[number - 1] ?? '';
}

/** `Monday, 5 January` */
export function longDay(day: Day): string {
  return `${weekdayName(weekday(day))}, ${shortDay(day)}`;
}

/** `5 January`; days of the plan are near, so that the year would only be noise. */
export function shortDay(day: Day): string {
  return `${Number(day.slice(8))} ${MONTHS[Number(day.slice(5, 7)) - 1] ?? ''}`;
}

/** `5–11 January` or `26 January – 1 February` */
export function spanOfDays(from: Day, to: Day): string {
  if (from === to) return shortDay(from);
  return from.slice(0, 7) === to.slice(0, 7)
    ? `${Number(from.slice(8))}–${shortDay(to)}`
    : `${shortDay(from)} – ${shortDay(to)}`;
}

function dayText(year: number, month: number, day: number): Day {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
