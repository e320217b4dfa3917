import type { GuideRecord } from '#src/commands/journal.ts';
import type { GuideProgress } from '#src/study/progress.ts';

import { postJson } from '../islands/api.ts';
import { onProgress, onRecord, readAgain, recordOf } from './record.ts';
import { glance, partsOf } from './words.ts';

/**
 * The line under a guide's title: what of core, deep and quiz is done, what is missing, and the learner's own tick. The
 * page brings it with zeros; without the app it stays so.
 */
export function showProgress(host: HTMLElement): void {
  const guide = host.dataset['guide'] ?? '';
  const tick = host.querySelector<HTMLButtonElement>('.progress-tick');
  const note = host.querySelector<HTMLElement>('.progress-note');
  let current: GuideProgress | undefined;
  const show = (progress: GuideProgress): void => {
    current = progress;
    paint(host, progress);
  };
  onProgress(show);
  onRecord((record) => {
    show(record.progress);
    paintProblems(host, record.problems);
    restorePredictions(record);
    markSkippable(record);
  });
  tick?.addEventListener('click', () => {
    const body = { item: `concepts/${guide}`, done: current?.done !== true };
    void postJson('/api/tick', body).then((reply) => {
      if (note !== null) note.textContent = reply.ok ? 'saved' : `not saved: ${reply.message} ${reply.remedy}`;
      if (reply.ok) void readAgain(guide);
    });
  });
  // Another tab, the terminal or an editor may have changed the folder meanwhile.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void readAgain(guide);
  });
  void recordOf(guide);
}

function paint(host: HTMLElement, progress: GuideProgress): void {
  for (const { name, done, total, words } of partsOf(progress)) {
    const part = host.querySelector<HTMLElement>(`[data-part="${name}"]`);
    const text = part?.querySelector('.part-words');
    if (text !== null && text !== undefined) text.textContent = words;
    part?.style.setProperty('--done', String(total === 0 ? 0 : done / total));
  }
  const { done, by, missing } = progress;
  host.classList.toggle('is-done', done);
  const more = host.querySelector<HTMLElement>('.progress-more');
  // Who has not begun yet needs neither a list of duties nor a tick.
  if (more !== null) more.hidden = !done && glance(progress) === '';
  write(host, '.progress-state', done ? (by === 'hand' ? 'Done, ticked by hand' : 'Done') : 'In progress');
  const rows = missing.map((text) => Object.assign(document.createElement('li'), { textContent: text }));
  host.querySelector('.progress-missing')?.replaceChildren(...rows);
  write(
    host,
    '.progress-missing-head',
    missing.length === 0 ? 'What breaks was run, and the quiz is right.' : 'Until its evidence is complete:',
  );
  const tick = host.querySelector<HTMLElement>('.progress-tick');
  if (tick !== null) tick.hidden = by === 'evidence';
  write(host, '.progress-tick', done ? 'Take the tick back' : 'Tick it off by hand');
}

function write(host: HTMLElement, selector: string, text: string): void {
  const place = host.querySelector(selector);
  if (place !== null) place.textContent = text;
}

/** Lines of the learner's folder that could not be read; shown as text, like all that comes from files. */
export function paintProblems(host: HTMLElement, problems: readonly string[]): void {
  host.querySelector('.progress-problems')?.remove();
  if (problems.length === 0) return;
  const box = Object.assign(document.createElement('div'), { className: 'progress-problems cell-trouble' });
  box.setAttribute('role', 'alert');
  const head = Object.assign(document.createElement('strong'), { textContent: 'In your journal’s folder' });
  const rows = problems.map((text) => Object.assign(document.createElement('p'), { textContent: text }));
  box.append(head, ...rows);
  host.append(box);
}

/** A part that the learner knows already may be skipped; what its block proves still counts. */
function markSkippable({ skippable }: GuideRecord): void {
  for (const { anchor, topic } of skippable) {
    const heading = document.getElementById(anchor);
    if (heading === null || heading.dataset['skippable'] !== undefined) continue;
    heading.dataset['skippable'] = topic;
    const note = Object.assign(document.createElement('span'), {
      className: 'skippable',
      textContent: `You know this (${topic === topic.toUpperCase() ? topic : topic.toLowerCase()}): you may skip the text and go on to the block.`,
    });
    // The theme wraps a heading for its link; the note belongs below the whole.
    (heading.closest('.sl-heading-wrapper') ?? heading).after(note);
  }
}

/** What was predicted at an earlier visit stands there again; the block needs no second prediction. */
function restorePredictions({ predictions }: GuideRecord): void {
  for (const [block, { option }] of Object.entries(predictions)) {
    const asked = document.querySelector<HTMLFieldSetElement>(`run-cell[data-block="${block}"] .prediction`);
    if (asked === null || asked.querySelector('input:checked') !== null) continue;
    const input = asked.querySelector<HTMLInputElement>(`input[value="${option ?? ''}"]`);
    if (input !== null) input.checked = true;
    asked.dataset['known'] = option ?? 'skipped';
  }
}
