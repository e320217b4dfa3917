import type { Component } from 'svelte';

import { RunStub } from './run-stub.ts';

type Loader = () => Promise<{ default: Component<{ host: HTMLElement }> }>;

/** Elements of a page that come alive; each loads its code when it comes into view, so that reading costs nothing. */
function island(name: string, load: Loader): void {
  element(name, (host) => {
    const watcher = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        watcher.disconnect();
        void Promise.all([import('svelte'), load()]).then(([{ mount }, { default: Part }]) => {
          mount(Part, {
            target: host.querySelector('.quiz-bar, .placement-bar, .lab-live, .cell-live') ?? host,
            props: { host },
          });
          host.dataset['alive'] = 'true';
        });
      },
      { rootMargin: '200px' },
    );
    watcher.observe(host);
  });
}

function element(name: string, begin: (host: HTMLElement) => void): void {
  customElements.define(
    name,
    class extends HTMLElement {
      connectedCallback(): void {
        begin(this);
      }
    },
  );
}

customElements.define('run-cell', RunStub);
island('quiz-question', () => import('../quiz/QuizQuestion.svelte'));
island('exercise-cell', () => import('../exercise/ExerciseCell.svelte'));
island('journal-prompt', () => import('../journal/JournalPrompt.svelte'));
island('engine-table', () => import('./EngineTable.svelte'));
island('placement-quiz', () => import('../placement/PlacementBar.svelte'));
island('review-room', () => import('../review/ReviewRoom.svelte'));
island('guide-note', () => import('../log/GuideNote.svelte'));
island('log-book', () => import('../log/LogBook.svelte'));
island('own-figures', () => import('../log/OwnFigures.svelte'));
island('portfolio-desk', () => import('../portfolio/PortfolioDesk.svelte'));
island('plan-board', () => import('../plan/PlanBoard.svelte'));
island('concept-picture', () => import('./ConceptPicture.svelte'));
island('lab-bench', () => import('../lab/LabBench.svelte'));
element('copy-line', (host) => void import('./copy.ts').then(({ addCopyButton }) => addCopyButton(host)));
element('guide-progress', (host) => void import('../progress/guide.ts').then(({ showProgress }) => showProgress(host)));
element('home-progress', (host) => void import('../progress/home.ts').then(({ showRoadmap }) => showRoadmap(host)));
element('today-glance', (host) => void import('../today/glance.ts').then(({ showToday }) => showToday(host)));
