import assert from 'node:assert/strict';
import test from 'node:test';

import type { KafkaRecord } from '#src/faults/kafka-hands.ts';
import type { EndedTransaction } from '#src/faults/kafka-transactions.ts';
import { tornTransaction } from '#src/grading/torn.ts';
import { tornWords } from '#src/grading/wording-kafka.ts';

interface Seen {
  readonly read: readonly number[];
  /** Where readers of committed records must stop. */
  readonly end?: number;
  readonly start?: number;
  readonly keepsAll?: boolean;
}

/** A topic of one partition, as a reader of committed records sees it. */
function hands({ read, end = 100, start = 0, keepsAll = true }: Seen) {
  const record = { topic: 'x-out', partition: 0, key: null, value: null, headers: [], timestampMs: 0 } as const;
  return {
    topics: () => Promise.resolve(new Map([['x-out', 1]])),
    keepsAll: () => Promise.resolve(keepsAll),
    ends: () => Promise.resolve([end]),
    starts: () => Promise.resolve([start]),
    read: () => Promise.resolve(read.map((offset): KafkaRecord => ({ ...record, offset }))),
  };
}

function transaction(end: EndedTransaction['end'], topic = 'x-out'): EndedTransaction {
  return { id: 'x-loader', end, parts: [{ topic, partition: 0, offset: 10, count: 4 }] };
}

void test('of a commit everything is read, and of what was taken back nothing', async () => {
  const [commit, abort] = [transaction('commit'), transaction('abort')];
  const whole = hands({ read: [10, 11, 12, 13] });
  assert.equal(await tornTransaction(whole, [commit]), undefined);
  assert.equal(await tornTransaction(hands({ read: [9, 14] }), [abort]), undefined);
  const less = await tornTransaction(hands({ read: [10, 11, 13] }), [commit]);
  assert.ok(less !== undefined);
  assert.equal(
    tornWords(less, 'x-'),
    'Kafka itself tore a transaction: it accepted the commit of the one that loader began with offset 10 of out-0, and yet ' +
      "readers of committed records don't see 1 of its 4 records (the first of these is offset 12 of out-0). This is no " +
      "mistake of your program, and the run doesn't count",
  );
  const more = await tornTransaction(hands({ read: [13] }), [commit, abort]);
  assert.deepEqual(more?.wrong.length, 3, 'the first that is torn is told');
  const seen = await tornTransaction(whole, [commit, abort]);
  assert.ok(seen !== undefined);
  assert.match(tornWords(seen, ''), /accepted the abort of the one that x-loader .* see 4 of its 4 records/);
});

void test('only what is certain counts', async () => {
  const commit = [transaction('commit')];
  const missing = [11, 12, 13];
  assert.notEqual(await tornTransaction(hands({ read: missing }), commit), undefined);
  assert.equal(await tornTransaction(hands({ read: missing, start: 11 }), commit), undefined, 'it was let go of');
  assert.equal(await tornTransaction(hands({ read: missing, keepsAll: false }), commit), undefined, 'by key');
  assert.equal(await tornTransaction(hands({ read: missing }), [transaction('commit', 'gone')]), undefined, 'no topic');
});

void test('what lies behind an open transaction is waited for, and then nothing is said of it', async () => {
  const slow = hands({ read: [10, 11, 12, 13] });
  let asked = 0;
  const ends = () => Promise.resolve([++asked < 3 ? 10 : 100]);
  assert.equal(await tornTransaction({ ...slow, ends }, [transaction('commit')]), undefined);
  assert.equal(asked, 4);
  assert.equal(await tornTransaction(hands({ read: [], end: 10 }), [transaction('commit')], 50), undefined);
});
