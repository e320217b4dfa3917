import assert from 'node:assert/strict';
import test from 'node:test';

import type { KafkaRecord } from '#src/faults/kafka-hands.ts';
import { CaughtUp } from '#src/grading/caught-up.ts';
import { compareStates, restless, settled, type OwnState } from '#src/grading/own-state.ts';
import { topicStates } from '#src/grading/topic-state.ts';
import { restlessRemedy, restlessWords } from '#src/grading/wording-attack.ts';

interface Written {
  readonly key?: string;
  readonly value: unknown;
  readonly partition?: number;
  readonly headers?: KafkaRecord['headers'];
}

const bytes = (value: unknown): Buffer | null =>
  value === null || Buffer.isBuffer(value)
    ? value
    : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

function topic(written: readonly Written[], name = 'out', ignored: readonly string[] = []): OwnState {
  const records = written.map(({ key, value, partition = 0, headers = [] }, offset): KafkaRecord => ({
    ...{ topic: name, partition, offset, headers, timestampMs: offset },
    key: key === undefined ? null : Buffer.from(key),
    value: bytes(value),
  }));
  const fields = ignored.map((column) => ({ table: name, column }));
  return {
    tables: [],
    files: [],
    topics: topicStates([{ name, records }], { patterns: ['*'], ignored: fields }).topics,
  };
}

const found = (truth: OwnState, other: OwnState) =>
  compareStates(truth, other).map(({ anomaly, witnesses }) => [anomaly, ...witnesses]);

test('records are told apart by what they hold, and not by where or when they were written', () => {
  const truth = topic([
    { key: 'a', value: { id: 1 } },
    { key: 'b', value: { id: 2 } },
  ]);
  assert.deepEqual(
    found(
      truth,
      topic([
        { key: 'b', value: { id: 2 } },
        { key: 'a', value: { id: 1 }, partition: 1 },
      ]),
    ),
    [],
  );
  const twice = topic([...[1, 2, 1].map((id) => ({ key: id === 1 ? 'a' : 'b', value: { id } }))]);
  assert.deepEqual(found(truth, twice), [['duplicate', 'a ×2']]);
  assert.deepEqual(found(truth, topic([{ key: 'b', value: { id: 2 } }])), [['lost', 'a']]);
  const more = topic([
    { key: 'a', value: { id: 1, note: 'x' } },
    { key: 'b', value: { id: 2 } },
  ]);
  assert.deepEqual(found(truth, more), [['corrupted', 'a (note x, expected NULL)']], 'a field that nobody else has');
  const marked = topic([
    { key: 'a', value: { id: 1 }, headers: [['retry', Buffer.from('1')]] },
    { key: 'b', value: { id: 2 } },
  ]);
  assert.deepEqual(found(truth, marked), [['corrupted', 'a (headers retry=1, expected NULL)']], 'a header');
  assert.deepEqual(found(truth, { tables: [], topics: [], files: [] }), [['lost']], 'the topic itself');
  const long = (text: string) => topic([{ value: Buffer.from(`{"id":${text}}`) }]);
  assert.deepEqual(found(long('9007199254740993'), long('9007199254740992')).flat().sort()[0], '9007199254740992');
  const raw = (byte: number) => topic([{ value: Buffer.from([0xff, byte]) }]);
  assert.equal(found(raw(1), raw(2)).length, 2, 'bytes that are no text');
  const gone = topic([
    { key: 'a', value: null },
    { key: 'b', value: { id: 2 } },
  ]);
  assert.deepEqual(
    found(truth, gone),
    [['corrupted', 'a (id NULL, expected 1)']],
    'a record that says its key is no more',
  );
});

test('the order of one key is compared where both undisturbed runs have the same, and a repetition is no change', () => {
  const written = (...ids: number[]) => topic(ids.map((id) => ({ key: 'k', value: { id } })));
  const truth = settled(written(1, 2, 3), written(1, 2, 3));
  assert.deepEqual(found(truth, written(1, 3, 2)), [['reordered', 'k']]);
  assert.deepEqual(
    found(truth, written(1, 2, 1, 2, 3)).map(([anomaly]) => anomaly),
    ['duplicate'],
  );
  const loose = settled(written(1, 2, 3), written(3, 2, 1));
  assert.deepEqual(found(loose, written(2, 1, 3)), []);
  assert.equal(loose.topics[0]?.unordered, 1);
  const apart = (...at: number[]) => topic(at.map((id) => ({ key: 'k', value: { id }, partition: id % 2 })));
  assert.deepEqual(found(settled(apart(1, 2, 3), apart(1, 2, 3)), apart(2, 3, 1)), [], 'in several partitions');
});

test('a field that differs by itself is named, and left out where that is asked for', () => {
  const at = (time: number, ignored: string[] = []) =>
    topic([{ key: 'a', value: { id: 1, at: time } }], 'out', ignored);
  const differs = restless(at(1), at(2));
  assert.deepEqual(differs, [{ kind: 'columns', table: 'out', columns: ['at'] }]);
  assert.equal(restlessRemedy(differs), 'Leave them out with --ignore out.at.');
  assert.deepEqual(restless(at(1, ['at']), at(2, ['at'])), []);
  assert.deepEqual(at(1, ['at']).topics[0]?.ignored, ['at']);
  assert.match(restlessWords(restless(at(1), topic([]))), /in the number of records of out \(1 and 0\)/);
});

test('a stream has caught up when what undisturbed runs committed is committed, or when it stands still', () => {
  const places = ['in-0', 'in-1'];
  const at = (behind: readonly string[], quietMs: number, longestMs: number | undefined = 100) => ({
    ...{ places, behind, quietMs, longestMs },
  });
  const commits = new CaughtUp(1000);
  assert.equal(commits.judge(at(['in-1'], 900)), undefined);
  assert.equal(commits.judge(at([], 100)), undefined, 'what is under way has a moment');
  assert.equal(commits.judge(at([], 600)), 'done');
  commits.note(at([], 600));
  commits.note(at([], 600));
  commits.settle();
  assert.equal(commits.judge(at(['in-1'], 1100)), 'stalled');
  assert.equal(commits.judge(at([], 600)), 'done');

  const keeps = new CaughtUp(1000);
  assert.equal(keeps.judge({ ...at(places, 5000), longestMs: undefined }), undefined, 'it is still loading itself');
  assert.equal(keeps.judge(at(places, 1100)), 'done', 'its offsets stand elsewhere');
  keeps.note(at(places, 1100));
  keeps.note(at([], 600, 500));
  keeps.settle();
  assert.equal(keeps.idleMs, 1500, 'it took half a second for its first step');
  assert.equal(keeps.judge(at([], 600)), undefined);
  assert.equal(keeps.judge(at(places, 1600)), 'done');
});
