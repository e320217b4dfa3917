import { API, FLEXIBLE_FROM, KafkaReader, LAST_READ, type Span } from '#src/faults/kafka-frames.ts';
import type { KafkaRequest } from '#src/faults/kafka-requests.ts';

/** Where an answer says at which address a broker is: a text and, behind it, a port. */
export interface AddressPlace extends Span {
  readonly host: string;
  readonly port: number;
}

/** All the places of one answer. */
export interface AddressPlaces {
  readonly places: readonly AddressPlace[];
  /** Where the size of a field stands that holds them, and what it is. */
  readonly size: (Span & { readonly value: number }) | undefined;
  readonly isFlexible: boolean;
}

/** The first versions in which a leader's address may stand at the end of an answer. */
const WITH_LEADERS: Readonly<Record<number, number>> = { [API.produce]: 10, [API.fetch]: 16 };

/** Finds the addresses of brokers in an answer; those of the requests that have any. */
export function addressesIn({ api, version }: KafkaRequest, frame: Buffer): AddressPlaces | undefined {
  const find = FINDERS[api];
  if (find === undefined || version < (WITH_LEADERS[api] ?? 0)) return undefined;
  const isFlexible = version >= (FLEXIBLE_FROM[api] ?? Infinity);
  const body = new KafkaReader(frame, 8, isFlexible);
  body.tags();
  return { size: undefined, ...find(body, version), isFlexible };
}

type Found = Pick<AddressPlaces, 'places'> & Partial<Pick<AddressPlaces, 'size'>>;

const FINDERS: Readonly<Record<number, (body: KafkaReader, version: number) => Found>> = {
  [API.metadata]: (body, version) => {
    if (version >= 3) body.int32();
    return { places: nodes(body, { withRack: version >= 1 }) };
  },
  [API.findCoordinator]: (body, version) => {
    if (version >= 1) body.int32();
    if (version >= 4) return { places: coordinators(body) };
    body.int16();
    if (version >= 1) body.text();
    return { places: [addressed(body)].filter(isSomewhere) };
  },
  [API.describeCluster]: (body, version) => {
    body.int32();
    body.int16();
    body.text();
    if (version >= 1) body.int8();
    body.text();
    body.int32();
    return { places: nodes(body, { withRack: true, withFence: version >= 2 }) };
  },
  [API.produce]: (body, version) => {
    body.list(() => {
      if (version >= 13) body.uuid();
      else body.text();
      body.list(() => producedPartition(body));
      body.tags();
    });
    body.int32();
    return tagged(body);
  },
  [API.fetch]: (body) => {
    body.int32();
    body.int16();
    body.int32();
    body.list(() => {
      body.uuid();
      body.list(() => fetchedPartition(body));
      body.tags();
    });
    return tagged(body);
  },
  [API.shareFetch]: (body) => ({ places: shared(body, { withRecords: true, withTimeout: true }) }),
  [API.shareAcknowledge]: (body, version) => ({
    places: shared(body, { withRecords: false, withTimeout: version >= 2 }),
  }),
};

function nodes(body: KafkaReader, has: { readonly withRack: boolean; readonly withFence?: boolean }): AddressPlace[] {
  const all = body.list(() => {
    const place = addressed(body);
    if (has.withRack) body.text();
    if (has.withFence === true) body.int8();
    body.tags();
    return place;
  });
  return all.filter(isSomewhere);
}

function coordinators(body: KafkaReader): AddressPlace[] {
  const all = body.list(() => {
    body.text();
    const place = addressed(body);
    body.int16();
    body.text();
    body.tags();
    return place;
  });
  return all.filter(isSomewhere);
}

/** A node's number, and where it is. */
function addressed(body: KafkaReader): AddressPlace {
  body.int32();
  const at = body.at;
  const host = body.text() ?? '';
  const port = body.int32();
  return { at, end: body.at, host, port };
}

