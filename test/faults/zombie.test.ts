import assert from 'node:assert/strict';
import test from 'node:test';

import { isCalm } from '#src/faults/zombie.ts';

/** One that was let go on at 10,000 ms: when its group last took it in, and since when it has been idle. */
const calmAt = (
  now: number,
  at: { joinedMs?: number; idleSince?: number; isJoining?: boolean; hasEnded?: boolean },
) => {
  const { joinedMs, idleSince, isJoining = false, hasEnded = false } = at;
  const kafka = { joinedMs: () => joinedMs, idleSince: () => idleSince, isJoining: () => isJoining };
  return isCalm({ zombie: { resumedMs: 10_000, hasEnded, way: { kafka } } }, now);
};

test('a start that was let go on has found out where it is when its group has it again', () => {
  assert.equal(calmAt(13_000, { joinedMs: 5000, idleSince: 10_500 }), false, 'idle, and still out of its group');
  assert.equal(calmAt(25_001, { joinedMs: 5000, idleSince: 10_500 }), true, 'it never comes back');
  assert.equal(calmAt(13_000, { joinedMs: 5000, isJoining: true }), false, 'it waits for the others of its group');
  assert.equal(calmAt(13_000, { joinedMs: 12_500, idleSince: 12_500 }), false, 'just back, and looking');
  assert.equal(calmAt(13_501, { joinedMs: 12_500, idleSince: 12_500 }), true);
  assert.equal(calmAt(10_001, { joinedMs: 5000, hasEnded: true }), true);
});

test('one that was in no group, or in one that is not joined, is waited for as long as it works', () => {
  assert.equal(calmAt(10_900, { idleSince: 10_500 }), false);
  assert.equal(calmAt(11_501, { idleSince: 10_500 }), true);
  assert.equal(calmAt(15_001, { idleSince: 5000 }), true);
});

test('what stands still is no calm, and what never stood still is', () => {
  assert.equal(isCalm({ zombie: { resumedMs: undefined, hasEnded: false, way: {} } }), false);
  assert.equal(isCalm({ zombie: undefined }), true);
});
