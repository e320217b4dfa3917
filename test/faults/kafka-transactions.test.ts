import assert from 'node:assert/strict';
import test from 'node:test';

import { API } from '#src/faults/kafka-frames.ts';
import { headOf } from '#src/faults/kafka-requests.ts';
import { KafkaTransactions } from '#src/faults/kafka-transactions.ts';

const FENCED = 47;
const ID = 'ab'.repeat(16);

interface Write {
  readonly epoch?: number;
  readonly acks?: number;
  readonly isTransactional?: boolean;
  readonly version?: 3 | 13;
  readonly partitions?: readonly number[];
}

/** One batch of two records for each of the partitions of `out`, as a client writes it. */
function produce({ epoch = 0, acks = -1, isTransactional = true, version = 3, partitions = [0] }: Write = {}): Buffer {
  const flexible = version >= 9;
  const batch = Buffer.alloc(61 + 20);
  batch.writeInt16BE(isTransactional ? 16 : 0, 21);
  batch.writeBigInt64BE(isTransactional ? 7n : -1n, 43);
  batch.writeInt16BE(epoch, 51);
  batch.writeInt32BE(2, 57);
  const size = flexible ? Buffer.from([batch.length + 1]) : int32(batch.length);
  const each = partitions.map((partition) => [int32(partition), size, batch, ...(flexible ? [NONE] : [])]).flat();
  const topic = flexible ? Buffer.from(ID, 'hex') : text('out', false);
  const tail = flexible ? [NONE, NONE] : [];
  return framed(API.produce, version, [
    ...(flexible ? [NONE] : []),
    isTransactional ? text('loader', flexible) : flexible ? NONE : int16(-1),
    int16(acks),
    int32(30_000),
    list(1, flexible),
    topic,
    list(partitions.length, flexible),
    ...each,
    ...tail,
  ]);
}

interface Answered {
  readonly offset: number;
  readonly error?: number;
  readonly version?: 3 | 13;
  readonly partitions?: readonly number[];
}

function written({ offset, error = 0, version = 3, partitions = [0] }: Answered): Buffer {
  const flexible = version >= 9;
  // The last of several is refused.
  const codeOf = (at: number): number => (at === partitions.length - 1 ? error : 0);
  const tail = flexible ? [int64(0), list(0, true), NONE, NONE] : [];
  const each = partitions.map((partition, at) => [
    int32(partition),
    int16(codeOf(at)),
    int64(offset),
    int64(-1),
    ...tail,
  ]);
  return Buffer.concat([
    Buffer.alloc(8),
    ...(flexible ? [NONE] : []),
    list(1, flexible),
    flexible ? Buffer.from(ID, 'hex') : text('out', false),
    list(partitions.length, flexible),
    ...each.flat(),
    ...(flexible ? [NONE] : []),
  ]);
}

function end(isCommit: boolean, epoch = 0): Buffer {
  return framed(API.endTxn, 1, [text('loader', false), int64(7), int16(epoch), Buffer.from([isCommit ? 1 : 0])]);
}

const ended = (error = 0): Buffer => Buffer.concat([Buffer.alloc(12), int16(error)]);

void test('what Kafka accepted of a transaction is known once its end is', () => {
  const ledger = new KafkaTransactions(new Map());
  const asks = asking(ledger);
  asks(produce())?.(written({ offset: 0 }));
  asks(produce())?.(written({ offset: 2 }));
  const isOver = asks(end(true));
  assert.deepEqual(ledger.ended, []);
  isOver?.(ended());
  asks(produce())?.(written({ offset: 5 }));
  asks(end(false))?.(ended());
  const part = { topic: 'out', partition: 0, count: 2 };
  assert.deepEqual(ledger.ended, [
    { id: 'loader', end: 'commit', parts: [at(part, 0), at(part, 2)] },
    { id: 'loader', end: 'abort', parts: [at(part, 5)] },
  ]);
});

void test('topics by their ids, and of several partitions those that were not refused', () => {
  const ledger = new KafkaTransactions(new Map([[ID, 'out']]));
  const asks = asking(ledger);
  const places = { version: 13, partitions: [0, 3, 4] } as const;
  asks(produce(places))?.(written({ ...places, offset: 9, error: FENCED }));
  asks(end(true))?.(ended());
  const part = { topic: 'out', offset: 9, count: 2 };
  assert.deepEqual(
    ledger.ended[0]?.parts,
    [0, 3].map((partition) => ({ ...part, partition })),
  );
});

