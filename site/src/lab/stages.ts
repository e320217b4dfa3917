import type { StageState } from '#src/study/lab-progress.ts';

const WORDS: Readonly<Record<StageState | 'running', string>> = {
  open: '',
  failed: 'failed',
  passed: 'passed',
  running: 'running',
};

/** The list of stages stands in the page; what became of each is written into it. */
export function paintStages(host: HTMLElement, stages: readonly StageState[], running: number | undefined): void {
  for (const row of host.querySelectorAll<HTMLElement>('details[data-stage]')) {
    const n = Number(row.dataset['stage']);
    const state = n === running ? 'running' : (stages[n - 1] ?? 'open');
    row.dataset['state'] = state;
    const words = row.querySelector('.stage-state');
    if (words !== null) words.textContent = WORDS[state];
  }
}

export function stageInView(host: HTMLElement): number {
  return Number(host.querySelector<HTMLElement>('details[data-stage][open]')?.dataset['stage'] ?? 1);
}

/** Calls back when another stage is opened; gives what ends that. */
export function watchStages(host: HTMLElement, onOpen: (n: number) => void): () => void {
  const rows = [...host.querySelectorAll<HTMLDetailsElement>('details[data-stage]')];
  const tell = ({ currentTarget }: Event): void => {
    const row = currentTarget as HTMLDetailsElement;
    if (row.open) onOpen(Number(row.dataset['stage']));
  };
  for (const row of rows) row.addEventListener('toggle', tell);
  return () => rows.forEach((row) => row.removeEventListener('toggle', tell));
}
