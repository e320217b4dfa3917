import type { Mutant } from '#test/gate/mutants/mutant.ts';

const FLUSH = '            self.producer.flush()\n';
const COMMIT = '                self.consumer.commit(offsets=offsets, asynchronous=False)\n';

/** Of solution/python of challenges/02-realtime-validation. */
export const REALTIME_MUTANTS: readonly Mutant[] = [
  {
    name: 'flushes after the commit',
    stage: 6,
    file: 'main.py',
    changes: [
      [FLUSH, ''],
      [COMMIT, COMMIT + FLUSH],
    ],
  },
  { name: 'drops the flush', stage: 6, file: 'main.py', changes: [[FLUSH, '']] },
  {
    name: 'commits by a timer',
    stage: 6,
    file: 'main.py',
    changes: [
      ['"enable.auto.commit": False', '"enable.auto.commit": True, "auto.commit.interval.ms": 1'],
      [COMMIT, '                pass\n'],
    ],
  },
  {
    name: 'commits and does not wait',
    stage: 6,
    file: 'main.py',
    changes: [['asynchronous=False', 'asynchronous=True']],
    survives: 'what it commits was flushed before; of a commit that is lost, the records are judged again, and alike',
  },
  { name: 'remembers 19 records', stage: 3, file: 'checks.py', changes: [['WINDOW = 20', 'WINDOW = 19']] },
  { name: 'remembers 21 records', stage: 3, file: 'checks.py', changes: [['WINDOW = 20', 'WINDOW = 21']] },
  {
    name: 'remembers all records',
    stage: 3,
    file: 'checks.py',
    changes: [[' if message.offset() - one[0] <= WINDOW]', ']']],
  },
  {
    name: 'remembers what is valid alone',
    stage: 3,
    file: 'checks.py',
    changes: [['        recent.append(', '        if reason is None:\n            recent.append(']],
  },
  {
    name: 'counts the gap from the last trip',
    stage: 3,
    file: 'checks.py',
    changes: [['max(before)', 'before[-1]']],
  },
  {
    name: 'waits for one bike too few',
    stage: 3,
    file: 'bikes.py',
    changes: [['while self.read < count:', 'while self.read < count - 1:']],
  },
  {
    name: 'refuses what is as fast as allowed',
    stage: 2,
    file: 'checks.py',
    changes: [['if meters >', 'if meters >=']],
  },
  { name: 'allows no clock ahead', stage: 2, file: 'checks.py', changes: [['seconds=60', 'seconds=0']] },
  {
    name: 'drops what has no value',
    stage: 5,
    file: 'main.py',
    changes: [['        if message.offset() < self', '        if message.value() is None or message.offset() < self']],
  },
  {
    name: 'decodes with replacement',
    stage: 5,
    file: 'checks.py',
    changes: [['value.decode("utf-8")', 'value.decode("utf-8", "replace")']],
  },
  { name: 'has the new rule one record late', stage: 6, file: 'checks.py', changes: [['>= NEW_FROM', '> NEW_FROM']] },
  { name: 'reads nothing again', stage: 6, file: 'main.py', changes: [['WINDOW = 20', 'WINDOW = 0']] },
  { name: 'reads ten records again', stage: 6, file: 'main.py', changes: [['WINDOW = 20', 'WINDOW = 10']] },
  {
    name: 'keeps its memory over a rebalance',
    stage: 6,
    faults: 'pause@1/kafka.offset[in-0]#1:before',
    file: 'main.py',
    changes: [['        self.checks.recent.clear()\n', '']],
    survives:
      'a commit that is refused ends it, so all that it remembers stands before what it reads next, as in the topic',
  },
];
