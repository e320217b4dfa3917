import assert from 'node:assert/strict';
import test from 'node:test';

import { passedOn, quantile } from '#src/grading/latency.ts';
import type { KafkaFed, KafkaRecord } from '#src/grading/api.ts';

test('a quantile is the smallest value that so many do not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  assert.deepEqual([quantile(hundred, 0.99), quantile(hundred, 0.5), quantile(hundred, 1)], [99, 50, 100]);
  // Of fewer than a hundred, the slowest counts.
  assert.deepEqual([quantile([3, 9, 1, 7], 0.99), quantile([3, 9, 1, 7], 0.5)], [9, 3]);
  assert.deepEqual([quantile([4], 0.99), quantile([4], 0)], [4, 4]);
});

test('a record is found by its source, in whichever topic, and counts from when it was first there', async () => {
  const fed = [at(0, 8, 100), at(0, 9, 100), at(1, 8, 105), at(1, 9, 105)];
  const topics = {
    // What came before the program ran, and what names no source, is left out.
    valid: [out('0:7', 5000), out('0:8', 140), out('1:8', 120), out('1:8', 900), out(undefined, 101)],
    // Passed on before we had heard of it.
    invalid: [out('0:9', 99), out('1:9', 160)],
  };
  assert.deepEqual(await figures(fed, topics), [
    '4 records, written as a burst while your program ran undisturbed, were passed on within 55 ms (p99; median 15 ms); ' +
      'reported, never judged',
  ]);
});

test('nothing is said where nothing was fed while it ran, or the broker stamped nothing', async () => {
  assert.deepEqual(await figures([], { valid: [out('0:8', 140)], invalid: [] }), []);
  assert.deepEqual(await figures([at(0, 8, 100)], { valid: [out('0:8', undefined)], invalid: [] }), []);
  assert.deepEqual(await figures([at(0, 8, 100)], { valid: [], invalid: [] }), []);
});

type Topics = Readonly<Record<'valid' | 'invalid', readonly KafkaRecord[]>>;

function figures(fed: readonly KafkaFed[], topics: Topics): Promise<string[]> {
  const records = (topic: string): Promise<readonly KafkaRecord[]> =>
    Promise.resolve(topic === 'valid' ? topics.valid : topics.invalid);
  return passedOn({ records, fed: (topic) => (topic === 'in' ? fed : []) }, 'in', ['valid', 'invalid']);
}

function at(partition: number, offset: number, atMs: number): KafkaFed {
  return { partition, offset, atMs };
}

function out(source: string | undefined, readableMs: number | undefined): KafkaRecord {
  return {
    ...{ topic: 'any', partition: 0, offset: 0, key: null, value: null, timestampMs: 1 },
    headers: source === undefined ? [] : [['source', Buffer.from(source)]],
    ...(readableMs === undefined ? {} : { readableMs }),
  };
}
