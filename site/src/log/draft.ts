/** What was begun and not kept yet, with the name that it will have: sent twice, it is written once. */
export interface EntryDraft {
  readonly id: string;
  readonly kind: 'insight' | 'question' | 'win';
  readonly text: string;
  /** What it is about, by the name that a terminal would give it; '' for nothing of its own. */
  readonly about: string;
}

export function freshDraft(): EntryDraft {
  return { id: crypto.randomUUID().replaceAll('-', '').slice(0, 10), kind: 'insight', text: '', about: '' };
}

/** The browser's draft for a place; a new one where there is none, or where the browser keeps nothing. */
export function draftOf(place: string): EntryDraft {
  try {
    const known = JSON.parse(localStorage.getItem(keyOf(place)) ?? '') as Partial<EntryDraft>;
    if (typeof known.text === 'string' && typeof known.id === 'string') return { ...freshDraft(), ...known };
  } catch {
    // Nothing was kept, or by somebody else.
  }
  return freshDraft();
}

export function keepDraft(place: string, draft: EntryDraft): void {
  try {
    if (draft.text === '') localStorage.removeItem(keyOf(place));
    else localStorage.setItem(keyOf(place), JSON.stringify(draft));
  } catch {
    // Private windows keep nothing; the words are in the box all the same.
  }
}

function keyOf(place: string): string {
  return `dej-log/${place}`;
}
