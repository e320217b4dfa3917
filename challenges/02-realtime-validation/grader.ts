import {
  BESIDES_KILLS,
  compareParted,
  contentOf,
  finding,
  headerOf,
  outOfOrder,
  passedOn,
  STREAM,
  type BadRecord,
  type Content,
  type Finding,
  type GoodRecord,
  type KafkaFeed,
  type KafkaRecord,
  type Random,
  type Row,
  type Stage,
  type StageInput,
  type StagePlan,
  type Trial,
} from '#src/grading/api.ts';

const noun = { one: 'trip', many: 'trips' };
const TOPICS = { in: 2, valid: 2, invalid: 2, bikes: 1 };
const PARTITIONS = 2;
const BIKES_EACH = 4;
/** A trip that comes once more within so many records of its partition is a duplicate; later it is a new one. */
const WINDOW = 20;
const MOST_METERS_PER_SECOND = 15;
const NEW_METERS_PER_SECOND = 12;
/** So much of the trips comes when the others have been dealt with, and whoever was replaced has found that out. */
const COMES_LAST = 0.25;
const BEGAN_MS = Date.UTC(2021, 2, 1, 8);
const [APART_MS, ONE_BAD_IN] = [30_000, 5];

/** What every record must be by itself. */
export const stage1: Stage = (input) => plan(makeTrips(input, SCHEMA), { withState: false });

/** What its fields say together, and when: also to a machine that lost its battery, whose clock lies before all trips. */
export const stage2: Stage = (input) =>
  plan(makeTrips(input, [AT_MOST, ...FIELDS, ...SCHEMA]), { withState: false, clocks: ['-20y'] });

/** What earlier records say of it, and a reference that comes late. */
export const stage3: Stage = (input) => {
  const made = makeTrips(input, [...REFERENCE, ...FIELDS, ...SCHEMA], { withState: true, isLate: true });
  return plan(made, { isLate: true });
};

/** Another form of the record, from the middle on. */
export const stage4: Stage = (input) =>
  plan(makeTrips(input, [...NEWER, ...REFERENCE, ...FIELDS, ...SCHEMA], { withState: true, newerFrom: 0.4 }));

/** Bytes that are no text, and a key that is no more. */
export const stage5: Stage = (input) =>
  plan(makeTrips(input, [...BYTES, ...REFERENCE, ...FIELDS, ...SCHEMA], { withState: true, newerFrom: 0.4 }));

/** Killed at every write, every commit and every end of a transaction, while a rule changes at a named offset. */
export const stage6: Stage = (input) => {
  const from = Math.floor(input.size / PARTITIONS / 2);
  const kinds = [...BYTES, ...REFERENCE, ...FIELDS, ...SCHEMA];
  const made = makeTrips(input, kinds, { withState: true, newerFrom: 0.4, rulesFrom: from });
  return plan(made, {
    env: { MAX_SPEED_FROM: `0:${from},1:${from}`, NEW_MAX_SPEED: String(NEW_METERS_PER_SECOND) },
    attack: [
      { boundary: 'kafka.offset' },
      { boundary: 'kafka.produce' },
      { boundary: 'kafka.endtxn' },
      ...BESIDES_KILLS,
    ],
    mayRepeat: true,
  });
};

// What is judged

interface Options {
  readonly env?: Readonly<Record<string, string>>;
  readonly attack?: StagePlan['attack'];
  readonly clocks?: StagePlan['clocks'];
  readonly isLate?: boolean;
  readonly withState?: boolean;
  /** After a crash a record may be written again, and then comes late. */
  readonly mayRepeat?: boolean;
}

