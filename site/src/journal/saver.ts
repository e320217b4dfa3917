import type { GuideRecord } from '#src/commands/journal.ts';

import { postJson } from '../islands/api.ts';
import { onRecord, readAgain, recordOf } from '../progress/record.ts';
import { openDrafts, type Drafts } from './drafts.ts';
import { EMPTY, isUnsaved, next, visible, wantsToSend, type Note, type NoteEvent } from './note.ts';

type Answer = { kind: 'saved'; text: string } | { kind: 'conflict'; theirs: string };

export interface SaverOptions {
  readonly guide: string;
  /** Names the box among the browser's drafts. */
  readonly box: string;
  /** What the box holds while the folder has nothing for it. */
  readonly first: string;
  readonly path: string;
  /** What the app must know beside the text and its base. */
  readonly body: Readonly<Record<string, string>>;
  /** What the folder holds; undefined for nothing. */
  readonly read: (record: GuideRecord) => string | undefined;
  /** Called at each change; `kept` says whether the browser keeps a draft. */
  readonly changed: (note: Note, kept: boolean) => void;
}

/** After the last keystroke. */
const QUIET_MS = 500;
const RETRY_MS = 5_000;

/** Saves a box of the learner's while they type: the states are those of a `Note`, and this brings them about. */
export class Saver {
  readonly #options: SaverOptions;
  readonly #drafts: Drafts;
  #note: Note;
  #kept = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SaverOptions) {
    const { guide, box, first } = options;
    this.#options = options;
    this.#drafts = openDrafts(localStorage, { guide, prompt: box, load: crypto.randomUUID() }, Date.now);
    this.#note = { ...EMPTY, text: first, base: visible(first) };
    onRecord((record) => this.#apply({ type: 'looked', text: this.#textIn(record) }));
  }

  /** Reads the folder and begins to watch; the function that it gives ends this. */
  begin(): () => void {
    void this.#load();
    // The page goes: what is not sent yet is sent now, and the draft stays until the next visit knows better.
    const leave = (): void => {
      if (document.visibilityState === 'hidden') void this.#send(true);
    };
    const back = (): void => {
      if (this.#note.trouble !== undefined) void this.retry();
    };
    document.addEventListener('visibilitychange', leave);
    addEventListener('online', back);
    return () => {
      document.removeEventListener('visibilitychange', leave);
      removeEventListener('online', back);
    };
  }

  typed(text: string): void {
    this.#apply({ type: 'typed', text });
    this.#settle(QUIET_MS);
  }

  choose(keep: 'mine' | 'theirs' | 'both'): void {
    this.#apply({ type: 'chose', keep });
    this.#settle(0);
  }

  async retry(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#note.loaded) return this.#send(false);
    const reply = await readAgain(this.#options.guide);
    if (reply.ok) return this.#load();
    this.#apply({ type: 'failed', message: `${reply.message} ${reply.remedy}` });
    this.#settle(QUIET_MS);
  }

  async #load(): Promise<void> {
    const reply = await recordOf(this.#options.guide);
    if (reply.ok) this.#apply({ type: 'loaded', text: this.#textIn(reply.value), draft: this.#drafts.find() });
    else this.#apply({ type: 'failed', message: `${reply.message} ${reply.remedy}` });
    this.#settle(0);
  }

  #textIn(record: GuideRecord): string {
    return this.#options.read(record) ?? visible(this.#options.first);
  }

  #apply(event: NoteEvent): void {
    const note = (this.#note = next(this.#note, event));
    if (!isUnsaved(note)) {
      if (note.loaded) this.#drafts.drop();
    } else this.#kept = this.#drafts.keep({ text: note.text, base: note.base });
    this.#options.changed(note, this.#kept);
  }

  /** Sends what is unsaved after a pause, or tries again what failed. */
  #settle(pauseMs: number): void {
    clearTimeout(this.#timer);
    if (this.#note.trouble !== undefined) this.#timer = setTimeout(() => void this.retry(), RETRY_MS);
    else if (wantsToSend(this.#note)) this.#timer = setTimeout(() => void this.#send(false), pauseMs);
  }

  async #send(keepalive: boolean): Promise<void> {
    clearTimeout(this.#timer);
    // Without what the folder holds there is nothing to compare with.
    if (!this.#note.loaded || !wantsToSend(this.#note)) return;
    const { text, base } = this.#note;
    this.#apply({ type: 'sent' });
    const { path, body } = this.#options;
    const reply = await postJson<Answer>(path, { ...body, text, base }, { keepalive });
    if (!reply.ok) this.#apply({ type: 'failed', message: `${reply.message} ${reply.remedy}` });
    else if (reply.value.kind === 'saved') this.#apply({ type: 'saved', text: reply.value.text });
    else this.#apply({ type: 'conflict', theirs: reply.value.theirs });
    this.#settle(QUIET_MS);
  }
}