void test('nothing is claimed of what nobody knows', () => {
  const claims = (say: (asks: ReturnType<typeof asking>) => void): number[] => {
    const ledger = new KafkaTransactions(new Map());
    say(asking(ledger));
    return ledger.ended.flatMap(({ parts }) => parts.map(({ offset }) => offset));
  };
  const wrote = (asks: ReturnType<typeof asking>, offset: number): void => asks(produce())?.(written({ offset }));
  const cases: Readonly<Record<string, readonly [number[], (asks: ReturnType<typeof asking>) => void]>> = {
    'its end is never asked for': [[], (asks) => wrote(asks, 0)],
    'its end is never answered': [[], (asks) => (wrote(asks, 0), asks(end(true)))],
    'its end is refused': [[], (asks) => (wrote(asks, 0), asks(end(true))?.(ended(FENCED)))],
    'its end is answered at the second time': [
      [0],
      (asks) => (wrote(asks, 0), asks(end(true)), asks(end(true))?.(ended())),
    ],
    'both ends are asked for': [[], (asks) => (wrote(asks, 0), asks(end(true)), asks(end(false))?.(ended()))],
    'it is ended by who came after': [[], (asks) => (wrote(asks, 0), asks(end(false, 1))?.(ended()))],
    'a write is refused': [[], (asks) => (asks(produce())?.(written({ offset: 0, error: FENCED })), over(asks))],
    'a write is answered after its end was asked for': [
      [4],
      (asks) => {
        wrote(asks, 4);
        const late = asks(produce());
        const isOver = asks(end(true));
        late?.(written({ offset: 6 }));
        isOver?.(ended());
      },
    ],
    'a write is asked for before its end is answered': [
      [4],
      (asks) => {
        wrote(asks, 4);
        const isOver = asks(end(true));
        const next = asks(produce());
        isOver?.(ended());
        next?.(written({ offset: 6 }));
        over(asks);
      },
    ],
    'the same is written again in the next one': [
      [4],
      (asks) => (wrote(asks, 4), over(asks), wrote(asks, 4), asks(end(false))?.(ended())),
    ],
    'where it stands is not told': [[], (asks) => (wrote(asks, -1), over(asks))],
    'not all copies are asked for': [[], (asks) => (asks(produce({ acks: 1 }))?.(written({ offset: 0 })), over(asks))],
    'topics are taken away': [
      [],
      (asks) => (wrote(asks, 0), over(asks), asks(framed(API.deleteTopics, 1, [list(0, false), int32(0)]))),
    ],
  };
  for (const [what, [offsets, say]] of Object.entries(cases)) assert.deepEqual(claims(say), offsets, what);
});

void test('what is written without a transaction is not looked at', () => {
  const ledger = new KafkaTransactions(new Map());
  assert.equal(asking(ledger)(produce({ isTransactional: false })), undefined);
  assert.equal(asking(ledger)(produce({ isTransactional: false, version: 13 })), undefined);
});

function over(asks: ReturnType<typeof asking>): void {
  asks(end(true))?.(ended());
}

function at(part: { topic: string; partition: number; count: number }, offset: number) {
  return { ...part, offset };
}

function asking(ledger: KafkaTransactions) {
  return (frame: Buffer) => ledger.asks(headOf(frame), frame);
}

/** How many fields of a later kind follow, or how long an absent text is. */
const NONE = Buffer.from([0]);

function framed(api: number, version: number, fields: readonly Buffer[]): Buffer {
  const head = [int16(api), int16(version), int32(1), int16(-1)];
  const body = Buffer.concat([...head, ...fields]);
  return Buffer.concat([int32(body.length), body]);
}

function list(length: number, isFlexible: boolean): Buffer {
  return isFlexible ? Buffer.from([length + 1]) : int32(length);
}

function text(value: string, isFlexible: boolean): Buffer {
  return Buffer.concat([isFlexible ? Buffer.from([value.length + 1]) : int16(value.length), Buffer.from(value)]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}
