import assert from 'node:assert/strict';
import test from 'node:test';

import { DISK_MB, keptMb, minutes, START, type Settings } from '#site/src/pictures/slot-gauge/model.ts';

const after = (settings: Partial<Settings>, count = 60) =>
  minutes(START, { reading: true, busy: true, heartbeat: false, open: false, limitMb: undefined, ...settings }, count);

test('the table of the guide is what the picture shows', () => {
  assert.equal(keptMb(after({})), 0);
  for (const busy of [true, false])
    for (const heartbeat of [true, false])
      assert.equal(after({ reading: false, busy, heartbeat }).state, 'disk full', `${busy} ${heartbeat}`);
  assert.equal(after({ busy: false }).state, 'disk full');
  assert.equal(keptMb(after({ busy: false, heartbeat: true })), 0);
});

test('a limit gives up the slot and saves the disk', () => {
  const server = after({ reading: false, limitMb: 100 });
  assert.deepEqual([server.state, keptMb(server)], ['slot lost', 0]);
  assert.equal(server.minute, 60, 'the server goes on');
});

test('a reader that comes back in time lets the log go', () => {
  const paused = after({ reading: false }, 10);
  assert.ok(keptMb(paused) > 0 && keptMb(paused) < DISK_MB);
  assert.equal(
    keptMb(minutes(paused, { reading: true, busy: true, heartbeat: false, open: false, limitMb: undefined }, 1)),
    0,
  );
});

test('a lost slot stays lost, and a full disk stands still', () => {
  const lost = after({ reading: false, limitMb: 20 });
  const reading = { reading: true, busy: true, heartbeat: true, open: false, limitMb: 20 };
  assert.equal(minutes(lost, reading, 3).state, 'slot lost');
  const full = after({ reading: false });
  assert.deepEqual(minutes(full, reading, 3), full);
});

test('an open transaction keeps the log although the reader confirms, and lets it go when it ends', () => {
  const before = after({}, 5);
  const settings = { reading: true, busy: true, heartbeat: false, open: true, limitMb: undefined };
  const open = minutes(before, settings, 4);
  assert.deepEqual([open.confirmedMb, open.restartMb], [open.endMb, before.endMb]);
  assert.equal(minutes(before, settings, 60).state, 'disk full');
  assert.equal(keptMb(minutes(open, { ...settings, open: false }, 1)), 0);
});
