import assert from 'node:assert/strict';
import test from 'node:test';

import { formatSchedule, parseSchedule } from '#src/faults/schedule.ts';

const LINE = 'v1 lab=batch-error-handling stage=2 seed=42 size=10000 kill@1/pg.commit#3:after-durable';

test('a line that was written reads as what it was', () => {
  for (const line of [
    LINE,
    'v1 lab=x stage=1 seed=0 size=0',
    `${LINE} cut@2/http.request#1:before feed@1/input#1:before=twice`,
  ]) {
    assert.equal(formatSchedule(parseSchedule(line)), line);
  }
  assert.deepEqual(parseSchedule('  v1  lab=x stage=1 seed=1 size=1 kill@pg.commit#1:before ').faults, [
    { action: 'kill', incarnation: 1, boundary: 'pg.commit', nth: 1, point: 'before' },
  ]);
});

test('what is no schedule is refused at its column', () => {
  for (const [line, column, expected] of [
    ['', 1, 'v1'],
    ['v2 lab=x', 1, 'v1'],
    ['v1 lab=X', 4, 'lab='],
    ['v1 lab=x stage=0 seed=1 size=1', 10, 'stage='],
    ['v1 lab=x stage=1 seed=1', 24, 'size='],
    [LINE.replace('kill@1/pg', 'kill pg'), 56, 'a fault like'],
    [LINE.replace('after-durable', 'afterwards'), 75, 'before, after-durable'],
    [LINE.replace('pg.commit', 'pg.comit'), 63, 'pg.commit, pg.slot'],
    [LINE.replace('#3', '#0'), 56, 'counted from 1'],
    [LINE.replace('@1/', '@0/'), 56, 'counted from 1'],
  ] as const) {
    assert.throws(
      () => parseSchedule(line),
      ({ name, message }: Error) =>
        name === 'LearnerError' && message.includes(expected) && message.includes(`at column ${column}\n`),
      `${line}: ${expected} at ${column}`,
    );
  }
});
