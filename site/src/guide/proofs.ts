import type { Lab } from '#src/content/content.ts';

import { escape } from './html.ts';

/** The labs whose stages prove a guide's concept; one that is not written yet is named and not linked. */
export function proofs(guide: string, labs: readonly Lab[]): string {
  // What can be done today comes first, and an evening's challenge before a project.
  const order = (lab: Lab): number => (lab.written ? 0 : 2) + (lab.kind === 'challenge' ? 0 : 1);
  const rows = labs
    .toSorted((a, b) => order(a) - order(b))
    .flatMap((lab) => {
      const numbers = lab.proves.find((proof) => proof.guide === guide)?.stages ?? [];
      return numbers.length === 0 ? [] : [row(lab, numbers)];
    });
  if (rows.length === 0) return '';
  return `<div class="proofs"><p class="proofs-title" id="proofs-title">Where it is proved</p><ul aria-labelledby="proofs-title">${rows.join('')}</ul></div>`;
}

function row({ id, kind, path, number, title, stages, written }: Lab, numbers: readonly number[]): string {
  const name = escape(`${kind === 'project' ? 'Project' : 'Challenge'} ${number}, ${title}`);
  const steps = numbers.map((n) => `<li>Stage ${n}: ${escape(stages[n - 1] ?? '')}</li>`).join('');
  const head = written
    ? `<a href="/${path}/">${name}</a> <code>./dej start ${id}</code>`
    : `<span class="planned">${name} <small>not written yet</small></span>`;
  return `<li>${head}<ul>${steps}</ul></li>`;
}
