import { tick } from 'svelte';

/**
 * Who pressed what is gone now stays near: where the focus was lost with its button, it goes on at the first of these
 * places that is there. Elsewhere nothing moves.
 */
export async function keepFocus(...places: readonly (HTMLElement | null | undefined)[]): Promise<void> {
  await tick();
  const { activeElement } = document;
  if (activeElement !== null && activeElement !== document.body) return;
  places.find((place) => place?.isConnected === true)?.focus();
}
