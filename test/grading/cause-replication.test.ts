import assert from 'node:assert/strict';
import test from 'node:test';

import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault } from '#src/faults/schedule.ts';
import type { Anomaly } from '#src/grading/anomaly.ts';
import { likelyCauses } from '#src/grading/cause.ts';
import { causeWords } from '#src/grading/wording.ts';

/** `c` a commit in the target, `1` to `9` the confirmation of that transaction, `i` one of none. */
function recorded(order: string): HistoryEvent[] {
  return [...order].map((sign, at): HistoryEvent => {
    const [boundary, role] =
      sign === 'c' ? ['pg.commit', 'checking'] : ['pg.confirm', sign === 'i' ? 'idle' : `t${sign}`];
    const of = { boundary, role, nth: at + 1, point: 'after-durable' } as const;
    return { atMs: at, incarnation: 1, lane: 'postgres', kind: 'boundary', text: boundary, ...of };
  });
}

function causes(order: string, anomaly: Anomaly, fault: Partial<Fault> = {}): string[] {
  const struck = { action: 'kill', incarnation: 1, boundary: 'pg.confirm', nth: 1, point: 'after-durable' } as const;
  const history = recorded(order);
  const found = likelyCauses({
    recorded: history,
    failed: history,
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