/** Where a coordinator is unknown, no address stands. */
function isSomewhere({ host, port }: AddressPlace): boolean {
  return host !== '' && port > 0;
}

/** The leaders that a broker names where it is none itself. */
function tagged(body: KafkaReader): Found {
  let found: Found = { places: [] };
  body.tags((tag, size) => {
    if (tag === 0) found = { places: nodes(body, { withRack: true }), size };
  });
  return found;
}

function producedPartition(body: KafkaReader): void {
  body.int32();
  body.int16();
  body.int64();
  body.int64();
  body.int64();
  body.list(() => {
    body.int32();
    body.text();
    body.tags();
  });
  body.text();
  body.tags();
}

function fetchedPartition(body: KafkaReader): void {
  body.int32();
  body.int16();
  body.int64();
  body.int64();
  body.int64();
  body.list(() => {
    body.int64();
    body.int64();
    body.tags();
  });
  body.int32();
  body.blob();
  body.tags();
}

interface SharedForm {
  readonly withRecords: boolean;
  readonly withTimeout: boolean;
}

function shared(body: KafkaReader, { withRecords, withTimeout }: SharedForm): AddressPlace[] {
  body.int32();
  body.int16();
  body.text();
  if (withTimeout) body.int32();
  body.list(() => {
    body.uuid();
    body.list(() => sharedPartition(body, withRecords));
    body.tags();
  });
  return nodes(body, { withRack: true });
}

function sharedPartition(body: KafkaReader, withRecords: boolean): void {
  body.int32();
  body.int16();
  body.text();
  if (withRecords) {
    body.int16();
    body.text();
  }
  body.int32();
  body.int32();
  body.tags();
  if (withRecords) {
    body.blob();
    body.list(() => {
      body.int64();
      body.int64();
      body.int16();
      body.tags();
    });
  }
  body.tags();
}

/** The same answer with other addresses: each is at this host, at the port that `portOf` gives. */
export function readdressed(
  frame: Buffer,
  { places, size, isFlexible }: AddressPlaces,
  host: string,
  portOf: (place: AddressPlace) => number,
): Buffer {
  const edits = places.map((place) => ({ ...place, bytes: addressBytes(host, portOf(place), isFlexible) }));
  const grown = edits.reduce((sum, { at, end, bytes }) => sum + bytes.length - (end - at), 0);
  const sized = size === undefined ? [] : [{ ...size, bytes: varint(size.value + grown) }];
  const pieces: Buffer[] = [];
  let from = 4;
  for (const { at, end, bytes } of [...sized, ...edits]) {
    pieces.push(frame.subarray(from, at), bytes);
    from = end;
  }
  const body = Buffer.concat([...pieces, frame.subarray(from)]);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function addressBytes(host: string, port: number, isFlexible: boolean): Buffer {
  const text = Buffer.from(host);
  const length = isFlexible ? varint(text.length + 1) : Buffer.alloc(2);
  if (!isFlexible) length.writeInt16BE(text.length);
  const number = Buffer.alloc(4);
  number.writeInt32BE(port);
  return Buffer.concat([length, text, number]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left & 127) | 128);
  }
}

const UNSUPPORTED_VERSION = 35;

/**
 * The answer to ApiVersions, in which the broker claims no newer version than can be read here: else a client would
 * take one that says addresses, or what a program has done, in another way.
 */
export function capped(version: number, frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  // Whoever asks in too new a way is told so in the oldest one; the head of this answer is the oldest in every version.
  const isFlexible = version >= (FLEXIBLE_FROM[API.apiVersions] ?? 0) && frame.readInt16BE(8) !== UNSUPPORTED_VERSION;
  const body = new KafkaReader(copy, 8, isFlexible);
  body.int16();
  body.list(() => {
    const api = body.int16();
    body.int16();
    const at = body.at;
    const last = body.int16();
    copy.writeInt16BE(Math.min(last, LAST_READ[api] ?? last), at);
    body.tags();
  });
  return copy;
}
