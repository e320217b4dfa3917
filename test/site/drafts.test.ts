import assert from 'node:assert/strict';
import test from 'node:test';

import { openDrafts, type Drafts } from '#site/src/journal/drafts.ts';

/** A browser's storage that holds so many letters at the most. */
class Store {
  readonly #items = new Map<string, string>();
  readonly #limit: number;
  constructor(limit = Infinity) {
    this.#limit = limit;
  }
  get length(): number {
    return this.#items.size;
  }
  key(i: number): string | null {
    return [...this.#items.keys()][i] ?? null;
  }
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (value.length > this.#limit) throw new Error('full');
    this.#items.set(key, value);
  }
  removeItem(key: string): void {
    this.#items.delete(key);
  }
}

let time = 0;
const open = (store: Store, load: string, prompt = 'before'): Drafts =>
  openDrafts(store, { guide: '03-idempotency', prompt, load }, () => ++time);

test('a draft outlives the page, and goes when it was acknowledged', () => {
  const store = new Store();
  open(store, 'first').keep({ text: 'words', base: '' });
  const later = open(store, 'second');
  assert.equal(later.find()?.text, 'words');
  later.drop();
  assert.equal(store.length, 0);
});

test('two tabs keep a draft each; the newest comes back first, and the other is not lost', () => {
  const store = new Store();
  open(store, 'one').keep({ text: 'older', base: '' });
  open(store, 'two').keep({ text: 'newer', base: '' });
  const third = open(store, 'three');
  assert.equal(third.find()?.text, 'newer');
  assert.ok(third.keep({ text: 'newer!', base: '' }));
  third.drop();
  assert.equal(open(store, 'four').find()?.text, 'older');
});

test('drafts of other prompts, and what is no draft, are left alone', () => {
  const store = new Store();
  open(store, 'one', 'after').keep({ text: 'of another prompt', base: '' });
  store.setItem('dej-draft/03-idempotency/before/x', 'no JSON');
  assert.equal(open(store, 'two').find(), undefined);
  assert.equal(store.length, 2);
});

test('a browser that refuses is told from one that keeps, and nothing is taken away', () => {
  const store = new Store(60);
  open(store, 'one').keep({ text: 'short', base: '' });
  const full = open(store, 'two');
  full.find();
  assert.equal(full.keep({ text: 'long '.repeat(20), base: '' }), false);
  assert.equal(open(store, 'three').find()?.text, 'short');
});