function plan(made: readonly Made[], options: Options = {}): StagePlan {
  const { env = {}, attack = [], clocks = [], isLate = false, mayRepeat = false } = options;
  const bikes = bikesFeed();
  const known = isLate ? EARLY_BIKES : bikes.length;
  const from = ((mayRepeat ? 1 - COMES_LAST : 1) * made.length) / PARTITIONS;
  const trips = Object.groupBy(made, ({ source }) => (offsetOf({ source }) < from ? 'first' : 'last'));
  return {
    noun,
    inputs: {},
    kafka: {
      topics: TOPICS,
      reads: 'in',
      first: [...bikes.slice(0, known), ...recordsOf(trips.first)],
      later: bikes.slice(known),
      last: recordsOf(trips.last),
      stamped: ['valid', 'invalid'],
    },
    env: { MAX_SPEED: String(MOST_METERS_PER_SECOND), ...env },
    attack,
    clocks,
    judge: async (trial) => judged(trial, made, options),
    figures: (trial) => passedOn(trial, 'in', ['valid', 'invalid']),
  };
}

async function judged(trial: Trial, made: readonly Made[], options: Options): Promise<Finding[]> {
  const { withState = true, mayRepeat = false } = options;
  const [valid, invalid] = [await trial.records('valid'), await trial.records('invalid')];
  const unnamed = [...valid, ...invalid].filter((record) => headerOf(record, 'source') === undefined).length;
  if (unnamed > 0) return [finding({ anomaly: 'corrupted', ...STREAM.unnamed(unnamed), count: unnamed })];
  const good = made.filter(({ reason }) => reason === undefined).map((one) => goodOf(one, withState));
  const bad = made.flatMap(({ source, record, reason }): BadRecord[] =>
    reason === undefined ? [] : [{ raw: described(source, record), reason, keys: [source] }],
  );
  const loaded = valid.map(rowOf);
  const parked = invalid.map((record) => ({
    raw: described(headerOf(record, 'source') ?? '', record),
    reason: headerOf(record, 'reason') ?? 'none',
  }));
  const parts = { noun, good, bad, key: 'source', places: STREAM.places };
  if (!mayRepeat)
    return [...compareParted({ ...parts, loaded, parked }), ...outOfOrder(valid, noun), ...outOfOrder(invalid, noun)];
  // What is left of what was written twice was judged twice, and not in the same way.
  return compareParted({ ...parts, loaded: once(loaded), parked: once(parked) }).map((one) =>
    one.anomaly === 'duplicate' ? { ...one, anomaly: 'wrongly-parked' } : one,
  );
}

/** Each of them once, where the same was written again. */
function once<T extends Row>(rows: readonly T[]): T[] {
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
}

const ADDED = ['source', 'reason', 'gap'];

function rowOf(record: KafkaRecord): Row {
  return { source: headerOf(record, 'source'), ...contentOf(record, ADDED), gap: headerOf(record, 'gap') ?? '0' };
}

/** Gaps are asked for from stage 3 on; before, whatever is said of them is the learner's own affair. */
function goodOf(one: Made, withState: boolean): GoodRecord {
  const { source, record, gap } = one;
  const row = { source, ...contentOf(record, ADDED), ...(withState ? { gap: String(gap) } : {}) };
  return { raw: described(source, record), row };
}

function described(source: string, record: Content): string {
  const { key, value, headers } = contentOf(record, ADDED);
  return `${source} ${value} ${key} ${headers}`;
}

// What is sent

interface Made {
  /** `<partition>:<offset>`, as both topics must name it. */
  readonly source: string;
  readonly record: KafkaFeed;
  /** Why it is bad; undefined where it is good. */
  readonly reason: string | undefined;
  /** How many trips of the same bike are missing before it. */
  readonly gap: number;
}

interface Trip {
  readonly trip: string;
  readonly bike: string;
  readonly start: string;
  readonly end: string;
  readonly meters: number;
  readonly cents: number;
}

/** What stands in a record: its value, and its schema where that is another. */
type Spoilt = { readonly value: string | Buffer | null; readonly schema?: string };
type Spoil = (trip: Trip, timestampMs: number) => Spoilt;
type Kind = readonly [reason: string | undefined, spoil: Spoil];

const json =
  (change: (trip: Trip) => object): Spoil =>
  (trip) => ({ value: JSON.stringify(change(trip)) });
const times = (start: string, end: string): Spoil => json((trip) => ({ ...trip, start, end }));
const without = (name: keyof Trip, trip: Trip): object =>
  Object.fromEntries(Object.entries(trip).filter(([one]) => one !== name));

