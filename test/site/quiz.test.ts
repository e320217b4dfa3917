import assert from 'node:assert/strict';
import test from 'node:test';

import { explained, isRight, letterAt, placeOfKey, shownOrder, takeawaysFold } from '#site/src/quiz/model.ts';

test('a seed gives one order; every order comes up, each about as often', () => {
  assert.deepEqual(shownOrder('a-question', 4, 7), shownOrder('a-question', 4, 7));
  const seen = new Map<string, number>();
  const loads = 2400;
  for (let seed = 0; seed < loads; seed++) {
    const order = shownOrder('a-question', 4, seed);
    assert.deepEqual(order.toSorted(), [0, 1, 2, 3]);
    seen.set(order.join(''), (seen.get(order.join('')) ?? 0) + 1);
  }
  assert.equal(seen.size, 24);
  for (const [order, times] of seen) assert.ok(times > 50 && times < 160, `${order} came ${times} times of ${loads}`);
});

test('questions of one page are not all in the same order', () => {
  const orders = Array.from({ length: 10 }, (_, i) => shownOrder(`question-${i}`, 4, 42).join(''));
  assert.ok(new Set(orders).size > 5, orders.join(' '));
});

test('letters are those shown, and keys mean them', () => {
  assert.deepEqual([0, 1, 2].map(letterAt), ['A', 'B', 'C']);
  assert.equal(placeOfKey('b', 3), 1);
  assert.equal(placeOfKey('B', 3), 1);
  for (const key of ['d', 'Enter', ' ', '1', 'Tab']) assert.equal(placeOfKey(key, 3), undefined, key);
});

test('right is all the right options and no other', () => {
  assert.equal(isRight(['B'], ['B']), true);
  assert.equal(isRight(['D', 'B'], ['B', 'D']), true);
  assert.equal(isRight(['B'], ['B', 'D']), false);
  assert.equal(isRight(['B', 'C'], ['B']), false);
  assert.equal(isRight([], ['B']), false);
});

test('a wrong answer explains what was chosen and gives nothing else away; a right one explains all', () => {
  assert.deepEqual(explained(['A', 'B', 'C'], ['A'], ['B']), ['A']);
  assert.deepEqual(explained(['A', 'B', 'C'], ['B'], ['B']), ['A', 'B', 'C']);
});

test('takeaways stay closed until every question has an answer', () => {
  assert.equal(takeawaysFold(['one', 'two'], new Set(['one'])), 'closed');
  assert.equal(takeawaysFold(['one', 'two'], new Set(['two', 'one', 'other'])), 'open');
});
