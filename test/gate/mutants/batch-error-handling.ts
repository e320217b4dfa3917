import type { Mutant } from '#test/gate/mutants/mutant.ts';

const TRANSACTION = '    with connection.transaction():\n        for table';
const NO_TRANSACTION = '    if True:\n        for table';

/** Of solution/python of challenges/01-batch-error-handling. */
export const BATCH_MUTANTS: readonly Mutant[] = [
  {
    name: 'drops the transaction',
    stage: 2,
    file: 'orders.py',
    changes: [[TRANSACTION, NO_TRANSACTION]],
    survives: 'psycopg opens a transaction by itself, and the block of the connection commits it or takes it back',
  },
  {
    name: 'commits what it deleted',
    stage: 2,
    file: 'orders.py',
    changes: [
      [TRANSACTION, NO_TRANSACTION],
      ['        total = bad = 0\n', '        connection.commit()\n        total = bad = 0\n'],
    ],
  },
  {
    name: 'commits each record',
    stage: 2,
    file: 'orders.py',
    changes: [
      [TRANSACTION, NO_TRANSACTION],
      ['            total += 1\n', '            total += 1\n            connection.commit()\n'],
    ],
  },
  {
    name: 'commits each record, where a delivery may be refused',
    stage: 5,
    file: 'orders.py',
    changes: [
      [TRANSACTION, NO_TRANSACTION],
      ['            total += 1\n', '            total += 1\n            connection.commit()\n'],
    ],
  },
  {
    name: 'skips the delete',
    stage: 2,
    file: 'orders.py',
    changes: [['("orders", "quarantine")', '()']],
  },
  { name: 'deletes orders alone', stage: 2, file: 'orders.py', changes: [['("orders", "quarantine")', '("orders",)']] },
  {
    name: 'loses the WHERE of the delete',
    stage: 5,
    file: 'orders.py',
    changes: [[' WHERE file = ANY(%s)", (file_names(folder),))', '")']],
  },
  { name: 'never refuses', stage: 5, file: 'orders.py', changes: [['if bad > limit * total', 'if bad > total']] },
  {
    name: 'has a key for each start',
    stage: 3,
    file: 'api.py',
    changes: [['key=f"settle-{payment}"', 'key=f"settle-{payment}-{os.getpid()}"']],
  },
  {
    name: 'pauses do not grow',
    stage: 3,
    file: 'api.py',
    changes: [['min(2 * pause,', 'min(pause,']],
    unsteady:
      'one second pause that a machine makes a quarter longer looks like growth; a stricter measure (the second longest instead ' +
      'of the longest) would call one in seventy runs wrong whose pauses double and are all left to chance (simulated)',
  },
  { name: 'pauses without chance', stage: 3, file: 'api.py', changes: [['random.uniform(0.5, 1)', '1']] },
  { name: 'drops Retry-After', stage: 3, file: 'api.py', changes: [['max(answer.retry_after, ', 'max(0, ']] },
  {
    name: 'has three times the budget',
    stage: 6,
    file: 'api.py',
    changes: [['int(os.environ.get("RETRY_BUDGET", "100"))', '3 * int(os.environ.get("RETRY_BUDGET", "100"))']],
  },
  {
    name: 'forgets what it settled',
    stage: 3,
    file: 'payments.py',
    changes: [['if payment["id"] in done', 'if False']],
  },
  {
    name: 'forgets what was refused',
    stage: 3,
    file: 'payments.py',
    changes: [[` UNION SELECT raw FROM quarantine WHERE reason = 'refused'`, '']],
  },
  {
    name: 'commits no payment before the end',
    stage: 6,
    file: 'payments.py',
    changes: [['    connection.commit()\n', '']],
  },
  {
    name: 'writes the report in place',
    stage: 2,
    file: 'report.py',
    changes: [
      ['open(path + ".tmp", "w"', 'open(path, "w"'],
      ['    os.replace(path + ".tmp", path)\n', ''],
    ],
    survives: 'a kill strikes at a message to an engine, never within the writing of a file',
  },
];
