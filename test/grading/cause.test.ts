import assert from 'node:assert/strict';
import test from 'node:test';

import type { HistoryEvent } from '#src/faults/history.ts';
import type { Fault } from '#src/faults/schedule.ts';
import type { Anomaly } from '#src/grading/anomaly.ts';
import { likelyCauses, type Evidence } from '#src/grading/cause.ts';
import { tablesMade } from '#src/grading/grade.ts';
import { causeWords } from '#src/grading/wording.ts';
import { history, kill, type Written } from '#test/grading/run-history.ts';

function causes(written: Written, anomalies: readonly Anomaly[] = ['duplicate'], more: Partial<Evidence> = {}) {
  const { fault, ...calm } = written;
  const evidence = { recorded: history(calm), failed: history(written), fault, anomalies, outputs: [] };
  const found = likelyCauses({ ...evidence, ...more });
  for (const cause of found) assert.match(causeWords(cause), /^[A-Z].*\.$/);
  return found;
}

test('a position saved after the commit, by the order in which both became visible', () => {
  assert.deepEqual(causes({ commits: 5, position: 'after', fault: kill(3) }), [
    { kind: 'position-after-commit', commit: 3, gapMs: 1 },
  ]);
});

test('a position saved before it', () => {
  assert.deepEqual(causes({ commits: 5, position: 'before', fault: kill(3, 'before') }, ['lost']), [
    { kind: 'position-before-commit', commit: 3, gapMs: 1 },
  ]);
});

test('where the order leaves both, both are given', () => {
  const recorded = history({ commits: 3, position: 'after' });
  const early = { atMs: 0.5, incarnation: 1, lane: 'file', kind: 'changed', text: 'position.json' } as const;
  const found = causes({ commits: 3, position: 'after', fault: kill(2) }, ['duplicate', 'lost'], {
    recorded: [early, ...recorded],
  });
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ['position-after-commit', 'position-before-commit'],
  );
});

test('rows and position in two transactions; many commits for one position', () => {
  const alternate = (nth: number): string[] => [nth % 2 === 1 ? 'orders' : 'progress'];
  assert.deepEqual(causes({ commits: 6, tables: alternate, fault: kill(3) }), [
    { kind: 'two-transactions', commit: 3, first: ['orders'], second: ['progress'] },
  ]);
  assert.deepEqual(causes({ commits: 6, tables: alternate, fault: kill(4, 'before') }), [
    { kind: 'two-transactions', commit: 3, first: ['orders'], second: ['progress'] },
  ]);
  const seldom = (nth: number): string[] => [nth % 4 === 0 ? 'progress' : 'orders'];
  assert.deepEqual(causes({ commits: 8, tables: seldom, fault: kill(5) }), [
    { kind: 'many-commits-per-position', commits: 3 },
  ]);
});

test('a table that is emptied in a commit of its own', () => {
  const calm = history({ commits: 2, tables: () => ['orders'] });
  const recorded = calm.map((event) =>
    event.nth === 1 ? { ...event, detail: { tables: ['orders'], emptied: ['orders'] } } : event,
  );
  assert.deepEqual(causes({ commits: 2, tables: () => ['orders'], fault: kill(1) }, ['lost'], { recorded }), [
    { kind: 'emptied-first', commit: 1, tables: ['orders'] },
  ]);
});

test('no position at all, and results are not taken for one', () => {
  const one = { commits: 4, tables: () => ['orders'], fault: kill(2) };
  assert.deepEqual(causes(one), [{ kind: 'no-position', commits: 4 }]);
  assert.deepEqual(causes({ ...one, position: 'after' }, ['duplicate'], { outputs: ['position.json'] }), [
    { kind: 'no-position', commits: 4 },
  ]);
});

test('a program that gives up, alone and after its own rows', () => {
  assert.deepEqual(causes({ commits: 2 }, ['crashed']), [{ kind: 'gave-up' }]);
  assert.deepEqual(causes({ commits: 2, fault: kill(1) }, ['crashed']), [{ kind: 'met-itself' }]);
  assert.deepEqual(causes({ commits: 2 }, ['lost']), [{ kind: 'silent' }]);
});

test('where the order shows nothing, nothing is claimed', () => {
  assert.deepEqual(causes({ commits: 3, fault: kill(2) }, ['lost']), []);
  assert.deepEqual(causes({ commits: 3 }, ['duplicate']), []);
  assert.deepEqual(causes({ commits: 3, tables: () => ['orders', 'progress'], fault: kill(2) }, ['corrupted']), []);
});

test('a program that writes to PostgreSQL what it reads from Kafka has its position in Kafka', () => {
  const step = (boundary: string, nth: number): HistoryEvent => ({
    ...{ atMs: nth, incarnation: 1, kind: 'boundary', text: '', boundary, nth, point: 'after-durable' },
    lane: boundary === 'pg.commit' ? 'postgres' : 'kafka',
    ...(boundary === 'kafka.offset' ? { role: 'in-0' } : {}),
  });
  const fault: Fault = { action: 'kill', incarnation: 1, boundary: 'pg.commit', nth: 1, point: 'after-durable' };
  const rest = { failed: [], fault, outputs: [] };
  const late = [step('pg.commit', 1), step('kafka.offset', 5)];
  const words = likelyCauses({ ...rest, recorded: late, anomalies: ['duplicate'] }).map((cause) => causeWords(cause));
  assert.match(words.join(), /^You commit an offset after .* \(commit 1 came first, then offset 5 of in-0\)/);
  const early = [step('kafka.offset', 5), step('pg.commit', 1)];
  const lost = likelyCauses({ ...rest, recorded: early, anomalies: ['lost'] }).map((cause) => causeWords(cause));
  assert.match(
    lost.join(),
    /^You commit an offset before .* \(offset 5 of in-0 was committed before commit 1 was durable\)/,
  );
});

test('a table is known by its name without its schema, as the history has it', () => {
  const sql = 'CREATE TABLE a (n int); CREATE TABLE IF NOT EXISTS target.b (n int); create table "s"."c" (n int)';
  assert.deepEqual(tablesMade(sql), ['a', 'b', 'c']);
});
