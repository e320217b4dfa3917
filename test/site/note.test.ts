import assert from 'node:assert/strict';
import test from 'node:test';

import {
  EMPTY,
  isUnsaved,
  next,
  stateOf,
  wantsToSend,
  wordsOf,
  type Note,
  type NoteEvent,
} from '#site/src/journal/note.ts';

const after = (...events: readonly NoteEvent[]): Note => events.reduce(next, EMPTY);
const read = (text: string): NoteEvent => ({ type: 'loaded', text, draft: undefined });
const type = (text: string): NoteEvent => ({ type: 'typed', text });
const sent: NoteEvent = { type: 'sent' };
const saved = (text: string): NoteEvent => ({ type: 'saved', text });

test('what is typed is sent, and is saved when the app says so', () => {
  const typed = after(read(''), type('I expected 1,000'));
  assert.equal(stateOf(typed), 'typing');
  assert.ok(wantsToSend(typed));
  const under = next(typed, sent);
  assert.equal(stateOf(under), 'saving');
  assert.equal(wantsToSend(under), false, 'one at a time');
  const done = next(under, saved('I expected 1,000'));
  assert.equal(wordsOf(done, true), 'saved');
  assert.equal(done.base, 'I expected 1,000');
});

test('the space behind a word that is being typed is not taken away', () => {
  const done = after(read(''), type('I expected '), sent, saved('I expected'));
  assert.equal(done.text, 'I expected ');
  assert.equal(stateOf(done), 'saved');
});

test('typing goes on while a save is under way, and is saved next', () => {
  const done = after(read(''), type('one'), sent, type('one two'), saved('one'));
  assert.equal(done.text, 'one two');
  assert.ok(wantsToSend(done));
  assert.equal(done.base, 'one');
});

test('a change from elsewhere that was merged is shown, unless the learner typed on', () => {
  const merged = after(read('a\n\nb'), type('a\n\nb!'), sent, saved('A\n\nb!'));
  assert.equal(merged.text, 'A\n\nb!');
  assert.match(wordsOf(merged, true), /with a change that was made elsewhere/);
  const typing = after(read('a\n\nb'), type('a\n\nb!'), sent, type('a\n\nb!!'), saved('A\n\nb!'));
  assert.equal(typing.text, 'a\n\nb!!', 'not a keystroke is lost');
  assert.equal(typing.base, 'a\n\nb!', 'so that the next save is merged with what stands there');
  assert.ok(wantsToSend(typing));
});

test('a conflict keeps both texts until the learner has chosen', () => {
  const conflict = after(read(''), type('mine'), sent, { type: 'conflict', theirs: 'theirs' });
  assert.equal(stateOf(conflict), 'conflict');
  assert.equal(wantsToSend(next(conflict, type('mine, more'))), false);
  const chose = (keep: 'mine' | 'theirs' | 'both'): Note => next(conflict, { type: 'chose', keep });
  assert.deepEqual([chose('mine').text, chose('mine').base, wantsToSend(chose('mine'))], ['mine', 'theirs', true]);
  assert.deepEqual([chose('theirs').text, wantsToSend(chose('theirs'))], ['theirs', false]);
  assert.deepEqual([chose('both').text, wantsToSend(chose('both'))], ['theirs\n\nmine', true]);
});

test('a failure says why, keeps the text, and is tried again', () => {
  const failed = after(read(''), type('mine'), sent, { type: 'failed', message: 'The disk is full. Free some space.' });
  assert.equal(failed.text, 'mine');
  assert.ok(wantsToSend(failed));
  assert.match(wordsOf(failed, true), /^not saved: The disk is full\. Free some space\. .* kept in this browser/);
  assert.match(wordsOf(failed, false), /copy your text/);
  assert.equal(wordsOf(next(next(failed, sent), saved('mine')), true), 'saved');
});

test('a draft that was never acknowledged comes back and is sent; one that was is dropped', () => {
  const back = next(EMPTY, { type: 'loaded', text: 'old', draft: { text: 'old and new', base: 'old' } });
  assert.equal(back.text, 'old and new');
  assert.ok(wantsToSend(back));
  const known = next(EMPTY, { type: 'loaded', text: 'new', draft: { text: 'new\n', base: 'old' } });
  assert.equal(known.text, 'new');
  assert.equal(isUnsaved(known), false);
});

test('what was typed before the journal was read stays in the box', () => {
  const typed = after(type('quick'), read('older words'));
  assert.equal(typed.text, 'quick');
  assert.ok(wantsToSend(typed), 'the app merges it, or offers both');
});

test('a change made in an editor is taken over by a box that is saved, and not by one that is not', () => {
  const calm = after(read('a'), { type: 'looked', text: 'a, edited' });
  assert.deepEqual([calm.text, calm.base], ['a, edited', 'a, edited']);
  const busy = after(read('a'), type('a, typed'), { type: 'looked', text: 'a, edited' });
  assert.deepEqual([busy.text, busy.base], ['a, typed', 'a']);
});
