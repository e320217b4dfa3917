/**
 * A box of the journal that saves while the learner types. Nothing they typed is lost: it stays in the box and in the
 * browser's draft until the app says that it is on the disk.
 */
export interface Note {
  /** What the box shows. */
  readonly text: string;
  /** What the box held when it last agreed with the learner's folder. */
  readonly base: string;
  /** What is on its way to the app. */
  readonly sending: string | undefined;
  /** What stands in the folder, where both were changed in the same lines; the learner chooses. */
  readonly theirs: string | undefined;
  /** Why it could not be saved, in sentences. */
  readonly trouble: string | undefined;
  /** The folder's text has been read. */
  readonly loaded: boolean;
  /** What was just saved holds a change that was made elsewhere. */
  readonly merged: boolean;
}

export interface Draft {
  readonly text: string;
  readonly base: string;
}

export type NoteEvent =
  | { readonly type: 'loaded'; readonly text: string; readonly draft: Draft | undefined }
  | { readonly type: 'typed'; readonly text: string }
  | { readonly type: 'sent' }
  | { readonly type: 'saved'; readonly text: string }
  | { readonly type: 'conflict'; readonly theirs: string }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'chose'; readonly keep: 'mine' | 'theirs' | 'both' }
  /** The folder was read again, and may have been changed by another tab or an editor. */
  | { readonly type: 'looked'; readonly text: string };

export const EMPTY: Note = {
  text: '',
  base: '',
  sending: undefined,
  theirs: undefined,
  trouble: undefined,
  loaded: false,
  merged: false,
};

export function next(note: Note, event: NoteEvent): Note {
  switch (event.type) {
    case 'loaded':
      return loaded(note, event);
    case 'typed':
      return { ...note, text: event.text, merged: false };
    case 'sent':
      return { ...note, sending: note.text, trouble: undefined };
    case 'saved':
      return saved(note, event.text);
    case 'conflict':
      return { ...note, sending: undefined, theirs: event.theirs };
    case 'failed':
      return { ...note, sending: undefined, trouble: event.message };
    case 'chose':
      return chosen(note, event.keep);
    case 'looked':
      // An unsaved text is merged by the app when it is sent; one that is on its way has its answer coming.
      if (!note.loaded || isUnsaved(note) || note.sending !== undefined || event.text === note.base) return note;
      return { ...note, text: event.text, base: event.text, merged: true };
  }
}

function loaded(note: Note, { text, draft }: { text: string; draft: Draft | undefined }): Note {
  const known = { ...note, loaded: true, trouble: undefined };
  // What was typed while the folder was being read goes before a draft of another time.
  if (visible(note.text) !== note.base) return known;
  if (draft === undefined || visible(draft.text) === text) return { ...known, text, base: text };
  return { ...known, text: draft.text, base: draft.base };
}

function saved(note: Note, text: string): Note {
  const sent = note.sending ?? note.text;
  const asSent = text === visible(sent);
  const calm = { ...note, sending: undefined, theirs: undefined, trouble: undefined, loaded: true };
  // The same text without empty lines around it: the box keeps the space that is being typed behind a word.
  if (asSent) return { ...calm, base: text, merged: note.merged && note.text === sent };
  if (note.text === sent) return { ...calm, text, base: text, merged: true };
  // Typed on since: what is in the box grew from what was sent, so that is what the next save is compared with.
  return { ...calm, base: visible(sent) };
}

function chosen(note: Note, keep: 'mine' | 'theirs' | 'both'): Note {
  if (note.theirs === undefined) return note;
  const mine = note.text;
  const text = { mine, theirs: note.theirs, both: `${note.theirs}\n\n${mine}` }[keep];
  return { ...note, text, base: note.theirs, theirs: undefined };
}

/** The box holds something that the folder doesn't. */
export function isUnsaved({ text, base, theirs }: Note): boolean {
  return visible(text) !== base || theirs !== undefined;
}

/** Something to save, nothing on its way, and no choice open. */
export function wantsToSend(note: Note): boolean {
  return note.sending === undefined && note.theirs === undefined && isUnsaved(note);
}

export type NoteState = 'loading' | 'empty' | 'saved' | 'typing' | 'saving' | 'failed' | 'conflict';

export function stateOf(note: Note): NoteState {
  if (note.theirs !== undefined) return 'conflict';
  if (note.trouble !== undefined) return 'failed';
  if (note.sending !== undefined) return 'saving';
  if (isUnsaved(note)) return 'typing';
  if (!note.loaded) return 'loading';
  return note.text === '' ? 'empty' : 'saved';
}

/** The state in words. `kept` says whether the browser keeps a draft. */
export function wordsOf(note: Note, kept: boolean): string {
  const where = kept ? ' What you typed is kept in this browser.' : ' This browser keeps no draft: copy your text.';
  switch (stateOf(note)) {
    case 'loading':
      return 'Reading your journal …';
    case 'empty':
      return 'Saved in your journal while you type.';
    case 'saved':
      return note.merged ? 'saved, with a change that was made elsewhere' : 'saved';
    case 'typing':
      return 'not saved yet';
    case 'saving':
      return 'saving …';
    case 'failed':
      return isUnsaved(note) ? `not saved: ${note.trouble ?? ''}${where}` : `not read: ${note.trouble ?? ''}`;
    case 'conflict':
      return 'not saved: the same lines were changed elsewhere. Choose which text stays.';
  }
}

/** As the folder keeps it: line ends of any system become one, and empty lines around are not kept. */
export function visible(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(/^(?:[ \t]*\n)+/, '')
    .trimEnd();
}
