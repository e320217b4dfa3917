import type { Draft } from './note.ts';

/** What the browser keeps of a box until the app has acknowledged it. */
export interface Drafts {
  /** The newest that is left over, of this tab or of one that was closed. */
  find(): Draft | undefined;
  /** False when the browser refuses, because it is full or private. */
  keep(draft: Draft): boolean;
  /** Called when what the box holds is on the disk. */
  drop(): void;
}

type Store = Pick<Storage, 'length' | 'key' | 'getItem' | 'setItem' | 'removeItem'>;

/**
 * Each load of a page has drafts of its own, so that two tabs never write over each other's; `load` names it. A draft
 * that was found becomes this load's own with the next `keep` or `drop`.
 */
export function openDrafts(
  store: Store,
  box: { guide: string; prompt: string; load: string },
  now: () => number,
): Drafts {
  const prefix = `dej-draft/${box.guide}/${box.prompt}/`;
  const own = prefix + box.load;
  let adopted: string | undefined;
  return {
    find() {
      const keys = Array.from({ length: store.length }, (_, i) => store.key(i) ?? '');
      const found = keys
        .filter((key) => key.startsWith(prefix))
        .map((key) => ({ key, draft: read(store.getItem(key)) }))
        .toSorted((a, b) => (b.draft?.at ?? 0) - (a.draft?.at ?? 0))
        .find(({ draft }) => draft !== undefined);
      adopted = found?.key;
      return found?.draft;
    },
    keep(draft) {
      try {
        store.setItem(own, JSON.stringify({ ...draft, at: now() }));
      } catch {
        return false;
      }
      release();
      return true;
    },
    drop() {
      store.removeItem(own);
      release();
    },
  };

  function release(): void {
    if (adopted !== undefined && adopted !== own) store.removeItem(adopted);
    adopted = undefined;
  }
}

function read(text: string | null): (Draft & { readonly at: number }) | undefined {
  try {
    const value = JSON.parse(text ?? '') as { text?: unknown; base?: unknown; at?: unknown } | null;
    if (typeof value?.text !== 'string' || typeof value.base !== 'string' || typeof value.at !== 'number')
      return undefined;
    return { text: value.text, base: value.base, at: value.at };
  } catch {
    return undefined;
  }
}
