import type { Progress } from '#src/commands/journal.ts';
import { labGlance } from '#src/study/lab-progress.ts';

import { getJson } from '../islands/api.ts';
import { paintProblems } from './guide.ts';
import { glance, summary } from './words.ts';

/** The roadmap at home: where each guide stands. */
export async function showRoadmap(host: HTMLElement): Promise<void> {
  const reply = await getJson<Progress>('/api/progress');
  if (!reply.ok) return;
  const { guides, held, labs, problems } = reply.value;
  for (const row of host.querySelectorAll<HTMLElement>('[data-guide]')) {
    const progress = guides[row.dataset['guide'] ?? ''];
    const words = progress === undefined ? '' : glance(progress, held[row.dataset['guide'] ?? '']?.held);
    const state = row.querySelector('.guide-state');
    if (state !== null) state.textContent = words;
    row.classList.toggle('is-done', progress?.done === true);
    row.classList.toggle('is-begun', words !== '' && progress?.done !== true);
  }
  // The labs stand below the roadmap, in a list of their own.
  for (const row of document.querySelectorAll<HTMLElement>('[data-lab]')) {
    const progress = labs[row.dataset['lab'] ?? ''];
    const words = progress === undefined ? '' : labGlance(progress);
    const state = row.querySelector('.guide-state');
    if (state !== null) state.textContent = words;
    row.classList.toggle('is-done', progress?.done === true);
    row.classList.toggle('is-begun', words !== '' && progress?.done !== true);
  }
  const line = host.querySelector('.roadmap-summary');
  if (line !== null) line.textContent = summary(Object.values(guides), Number(host.dataset['planned']));
  paintProblems(host, problems);
}
