import { createContext } from '#src/commands/context.ts';
import { today as look, type Today } from '#src/commands/today.ts';
import { nextWords, reviewWords } from '#src/study/words.ts';

/** What home shows, in the terminal. */
export async function today(options: { json?: boolean }): Promise<void> {
  const context = createContext();
  try {
    const sight = await look(context);
    console.log(options.json === true ? JSON.stringify(sight) : todayText(sight));
  } finally {
    await context.close();
  }
}

const LABEL = 10;
const label = (name: string, text: string): string => `${name.padEnd(LABEL)}${text}`;

export function todayText(sight: Today): string {
  const { words, week, next, dueToday, behind, milestones, problems } = sight;
  const lines = [
    week === undefined
      ? words
      : `${words} · week ${week.number} of ${week.of}: ${week.focus}, ${week.done} of ${week.total} done, about ${week.hours} h`,
    '',
    label('Next', next === undefined ? 'everything that is written is done' : nextWords(next)),
  ];
  if (next !== undefined) lines.push(label('', next.command ?? './dej open'));
  if (!sight.begun) lines.push(label('', 'Not sure? Ten questions, eight minutes: ./dej placement'));
  if (sight.review.now > 0) lines.push(label('Review', `${reviewWords(sight.review)}: ./dej review`));
  const others = dueToday.filter(({ id }) => id !== next?.id);
  for (const [i, { title, minutes }] of others.entries())
    lines.push(label(i === 0 ? 'Then' : '', `${title}, about ${minutes} min`));
  if (behind.length > 0)
    lines.push(
      label(
        'Open',
        `${steps(behind.length)} from earlier days; ./dej plan --anew lays what is left over the calendar anew`,
      ),
    );
  lines.push('', ...groupLines(sight), '', label('Reached', reachedWords(milestones)));
  if (sight.activity.counts.some((count) => count > 0)) lines.push(label('Active', active(sight)));
  return [...lines, ...problems.map((problem) => `\n${problem}`)].join('\n');
}

function groupLines({ groups }: Today): string[] {
  const width = Math.max(...groups.map(({ title }) => title.length), 0) + 2;
  return groups.map(
    ({ title, done, total }) =>
      `${title.padEnd(width)}${'■'.repeat(done)}${'□'.repeat(total - done)}  ${done} of ${total}`,
  );
}

function reachedWords(milestones: Today['milestones']): string {
  const open = milestones.find(({ reached }) => !reached);
  const count = milestones.filter(({ reached }) => reached).length;
  const ahead = open === undefined ? '' : `; next: ${open.title}`;
  return `${count} of ${milestones.length} milestones${ahead}`;
}

/** Days with something done; the page draws them, a terminal counts them. */
function active({ activity: { counts } }: Today): string {
  const done = (some: readonly number[]): number => some.filter((count) => count > 0).length;
  const week = done(counts.slice(Math.floor((counts.length - 1) / 7) * 7));
  const all = done(counts);
  return `${all === 1 ? 'one day' : `${all} days`} in the last ${Math.ceil(counts.length / 7)} weeks, ${week === 0 ? 'none' : week === 1 ? 'one' : week} of them this week`;
}

function steps(count: number): string {
  return count === 1 ? 'one step' : `${count} steps`;
}
