import type { Today } from '#src/commands/today.ts';
import { addDays, shortDay } from '#src/study/day.ts';
import type { LaidStep } from '#src/study/plan.ts';
import { nextWords, reviewWords } from '#src/study/words.ts';

import { getJson } from '../islands/api.ts';
import { activityWords, levelOf, weekLine } from './words.ts';

/** Home at a glance: one button, what is due, the week. Without the app, the page stays as it is. */
export async function showToday(host: HTMLElement): Promise<void> {
  const reply = await getJson<Today>('/api/today');
  if (!reply.ok) return;
  const sight = reply.value;
  write(host, '.today-line', weekLine(sight));
  showNext(host, sight);
  host.querySelector('.today-due')?.replaceChildren(...dueLinks(sight));
  if (!sight.begun) return;
  host.querySelector('.glance .steps')?.replaceChildren(...sight.thisWeek.map(stepRow));
  host.querySelector('.bars')?.replaceChildren(...sight.groups.map(bar));
  showActivity(host, sight);
  const glance = host.querySelector<HTMLElement>('.glance');
  if (glance !== null) glance.hidden = false;
}

function showNext(host: HTMLElement, { next, begun, placed }: Today): void {
  const unsure = host.querySelector<HTMLElement>('.not-sure');
  if (unsure !== null) unsure.hidden = placed || begun;
  const start = host.querySelector<HTMLAnchorElement>('a.start');
  if (start === null) return;
  // Whoever has done all that is written has nothing to press.
  start.hidden = next === undefined;
  if (next === undefined) return;
  start.textContent = nextWords(next);
  start.href = next.href ?? '/plan/';
  const note = host.querySelector<HTMLElement>('.start-note');
  if (note !== null) note.hidden = next.begun;
}

function dueLinks({ begun, behind, review }: Today): HTMLElement[] {
  const links: HTMLElement[] = [];
  if (review.now > 0) links.push(link('/review/', reviewWords(review)));
  if (begun && behind.length > 0)
    links.push(
      link(
        '/plan/',
        behind.length === 1 ? 'One step is open from earlier' : `${behind.length} steps are open from earlier`,
      ),
    );
  return links;
}

function stepRow({ title, href, done, begun, written }: LaidStep): HTMLElement {
  const row = document.createElement('li');
  row.className = done ? 'is-done' : begun ? 'is-begun' : '';
  const mark = Object.assign(document.createElement('span'), { className: 'mark' });
  mark.setAttribute('aria-hidden', 'true');
  const words = document.createElement('span');
  words.append(
    href === undefined ? title : link(href, title),
    ...(done ? [' · done'] : begun ? [' · begun'] : written ? [] : [' · not written yet']),
  );
  row.append(mark, words);
  return row;
}

function bar({ title, done, total }: Today['groups'][number]): HTMLElement {
  const row = document.createElement('li');
  const track = Object.assign(document.createElement('span'), { className: 'part-bar' });
  track.setAttribute('aria-hidden', 'true');
  track.style.setProperty('--done', String(done / total));
  row.append(text(title), text(`${done} of ${total}`), track);
  return row;
}

function showActivity(host: HTMLElement, { activity, day }: Today): void {
  const cells = activity.counts.map((count, index) => {
    const cell = document.createElement('i');
    const date = addDays(activity.from, index);
    cell.dataset['level'] = String(levelOf(count));
    cell.title = `${shortDay(date)}: ${count}`;
    cell.classList.toggle('is-today', date === day);
    return cell;
  });
  host.querySelector('.activity')?.replaceChildren(...cells);
  write(host, '.activity-words', activityWords(activity.counts));
}

function link(href: string, words: string): HTMLAnchorElement {
  return Object.assign(document.createElement('a'), { href, textContent: words });
}

function text(words: string): HTMLElement {
  return Object.assign(document.createElement('span'), { textContent: words });
}

function write(host: HTMLElement, selector: string, words: string): void {
  const place = host.querySelector(selector);
  if (place !== null) place.textContent = words;
}
