import { API, FLEXIBLE_FROM, KafkaReader, recordsIn } from '#src/faults/kafka-frames.ts';

export type KafkaBoundary = 'kafka.produce' | 'kafka.offset' | 'kafka.endtxn' | 'kafka.addtxn';

/** What a request does to the broker's state, as far as faults are named by it. */
export interface KafkaNote {
  readonly boundary: KafkaBoundary;
  /** One for each topic (produce), or each partition of one (offsets); none for the end of a transaction. */
  readonly parts: readonly KafkaPart[];
  /** The broker answers nothing (acks=0): it can only be held back. */
  readonly isUnanswered: boolean;
}

export interface KafkaPart {
  readonly topic: string;
  readonly partition: number;
  /** Records written, or the offset committed. */
  readonly value: number;
}

export interface KafkaRequest {
  readonly api: number;
  readonly version: number;
  readonly correlation: number;
}

/**
 * Requests that clients send by themselves, in the background or while they join a group: seeing one doesn't mean that
 * the program has gone on. Fetch, ListOffsets, Metadata, OffsetFetch, FindCoordinator, JoinGroup, Heartbeat, LeaveGroup,
 * SyncGroup, SaslHandshake, ApiVersions, OffsetForLeaderEpoch, SaslAuthenticate, DescribeQuorum, DescribeCluster,
 * ConsumerGroupHeartbeat, telemetry, DescribeTopicPartitions, ShareGroupHeartbeat, ShareFetch.
 */
const BACKGROUND = new Set([1, 2, 3, 9, 10, 11, 12, 13, 14, 17, 18, 23, 36, 55, 60, 68, 71, 72, 75, 76, 78]);

export function isForeground(api: number): boolean {
  return !BACKGROUND.has(api);
}

/** Requests of a program that waits and does nothing: reading, beating, asking where things are. */
export function isIdle(api: number): boolean {
  return [1, 3, 12, 18, 68, 71, 72, 76, 78].includes(api);
}

export function headOf(frame: Buffer): KafkaRequest {
  return { api: frame.readInt16BE(4), version: frame.readInt16BE(6), correlation: frame.readInt32BE(8) };
}

export function isNoted(api: number): boolean {
  return (
    api === API.produce ||
    api === API.offsetCommit ||
    api === API.addPartitionsToTxn ||
    api === API.addOffsetsToTxn ||
    api === API.endTxn ||
    api === API.txnOffsetCommit
  );
}

/** `names` gives topics by their id, for versions that use ids. Undefined where the request changes nothing. */
export function noteOf(
  { api, version }: KafkaRequest,
  frame: Buffer,
  names: ReadonlyMap<string, string>,
): KafkaNote | undefined {
  if (!isNoted(api)) return undefined;
  const body = bodyOf(api, version, frame);
  switch (api) {
    case API.produce:
      return produced(body, version, names);
    case API.offsetCommit:
      return committed(body, version, names);
    case API.txnOffsetCommit:
      return committedInTransaction(body, version);
    case API.endTxn: {
      body.text();
      body.int64();
      body.int16();
      // Taking a transaction back leaves nothing that could be lost or doubled.
      return body.int8() === 0 ? undefined : { boundary: 'kafka.endtxn', parts: [], isUnanswered: false };
    }
    default:
      return { boundary: 'kafka.addtxn', parts: [], isUnanswered: false };
  }
}

/** The name under which a program asks to be the only writer of its transactions. */
export function transactionalIdOf({ api, version }: KafkaRequest, frame: Buffer): string | undefined {
  return api === API.initProducerId ? bodyOf(api, version, frame).text() : undefined;
}

/** Asks which versions the broker understands: a question that changes nothing. */
export function versionsRequest(correlation: number): Buffer {
  const frame = Buffer.alloc(14);
  frame.writeInt32BE(10, 0);
  frame.writeInt16BE(API.apiVersions, 4);
  frame.writeInt32BE(correlation, 8);
  frame.writeInt16BE(-1, 12);
  return frame;
}

/** A reader behind the request's head. The client's own name is written in the older way in every version. */
export function bodyOf(api: number, version: number, frame: Buffer): KafkaReader {
  const isFlexible = version >= (FLEXIBLE_FROM[api] ?? Infinity);
  const length = frame.readInt16BE(12);
  const body = new KafkaReader(frame, 14 + Math.max(0, length), isFlexible);
  body.tags();
  return body;
}

