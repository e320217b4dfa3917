import type * as Svelte from 'svelte';

import type * as Cell from './RunCell.svelte';

type Loaded = [typeof Svelte, typeof Cell];

/**
 * A block before it is used: its buttons stand in the page, and what they do is loaded at the first sign of use. A page
 * is read more often than its blocks are run.
 */
export class RunStub extends HTMLElement {
  #loading: Promise<Loaded> | undefined;
  #isAlive = false;

  connectedCallback(): void {
    for (const sign of ['pointerenter', 'focusin'])
      this.addEventListener(sign, () => void this.#load(), { once: true });
    this.querySelector('.cell-bar')?.addEventListener('click', ({ target }) => {
      const action = (target as Element).closest<HTMLElement>('[data-action]')?.dataset['action'];
      if (action === 'run' || action === 'edit') void this.#begin(action);
    });
    // An answer of the quiz runs the block that shows it.
    this.addEventListener('run-block', () => {
      if (!this.#isAlive) void this.#begin('run');
    });
  }

  #load(): Promise<Loaded> {
    return (this.#loading ??= Promise.all([import('svelte'), import('./RunCell.svelte')]));
  }

  async #begin(action: 'run' | 'edit'): Promise<void> {
    if (this.#isAlive) return;
    this.#isAlive = true;
    const [{ mount }, { default: RunCell }] = await this.#load();
    const bar = this.querySelector('.cell-bar');
    const hadFocus = bar?.contains(document.activeElement) === true;
    bar?.remove();
    const target = this.querySelector('.cell-live') ?? this;
    mount(RunCell, { target, props: { host: this, action } });
    this.dataset['alive'] = 'true';
    // The pressed button is gone; what took its place, or the prediction that is asked first, has the focus.
    if (hadFocus && document.activeElement === document.body) target.querySelector('button')?.focus();
  }
}
