import type { PlanFlags } from '#src/cli/study-verbs.ts';
import { createContext } from '#src/commands/context.ts';
import { changePlan, plan as look, type PlanSight } from '#src/commands/plan.ts';
import { longDay, shortDay, spanOfDays } from '#src/study/day.ts';
import type { LaidStep } from '#src/study/plan.ts';
import { hoursWords, paceWords } from '#src/study/words.ts';

/** Shows the plan, after what was to be changed of it. */
export async function plan({ anew, all, json, ...change }: PlanFlags): Promise<void> {
  const context = createContext();
  try {
    const wanted = { ...change, ...(anew === true ? { reflow: true } : {}) };
    const sight = Object.keys(wanted).length === 0 ? await look(context) : await changePlan(wanted, context);
    console.log(json === true ? JSON.stringify(sight) : planText(sight, all === true));
  } finally {
    await context.close();
  }
}

export function planText(sight: PlanSight, all: boolean): string {
  const { settings, hours, ends, weeks, week, second, behind, milestones } = sight;
  const until = ends.first === undefined ? '' : `, until ${longDay(ends.first)}`;
  const lines = [
    `First lap: about ${hours.first} h from ${longDay(settings.start)}${until}`,
    `Your pace: ${paceWords(settings)}; ${settings.review} minutes of review a day`,
  ];
  for (const { number, focus, goal, hours: about, from, to, steps, done } of weeks) {
    const when = from === undefined || to === undefined ? '' : ` · ${spanOfDays(from, to)}`;
    const here = number === week ? ' · now' : '';
    lines.push('', `Week ${number} · ${focus}: ${goal}${when} · about ${about} h · ${done} of ${steps.length}${here}`);
    lines.push(...steps.map((step) => stepLine(step, all)));
  }
  const when = ends.second === undefined ? '' : `; at your pace until about ${shortDay(ends.second)}`;
  lines.push('', `Second lap, at your own pace: about ${hours.second} h${when}`);
  if (all) lines.push(...second.map((step) => stepLine(step, true)));
  else lines.push(`  ${second.filter(({ done }) => done).length} of ${second.length} done; --all lists them`);
  lines.push('', 'Milestones');
  for (const { week: due, title, reached, missing } of milestones) {
    lines.push(`  [${reached ? 'x' : ' '}] week ${due}: ${title}`);
    for (const what of missing) lines.push(`        still to come: ${what}`);
  }
  if (behind.length > 0)
    lines.push(
      '',
      `${behind.length} of these stood on earlier days (${hoursWords(behind.reduce((sum, { minutes }) => sum + minutes, 0))}). ./dej plan --anew lays what is left from today on.`,
    );
  return lines.join('\n');
}

function stepLine({ id, title, from, to, done, written, minutes }: LaidStep, withId: boolean): string {
  const when = from === undefined || to === undefined ? '' : spanOfDays(from, to);
  const state = written ? `${when}, ${minutes} min` : `${when}, not written yet`;
  return `  [${done ? 'x' : ' '}] ${title} · ${state.replace(/^, /, '')}${withId ? `\n        ${id}` : ''}`;
}
