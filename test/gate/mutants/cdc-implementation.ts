import type { Mutant } from '#test/gate/mutants/mutant.ts';

const POSITION =
  '                target.execute("UPDATE target.progress SET lsn = %s WHERE name = %s", (lsn_text(event.end), NAME))\n';
const CONFIRM = '            slot.confirm(event.end)\n        elif not skip';

/** Of solution/python of projects/02-cdc-implementation. */
export const CDC_MUTANTS: readonly Mutant[] = [
  {
    name: 'leaves the row under its former key',
    stage: 2,
    file: 'target.py',
    changes: [
      [
        '    where, keys = condition(event.old or',
        '    if event.old:\n        return insert(connection, event.relation, row)\n    where, keys = condition(event.old or',
      ],
    ],
  },
  {
    name: 'looks for the row under its new key',
    stage: 2,
    file: 'target.py',
    changes: [['condition(event.old or {', 'condition({']],
  },
  {
    name: 'takes what is unchanged for null',
    stage: 2,
    file: 'pgoutput.py',
    changes: [['UNCHANGED if kind == "u" else None', 'None']],
  },
  {
    name: 'carries no heartbeat over',
    stage: 1,
    file: 'target.py',
    changes: [
      [
        '    elif isinstance(event, Insert):',
        '    elif isinstance(event, Insert) and event.relation.table == "heartbeat":\n        pass\n    elif isinstance(event, Insert):',
      ],
    ],
  },
  {
    name: 'copies without the snapshot',
    stage: 3,
    file: 'main.py',
    changes: [[`        source.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")\n`, '']],
  },
  {
    name: 'confirms before it commits',
    stage: 4,
    file: 'main.py',
    changes: [
      ['            inside = False\n', '            inside = False\n            slot.confirm(event.end)\n'],
      [CONFIRM, '        elif not skip'],
    ],
  },
  { name: 'keeps no position', stage: 4, file: 'main.py', changes: [[POSITION, '']] },
  {
    name: 'commits before the position',
    stage: 4,
    file: 'main.py',
    changes: [[POSITION, `                target.commit()\n${POSITION}`]],
  },
  {
    name: 'takes the slot for the copy',
    stage: 4,
    file: 'main.py',
    changes: [
      ['if progress(target) is None or not', 'if not'],
      ['follow(target, slot, progress(target))', 'follow(target, slot, progress(target) or 0)'],
    ],
  },
  {
    name: 'passes over what begins at its position',
    stage: 4,
    file: 'main.py',
    changes: [['event.lsn < applied', 'event.lsn <= applied']],
    survives: 'a commit is never the first record of its transaction, and lies behind the end of the one before',
  },
  {
    name: 'commits each change',
    stage: 5,
    file: 'main.py',
    changes: [
      ['            apply(target, event)\n', '            apply(target, event)\n            target.commit()\n'],
    ],
  },
  {
    name: 'swallows what a table tells of itself',
    stage: 5,
    file: 'target.py',
    changes: [['        add_columns(connection, event.table, event.columns)', '        pass']],
  },
  {
    name: 'confirms only what is its own',
    stage: 6,
    file: 'main.py',
    changes: [['            if not inside:\n', '            if False:\n']],
  },
  { name: 'trusts its position', stage: 6, file: 'main.py', changes: [[' or not slot.exists()', '']] },
  {
    name: 'keeps no position twice',
    stage: 6,
    file: 'main.py',
    changes: [[' ON CONFLICT (name) DO UPDATE SET lsn = excluded.lsn', '']],
  },
  {
    name: 'copies to what is there',
    stage: 6,
    file: 'main.py',
    changes: [['            target.execute(f"DELETE FROM target.{table}")\n', '']],
  },
];
