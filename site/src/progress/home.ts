import type { Progress } from '#src/commands/journal.ts';

import { getJson } from '../islands/api.ts';
import { paintProblems } from './guide.ts';
import { glance, nextStep, summary } from './words.ts';

/** The roadmap at home: where each guide stands, and the one to go on with. */
export async function showRoadmap(host: HTMLElement): Promise<void> {
  const reply = await getJson<Progress>('/api/progress');
  if (!reply.ok) return;
  const { guides, next, problems } = reply.value;
  for (const row of host.querySelectorAll<HTMLElement>('[data-guide]')) {
    const progress = guides[row.dataset['guide'] ?? ''];
    const words = progress === undefined ? '' : glance(progress);
    const state = row.querySelector('.guide-state');
    if (state !== null) state.textContent = words;
    row.classList.toggle('is-done', progress?.done === true);
    row.classList.toggle('is-begun', words !== '' && progress?.done !== true);
  }
  const line = host.querySelector('.roadmap-summary');
  if (line !== null) line.textContent = summary(Object.values(guides), Number(host.dataset['planned']));
  const start = host.querySelector<HTMLAnchorElement>('a.start');
  const title = host.querySelector(`[data-guide="${next ?? ''}"] a`)?.textContent;
  if (start !== null && next !== undefined && title !== undefined && title !== null) {
    start.textContent = nextStep(title, guides[next]);
    start.href = `/concepts/${next}/`;
  }
  paintProblems(host, problems);
}