function produced(body: KafkaReader, version: number, names: ReadonlyMap<string, string>): KafkaNote {
  body.text();
  const acks = body.int16();
  body.int32();
  const parts = body.list(() => {
    const topic = version >= 13 ? named(body.uuid(), names) : (body.text() ?? '');
    const written = body.list(() => {
      const partition = body.int32();
      const value = recordsIn(body.blob());
      body.tags();
      return { topic, partition, value };
    });
    body.tags();
    return written;
  });
  return { boundary: 'kafka.produce', parts: parts.flat(), isUnanswered: acks === 0 };
}

function committed(body: KafkaReader, version: number, names: ReadonlyMap<string, string>): KafkaNote {
  body.text();
  body.int32();
  body.text();
  if (version >= 7) body.text();
  if (version <= 4) body.int64();
  return offsets(body, { version, withEpoch: version >= 6, withIds: version >= 10, names });
}

function committedInTransaction(body: KafkaReader, version: number): KafkaNote {
  body.text();
  body.text();
  body.int64();
  body.int16();
  if (version >= 3) {
    body.int32();
    body.text();
    body.text();
  }
  return offsets(body, { version, withEpoch: version >= 2, withIds: false, names: new Map() });
}

interface OffsetForm {
  readonly version: number;
  readonly withEpoch: boolean;
  readonly withIds: boolean;
  readonly names: ReadonlyMap<string, string>;
}

function offsets(body: KafkaReader, { withEpoch, withIds, names }: OffsetForm): KafkaNote {
  const parts = body.list(() => {
    const topic = withIds ? named(body.uuid(), names) : (body.text() ?? '');
    const all = body.list(() => {
      const partition = body.int32();
      const value = body.int64();
      if (withEpoch) body.int32();
      body.text();
      body.tags();
      return { topic, partition, value };
    });
    body.tags();
    return all;
  });
  return { boundary: 'kafka.offset', parts: parts.flat(), isUnanswered: false };
}

export function named(id: string, names: ReadonlyMap<string, string>): string {
  return names.get(id) ?? id;
}

/** From this version on, an answer begins with how long it was held back. */
const THROTTLED_FROM: Readonly<Record<number, number>> = { [API.offsetCommit]: 3, [API.syncGroup]: 1 };

/** The first error code of an answer; 0 where the broker has accepted all of it. */
export function errorOf({ api, version }: KafkaRequest, frame: Buffer): number {
  const isFlexible = version >= (FLEXIBLE_FROM[api] ?? Infinity);
  const body = new KafkaReader(frame, 8, isFlexible);
  body.tags();
  if (api !== API.produce && version >= (THROTTLED_FROM[api] ?? 0)) body.int32();
  if (api === API.addOffsetsToTxn || api === API.endTxn || api === API.syncGroup) return body.int16();
  if (api !== API.addPartitionsToTxn || version < 4) return firstError(body, api, version);
  const whole = body.int16();
  const each = body.list(() => {
    body.text();
    const error = firstError(body, api, version);
    body.tags();
    return error;
  });
  return whole !== 0 ? whole : (each.find((code) => code !== 0) ?? 0);
}

function firstError(body: KafkaReader, api: number, version: number): number {
  const withIds = (api === API.produce && version >= 13) || (api === API.offsetCommit && version >= 10);
  const codes = body.list(() => {
    if (withIds) body.uuid();
    else body.text();
    const all = body.list(() => {
      body.int32();
      const code = body.int16();
      if (api === API.produce) skipProduced(body, version);
      body.tags();
      return code;
    });
    body.tags();
    return all;
  });
  return codes.flat().find((code) => code !== 0) ?? 0;
}

/** What is said of a partition that was written, behind its error: the offset of its first record is given back. */
export function skipProduced(body: KafkaReader, version: number): number {
  const offset = body.int64();
  body.int64();
  if (version >= 5) body.int64();
  if (version < 8) return offset;
  body.list(() => {
    body.int32();
    body.text();
    body.tags();
  });
  body.text();
  return offset;
}
