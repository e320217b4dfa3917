import assert from 'node:assert/strict';
import test from 'node:test';

import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault } from '#src/faults/schedule.ts';
import type { Anomaly } from '#src/grading/anomaly.ts';
import { likelyCauses } from '#src/grading/cause.ts';
import { causeWords } from '#src/grading/wording.ts';

const SIGNS: Readonly<Record<string, readonly [string, string]>> = {
  c: ['pg.commit', 'checking'],
  v: ['pg.commit', 'savings'],
  s: ['pg.slot', 'slot'],
  i: ['pg.confirm', 'idle'],
};

/**
 * `c` a commit in the target, `v` one to another table, `s` the making of the slot, `1` to `9` the confirmation of that
 * transaction, `i` one of none; `!` a fault, and after a blank the next start.
 */
function recorded(order: string): HistoryEvent[] {
  return order.split(' ').flatMap((start, index) =>
    [...start].map((sign, at): HistoryEvent => {
      const incarnation = index + 1;
      if (sign === '!') return { atMs: at, incarnation, lane: 'fault', kind: 'fired', text: 'kill' };
      const [boundary, role] = SIGNS[sign] ?? ['pg.confirm', `t${sign}`];
      const of = { boundary, role, nth: at + 1, point: 'after-durable' } as const;
      return { atMs: at, incarnation, lane: 'postgres', kind: 'boundary', text: boundary, ...of };
    }),
  );
}

function causes(order: string, anomaly: Anomaly, fault: Partial<Fault> = {}, failed = order): string[] {
  const struck = { action: 'kill', incarnation: 1, boundary: 'pg.confirm', nth: 1, point: 'after-durable' } as const;
  const found = likelyCauses({
    recorded: recorded(order),
    failed: recorded(failed),
    fault: { ...struck, ...fault },
    anomalies: [anomaly],
    outputs: [],
  });
  for (const cause of found) assert.match(causeWords(cause), /^[A-Z].*\.$/);
  return found.map((cause) =>
    cause.kind === 'confirmed-first' ? `${cause.kind} ${cause.transaction ?? '?'}` : cause.kind,
  );
}

test('a confirmation before its commit, by the order of the undisturbed run', () => {
  assert.deepEqual(causes('c1c2ci3c', 'lost'), ['confirmed-first 3']);
  assert.deepEqual(causes('c1c2ci3c', 'phantom'), ['confirmed-first 3']);
});

test('where the order does not show it, both candidates are given, and how each looks', () => {
  assert.deepEqual(causes('cc1c2c3i', 'lost'), ['confirmed-first ?', 'slot-for-copy']);
  // Several transactions in one commit: which came first can't be told.
  assert.deepEqual(causes('c12c', 'lost'), ['confirmed-first ?', 'slot-for-copy']);
});

test('a slot that was behind, made and not used, or gone', () => {
  for (const anomaly of ['reordered', 'crashed'] as const)
    assert.deepEqual(causes('cc1c2', anomaly, { action: 'rewind' }), ['applied-again']);
  assert.deepEqual(causes('c1', 'lost', { boundary: 'pg.slot', nth: 1 }), ['slot-for-copy']);
  assert.deepEqual(causes('c1', 'crashed', { boundary: 'pg.slot', nth: 1 }), ['met-itself']);
  assert.deepEqual(causes('cc1', 'lost', { action: 'lose' }), ['slot-gone']);
  assert.deepEqual(causes('cc1', 'wal-retained'), []);
});

test('of two causes that one is left out which the failed run excludes', () => {
  assert.deepEqual(causes('scici1', 'lost', {}, 'sc1!'), ['confirmed-first ?']);
  assert.deepEqual(causes('s1cc', 'lost', {}, 's1!'), ['confirmed-first ?', 'slot-for-copy']);
});

test('a copy that was made in part, or not at all, and taken for all of it', () => {
  const commit = { boundary: 'pg.commit', nth: 2 };
  assert.deepEqual(causes('scvc1', 'lost', commit, 'sc! c1'), ['half-copy']);
  assert.deepEqual(causes('scvc1', 'lost', commit, 's! c1'), ['slot-for-copy']);
  // It was made again, or was whole by then.
  assert.deepEqual(causes('scvc1', 'lost', commit, 'sc! scvc1'), []);
  assert.deepEqual(causes('scvc1', 'lost', commit, 'scv! c1'), []);
});