const SCHEMA: readonly Kind[] = [
  ['type', json((trip) => ({ ...trip, meters: String(trip.meters) }))],
  ['json', (trip) => ({ value: JSON.stringify(trip).slice(0, -9) })],
  ['missing', json((trip) => without('bike', trip))],
  ['type', json((trip) => ({ ...trip, cents: 12.5 }))],
  ['json', (trip) => ({ value: JSON.stringify([trip]) })],
  ['missing', json((trip) => ({ ...trip, cents: null }))],
  ['type', json((trip) => ({ ...trip, cents: true }))],
  ['json', () => ({ value: 'bike returned' })],
  ['type', json((trip) => ({ ...trip, start: 1_614_585_600 }))],
  ['json', () => ({ value: '' })],
];

const FIELDS: readonly Kind[] = [
  ['future', (trip, ms) => ({ value: JSON.stringify({ ...trip, start: at(ms), end: at(ms + 3_600_000) }) })],
  ['order', json((trip) => ({ ...trip, start: trip.end, end: trip.start }))],
  ['speed', json((trip) => ({ ...trip, meters: seconds(trip) * (MOST_METERS_PER_SECOND + 1) }))],
  ['time', times('01.03.2021 08:00', '01.03.2021 08:10')],
  // The bike's clock may be a little ahead of Kafka's.
  [undefined, (trip, ms) => ({ value: JSON.stringify({ ...trip, end: at(ms + 30_000) }) })],
  ['time', times('2021-02-30T08:00:00Z', '2021-03-01T08:00:00Z')],
  ['order', json((trip) => ({ ...trip, end: trip.start }))],
];

const AT_MOST: Kind = [undefined, json((trip) => ({ ...trip, meters: seconds(trip) * MOST_METERS_PER_SECOND }))];
const REFERENCE: readonly Kind[] = [
  ['bike', json((trip) => ({ ...trip, bike: 'b-99', trip: trip.trip.replace(trip.bike, 'b-99') }))],
];

const NEWER: readonly Kind[] = [
  ['schema', (trip) => ({ value: JSON.stringify({ ...trip, v: 3 }), schema: '3' })],
  ['missing', (trip) => ({ value: JSON.stringify(trip), schema: '2' })],
  ['type', (trip) => ({ value: JSON.stringify({ ...without('meters', trip), km: '2.5' }), schema: '2' })],
  [
    'speed',
    (trip) => ({ value: JSON.stringify({ ...without('meters', trip), km: seconds(trip) * 0.02 }), schema: '2' }),
  ],
];

/** E9 is é in Latin-1, and no text in UTF-8 before another ASCII character. */
const BYTES: readonly Kind[] = [
  ['encoding', (trip) => ({ value: Buffer.from(JSON.stringify({ ...trip, note: 'caf\xe9 noir' }), 'latin1') })],
  [undefined, () => ({ value: null })],
  ['encoding', () => ({ value: Buffer.from([0, 255, 254, 128]) })],
];

interface Making {
  readonly withState?: boolean;
  readonly isLate?: boolean;
  /** The share of the records after which new ones have schema 2, now and then. */
  readonly newerFrom?: number;
  /** From this offset of each partition on the new speed limit holds. */
  readonly rulesFrom?: number;
}

function makeTrips({ size, random }: StageInput, kinds: readonly Kind[], making: Making = {}): Made[] {
  const each = Math.ceil(size / PARTITIONS);
  return Array.from({ length: PARTITIONS }, (_, partition) =>
    new Partition({ partition, each, random: random.fork(`partition ${partition}`), making }).fill(kinds),
  ).flat();
}

interface PartitionPlan {
  readonly partition: number;
  readonly each: number;
  readonly random: Random;
  readonly making: Making;
}

/** Makes the records of one partition, and remembers what a program must. */
class Partition {
  readonly #of: PartitionPlan;
  readonly #made: Made[] = [];
  /** Trips of the records so far, as a program must remember them. */
  readonly #seen: { readonly trip: string; readonly bike: string; readonly n: number; readonly offset: number }[] = [];
  readonly #counts = new Map<string, number>();

