import assert from 'node:assert/strict';
import test from 'node:test';

import { END, ORDERS, outcome, pollsEvery } from '#site/src/pictures/poll-line/model.ts';

const polls = pollsEvery(4);
const copies = (overlap: number, upserts: boolean): number[] =>
  outcome(ORDERS, { polls, overlap, upserts }).map((fate) => fate.copies);

test('the table of the guide is what the picture shows', () => {
  assert.deepEqual(copies(0, false), [1, 0, 1, 1, 1]);
  assert.deepEqual(copies(1, false), [1, 0, 2, 1, 2]);
  assert.deepEqual(copies(4, false), [2, 1, 3, 2, 2]);
  assert.deepEqual(copies(4, true), [1, 1, 1, 1, 1]);
});

test('a poller loses nothing of transactions that end in the order of their ids', () => {
  const inOrder = ORDERS.map((order) => ({ ...order, committed: order.taken }));
  for (const every of [2, 3, 5, 7, END])
    for (const { anomaly } of outcome(inOrder, { polls: pollsEvery(every), overlap: 0, upserts: false }))
      assert.equal(anomaly, 'none');
});

test('the last poll comes at the end, however often it polls', () => {
  for (let every = 2; every <= END; every++) assert.equal(pollsEvery(every).at(-1), END);
});
