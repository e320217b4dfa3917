import type { Component } from 'svelte';

type Loader = () => Promise<{ default: Component<{ host: HTMLElement }> }>;

/** Elements of a page that come alive; each loads its code when it comes into view, so that reading costs nothing. */
function island(name: string, load: Loader): void {
  customElements.define(
    name,
    class extends HTMLElement {
      connectedCallback(): void {
        const watcher = new IntersectionObserver(
          (entries) => {
            if (!entries.some((entry) => entry.isIntersecting)) return;
            watcher.disconnect();
            void Promise.all([import('svelte'), load()]).then(([{ mount }, { default: Part }]) => {
              mount(Part, { target: this.querySelector('.cell-live, .quiz-bar') ?? this, props: { host: this } });
              this.dataset['alive'] = 'true';
            });
          },
          { rootMargin: '200px' },
        );
        watcher.observe(this);
      }
    },
  );
}

island('run-cell', () => import('./RunCell.svelte'));
island('quiz-question', () => import('./QuizQuestion.svelte'));
island('engine-table', () => import('./EngineTable.svelte'));
island('concept-picture', () => import('./ConceptPicture.svelte'));