  constructor(of: PartitionPlan) {
    this.#of = of;
  }

  fill(kinds: readonly Kind[]): Made[] {
    const places = this.#of.random.fork('bad');
    // What is new in a stage comes first; the other partition begins in the middle.
    let spoilt = this.#of.partition * Math.floor(kinds.length / 2);
    const { rulesFrom = Infinity, withState } = this.#of.making;
    for (let offset = 0; offset < this.#of.each; offset++) {
      const isBad = offset === 3 || (offset > 3 && places.below(ONE_BAD_IN) === 0);
      // Whoever has the partition since a rebalance needs what came before it.
      const into = offset - Math.ceil((1 - COMES_LAST) * this.#of.each);
      const back = offset > rulesFrom && [1, 3, 5].includes(into) ? into : 0;
      if (isBad && back === 0) this.#spoil(offset, kinds[spoilt++ % kinds.length] ?? [undefined, json((trip) => trip)]);
      else if (withState === true && offset > 6 && (places.below(6) === 0 || back > 0)) this.#again(offset, back);
      else this.#good(offset);
    }
    return this.#made;
  }

  /** A good one; sometimes the bike's trips before it never came. */
  #good(offset: number): void {
    const skips = this.#of.making.withState === true && this.#of.random.below(9) === 0;
    const trip = this.#trip(offset, skips ? 1 + this.#of.random.below(3) : 0);
    const isNewer = offset >= (this.#of.making.newerFrom ?? Infinity) * this.#of.each && this.#of.random.below(2) === 0;
    // Some ride at a speed that the old rule allows and the new one doesn't.
    const isFaster = (offset - (this.#of.making.rulesFrom ?? NaN)) % 5 === 0;
    const reason = isFaster && this.#isNewRule(offset) ? 'speed' : undefined;
    const meters = !isFaster ? trip.meters : seconds(trip) * (MOST_METERS_PER_SECOND - 2);
    const value = isNewer ? { ...without('meters', trip), km: meters / 1000 } : { ...trip, meters };
    this.#add(offset, trip, { value: JSON.stringify(value), schema: isNewer ? '2' : '1' }, reason);
  }

  #spoil(offset: number, [reason, spoil]: Kind): void {
    const trip = this.#trip(offset, 0);
    const spoilt = spoil(trip, timeOf(offset));
    const isTrip = !['json', 'missing', 'type', 'schema', 'encoding'].includes(reason ?? '') && spoilt.value !== null;
    const bike = reason === 'bike' ? 'b-99' : trip.bike;
    this.#add(offset, { ...trip, bike, trip: trip.trip.replace(trip.bike, bike) }, spoilt, reason, isTrip);
  }

  /** One that came before, once more: just within what is remembered or just out of it; or from before so many records. */
  #again(offset: number, back: number): void {
    const good = this.#made.filter(({ reason, record }) => reason === undefined && record.value !== null);
    const old = good.filter((one) => offset - offsetOf(one) > WINDOW && !this.#isSeen(one, offset));
    const isNear = (one: Made): boolean => offset - offsetOf(one) <= WINDOW && offsetOf(one) < offset - back;
    const near = good.filter((one) => isNear(one) && (back === 0 || !isFast(one)));
    const isOld = back === 0 && old.length > 0 && this.#of.random.below(2) === 0;
    const [first, last] = isOld ? [old.at(-1), undefined] : [near[0], near.at(back > 0 ? -back : -1)];
    if (first === undefined) return this.#good(offset);
    const found = last === undefined || (back === 0 && this.#of.random.below(2) === 0) ? first : last;
    const again = { value: found.record.value?.toString() ?? '', schema: headerOf(found.record, 'schema') ?? '1' };
    // What was allowed when it came first may not be any more.
    const tooFast = this.#isNewRule(offset) && isFast(found) ? 'speed' : undefined;
    this.#add(offset, tripOf(found), again, tooFast ?? (this.#isSeen(found, offset) ? 'duplicate' : undefined));
  }

  #isNewRule(offset: number): boolean {
    return offset >= (this.#of.making.rulesFrom ?? Infinity);
  }

  #isSeen(made: Made, offset: number): boolean {
    return this.#seen.some((one) => one.trip === tripOf(made).trip && offset - one.offset <= WINDOW);
  }

  #trip(offset: number, skipped: number): Trip {
    const bike = `b-${String(this.#of.partition * BIKES_EACH + 1 + this.#of.random.below(this.#bikes(offset))).padStart(2, '0')}`;
    const n = (this.#counts.get(bike) ?? 0) + 1 + skipped;
    this.#counts.set(bike, n);
    const lasted = 300 + this.#of.random.below(900);
    const end = timeOf(offset) - 10_000 - this.#of.random.below(40) * 1000;
    return {
      trip: `${bike}-${String(n).padStart(5, '0')}`,
      bike,
      start: at(end - lasted * 1000),
      end: at(end),
      meters: lasted * (3 + this.#of.random.below(3)),
      cents: 100 + this.#of.random.below(900),
    };
  }

  /** The last bike of each partition is registered late, where any is. */
  #bikes(offset: number): number {
    return this.#of.making.isLate === true && offset < this.#of.each / 2 ? BIKES_EACH - 1 : BIKES_EACH;
  }

  #add(offset: number, trip: Trip, { value, schema = '1' }: Spoilt, reason: string | undefined, isTrip = true): void {
    const n = Number(trip.trip.split('-').at(-1));
    const before = this.#seen.filter((one) => one.bike === trip.bike && offset - one.offset <= WINDOW);
    const highest = Math.max(...before.map((one) => one.n));
    const gap = isTrip && reason === undefined && before.length > 0 ? Math.max(0, n - highest - 1) : 0;
    const headers = [
      ['schema', Buffer.from(schema)],
      ['bikes', Buffer.from(String(PARTITIONS * this.#bikes(offset)))],
    ] as const;
    this.#made.push({
      source: `${this.#of.partition}:${offset}`,
      reason,
      gap,
      record: {
        topic: 'in',
        partition: this.#of.partition,
        key: Buffer.from(trip.bike),
        value: value === null || Buffer.isBuffer(value) ? value : Buffer.from(value),
        headers,
        timestampMs: timeOf(offset),
      },
    });
    if (isTrip) this.#seen.push({ trip: trip.trip, bike: trip.bike, n, offset });
  }
}

/** Bikes that are registered before the first trip; the others come while the program runs. */
const EARLY_BIKES = PARTITIONS * (BIKES_EACH - 1);

/** The last bike of each partition comes last. */
function bikesFeed(): KafkaFeed[] {
  const names = Array.from({ length: PARTITIONS * BIKES_EACH }, (_, i) => i + 1);
  const isLast = (n: number): boolean => n % BIKES_EACH === 0;
  return [...names.filter((n) => !isLast(n)), ...names.filter(isLast)].map((n) => {
    const bike = `b-${String(n).padStart(2, '0')}`;
    return {
      ...{ topic: 'bikes', partition: 0, headers: [], timestampMs: BEGAN_MS },
      key: Buffer.from(bike),
      value: Buffer.from(JSON.stringify({ bike })),
    };
  });
}

const offsetOf = ({ source }: Pick<Made, 'source'>): number => Number(source.split(':')[1]);
const recordsOf = (made: readonly Made[] = []): KafkaFeed[] => made.map(({ record }) => record);
const timeOf = (offset: number): number => BEGAN_MS + offset * APART_MS;
const tripOf = ({ record }: Made) => JSON.parse(record.value?.toString() ?? '{}') as Trip & { readonly km?: number };
const metersOf = ({ meters, km = 0 }: ReturnType<typeof tripOf>): number => meters ?? km * 1000;
const isFast = (one: Made): boolean => metersOf(tripOf(one)) > seconds(tripOf(one)) * NEW_METERS_PER_SECOND;
const at = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
const seconds = ({ start, end }: Trip): number => (Date.parse(end) - Date.parse(start)) / 1000;
