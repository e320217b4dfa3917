import type { Message } from '@platformatic/kafka';

import type { Bikes } from './bikes.ts';
import { env } from './env.ts';

export const WINDOW = 20n;
const MAX_SPEED = Number(env('MAX_SPEED'));
const NEW_MAX_SPEED = Number(env('NEW_MAX_SPEED', env('MAX_SPEED')));
const AHEAD_MS = 60_000;

type Trip = Readonly<Record<string, unknown>>;
type Test = (value: unknown) => boolean;

const isText: Test = (value) => typeof value === 'string';
const isWhole: Test = (value) => Number.isInteger(value);
const isNumber: Test = (value) => typeof value === 'number';
const COMMON = { trip: isText, bike: isText, start: isText, end: isText, cents: isWhole };
const FIELDS: Readonly<Record<string, Readonly<Record<string, Test>>>> = {
  '1': { ...COMMON, meters: isWhole },
  '2': { ...COMMON, km: isNumber },
};

/** `0:30,1:28` as the offset of each partition. */
const NEW_FROM = new Map(
  env('MAX_SPEED_FROM', '')
    .split(',')
    .filter((pair) => pair !== '')
    .map((pair) => pair.split(':'))
    .map(([partition, at]) => [Number(partition), BigInt(at ?? 0)] as const),
);

interface Remembered {
  readonly offset: bigint;
  readonly trip: string;
  readonly bike: string;
  readonly number: number;
}

/** What is wrong with a trip, if anything. */
export class Checks {
  readonly #bikes: Bikes;
  /** For each partition the trips of its last records. */
  readonly #recent = new Map<number, Remembered[]>();

  constructor(bikes: Bikes) {
    this.#bikes = bikes;
  }

  /** The reason, and how many trips of the bike are missing before this one. */
  async look(message: Message): Promise<{ reason: string | undefined; gap: number }> {
    // No value says that the key is no more: that is no mistake.
    if (message.value === null || message.value === undefined) return { reason: undefined, gap: 0 };
    const headers = new Map([...message.headers].map(([name, value]) => [name.toString(), value.toString()]));
    const parsed = parse(message.value, headers.get('schema') ?? '1');
    if (typeof parsed === 'string') return { reason: parsed, gap: 0 };
    const [trip, bike] = [String(parsed['trip']), String(parsed['bike'])];
    const number = Number(trip.split('-').at(-1));
    const recent = this.#remembered(message);
    const isKnown = await this.#bikes.has(bike, Number(headers.get('bikes')));
    const reason =
      fieldsOf(parsed, message) ??
      (isKnown ? undefined : 'bike') ??
      (recent.some((one) => one.trip === trip) ? 'duplicate' : undefined);
    const before = recent.filter((one) => one.bike === bike).map((one) => one.number);
    recent.push({ offset: message.offset, trip, bike, number });
    const gap = reason === undefined && before.length > 0 ? Math.max(0, number - Math.max(...before) - 1) : 0;
    return { reason, gap };
  }

  #remembered({ partition, offset }: Message): Remembered[] {
    const kept = (this.#recent.get(partition) ?? []).filter((one) => offset - one.offset <= WINDOW);
    this.#recent.set(partition, kept);
    return kept;
  }
}

function parse(value: Buffer, schema: string): Trip | string {
  const fields = FIELDS[schema];
  if (fields === undefined) return 'schema';
  let text: string;
  try {
    // Without `fatal`, bytes that are no text become marks, and nobody notices.
    text = new TextDecoder('utf-8', { fatal: true }).decode(value);
  } catch {
    return 'encoding';
  }
  let trip: unknown;
  try {
    trip = JSON.parse(text);
  } catch {
    return 'json';
  }
  if (typeof trip !== 'object' || trip === null || Array.isArray(trip)) return 'json';
  const found = trip as Trip;
  if (Object.keys(fields).some((name) => found[name] === undefined || found[name] === null)) return 'missing';
  return Object.entries(fields).every(([name, isRight]) => isRight(found[name])) ? found : 'type';
}

/** What its fields say together, and against Kafka's own time of the record. */
function fieldsOf(trip: Trip, message: Message): string | undefined {
  const [start, end] = [timeOf(String(trip['start'])), timeOf(String(trip['end']))];
  if (start === undefined || end === undefined) return 'time';
  if (end <= start) return 'order';
  const meters = trip['km'] === undefined ? Number(trip['meters']) : Number(trip['km']) * 1000;
  const isNew = message.offset >= (NEW_FROM.get(message.partition) ?? BigInt(Number.MAX_SAFE_INTEGER));
  if (meters > (isNew ? NEW_MAX_SPEED : MAX_SPEED) * ((end - start) / 1000)) return 'speed';
  return end > Number(message.timestamp) + AHEAD_MS ? 'future' : undefined;
}

/** Milliseconds; undefined where it is no such day, which Date alone would let pass. */
function timeOf(text: string): number | undefined {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  return new Date(ms).toISOString().replace('.000Z', 'Z') === text ? ms : undefined;
}
