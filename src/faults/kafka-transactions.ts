import { API, FLEXIBLE_FROM, KafkaReader } from '#src/faults/kafka-frames.ts';
import { bodyOf, errorOf, named, skipProduced, type KafkaRequest } from '#src/faults/kafka-requests.ts';

/** Records of a transaction that Kafka has accepted: so many from this offset on. */
export interface TransactionPart {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly count: number;
}

/** A transaction of which Kafka has accepted that it ends so, with what is known for certain to have been written in it. */
export interface EndedTransaction {
  /** The name under which its program writes in transactions. */
  readonly id: string;
  readonly end: 'commit' | 'abort';
  readonly parts: readonly TransactionPart[];
}

interface Open {
  readonly parts: TransactionPart[];
  /** Its end was asked for: whatever is accepted from then on may belong to the next one. */
  asked: EndedTransaction['end'] | undefined;
  /** Asked for both ends, of which the one may have been lost on its way, nobody knows which one it had. */
  isDoubtful: boolean;
}

type OnAnswer = (answer: Buffer) => void;

/** Whoever takes away topics or records may take what a transaction wrote. */
const TAKES_AWAY: readonly number[] = [API.deleteTopics, API.deleteRecords];

/** Where the head of a batch has what it is, whose it is, and how many records it holds. */
const [ATTRIBUTES_AT, PRODUCER_AT, EPOCH_AT, COUNT_AT, HEAD] = [21, 43, 51, 57, 61];
const TRANSACTIONAL = 1 << 4;
const ALL_COPIES = -1;

/**
 * What Kafka has accepted of each transaction, by its own answers, so that it can be told afterwards whether it kept its word. Of
 * what it never answered, or answered too late to say in which transaction it is, nothing is claimed; nor of transactions
 * that were never ended, or were ended by whoever came after.
 */
export class KafkaTransactions {
  readonly #names: ReadonlyMap<string, string>;
  /** By the producer's number and how often that was given out: who was replaced has another than who came after. */
  readonly #open = new Map<string, Open>();
  /** Where something stands that was told before: the same written again is no other record. */
  readonly #told = new Set<string>();
  readonly #ended: EndedTransaction[] = [];
  #isVoid = false;

  /** `names` gives topics by their id. */
  constructor(names: ReadonlyMap<string, string>) {
    this.#names = names;
  }

  get ended(): readonly EndedTransaction[] {
    return this.#isVoid ? [] : this.#ended;
  }

  /** A request that goes to Kafka now: what is to be done with its answer, where it concerns a transaction. */
  asks(request: KafkaRequest, frame: Buffer): OnAnswer | undefined {
    if (TAKES_AWAY.includes(request.api)) this.#isVoid = true;
    if (request.api === API.produce) return this.#writes(request, frame);
    return request.api === API.endTxn ? this.#ends(request, frame) : undefined;
  }

  #writes(request: KafkaRequest, frame: Buffer): OnAnswer | undefined {
    const body = bodyOf(request.api, request.version, frame);
    // A program without transactions costs no more than this look.
    if (body.text() === undefined || body.int16() !== ALL_COPIES) return undefined;
    body.int32();
    const written = this.#batches(body, request.version).map(({ producer, place, count }) => {
      const open = this.#open.get(producer) ?? { parts: [], asked: undefined, isDoubtful: false };
      this.#open.set(producer, open);
      return { open, place, count, wasAsked: open.asked !== undefined };
    });
    return (answer) => {
      const accepted = this.#accepted(request, answer);
      for (const { open, place, count, wasAsked } of written) {
        const part = accepted.get(place);
        if (part === undefined) continue;
        const at = `${place}@${part.offset}`;
        if (!wasAsked && open.asked === undefined && !this.#told.has(at)) open.parts.push({ ...part, count });
        this.#told.add(at);
      }
    };
  }

  #batches(body: KafkaReader, version: number) {
    const topics = body.list(() => {
      const topic = this.#topic(body, version);
      const batches = body.list(() => {
        const place = placeOf(topic, body.int32());
        const batch = batchOf(body.blob());
        body.tags();
        return batch === undefined ? [] : [{ ...batch, place }];
      });
      body.tags();
      return batches.flat();
    });
    return topics.flat();
  }

  /** By their places, what an answer says was written; what was refused, or stands nobody says where, is not among it. */
  #accepted({ api, version }: KafkaRequest, answer: Buffer): ReadonlyMap<string, Omit<TransactionPart, 'count'>> {
    const body = new KafkaReader(answer, 8, version >= (FLEXIBLE_FROM[api] ?? Infinity));
    body.tags();
    const found = new Map<string, Omit<TransactionPart, 'count'>>();
    body.list(() => {
      const topic = this.#topic(body, version);
      body.list(() => {
        const partition = body.int32();
        const error = body.int16();
        const offset = skipProduced(body, version);
        body.tags();
        if (error === 0 && offset >= 0) found.set(placeOf(topic, partition), { topic, partition, offset });
      });
      body.tags();
    });
    return found;
  }

  #ends(request: KafkaRequest, frame: Buffer): OnAnswer | undefined {
    const body = bodyOf(request.api, request.version, frame);
    const id = body.text() ?? '';
    const producer = producerOf(body.int64(), body.int16());
    const end = body.int8() === 0 ? 'abort' : 'commit';
    const open = this.#open.get(producer);
    if (open === undefined) return undefined;
    open.isDoubtful ||= open.asked !== undefined && open.asked !== end;
    open.asked = end;
    return (answer) => {
      if (errorOf(request, answer) !== 0 || this.#open.get(producer) !== open) return;
      this.#open.delete(producer);
      if (!open.isDoubtful && open.parts.length > 0) this.#ended.push({ id, end, parts: open.parts });
    };
  }

  #topic(body: KafkaReader, version: number): string {
    return version >= 13 ? named(body.uuid(), this.#names) : (body.text() ?? '');
  }
}

/** Newer clients send one batch for each partition, and Kafka gives its records offsets without a gap. */
function batchOf(set: Buffer): { readonly producer: string; readonly count: number } | undefined {
  if (set.length < HEAD || (set.readInt16BE(ATTRIBUTES_AT) & TRANSACTIONAL) === 0) return undefined;
  const producer = producerOf(Number(set.readBigInt64BE(PRODUCER_AT)), set.readInt16BE(EPOCH_AT));
  return { producer, count: set.readInt32BE(COUNT_AT) };
}

function producerOf(id: number, epoch: number): string {
  return `${id}/${epoch}`;
}

function placeOf(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}
