import type { History } from '#src/faults/history.ts';

/** One request as the source saw it. */
export interface HttpRequestNote {
  /** Of all requests, from 1. */
  readonly nth: number;
  /** When it was answered, since the run began, in milliseconds. */
  readonly atMs: number;
  readonly incarnation: number;
  readonly method: string;
  readonly path: string;
  readonly what: 'page' | 'settle' | 'other';
  readonly payment?: string;
  /** Its Idempotency-Key. */
  readonly key?: string;
  readonly cursor?: string | null;
  /** How many requests with this method and path there were, this one included. */
  readonly attempt: number;
  readonly answer: number | 'silence' | 'cut';
  /** This request settled the payment. */
  readonly acted: boolean;
  /** An earlier request with the same key had; its answer was given again. */
  readonly replayed: boolean;
  readonly retryAfterS?: number;
}

/** What the source wrote down itself; plain data. */
export interface HttpLog {
  readonly requests: readonly HttpRequestNote[];
  /** Requests that came after the log was full. */
  readonly leftOut: number;
  /** How often each payment was settled: more than once is money moved twice. */
  readonly settled: Readonly<Record<string, number>>;
  /** The payment of each Idempotency-Key. */
  readonly keys: Readonly<Record<string, string>>;
}

/** What the source remembers: requests, settlements and keys. */
export interface Ledger {
  note(request: Omit<HttpRequestNote, 'nth' | 'atMs' | 'incarnation' | 'attempt'>): void;
  stateOf(key: string | undefined, payment: string): 'new' | 'done' | 'under way' | 'of another';
  /** The key belongs to this request until it is settled or released. */
  reserve(key: string | undefined, payment: string): () => void;
  settle(payment: string, key: string | undefined): void;
  log(): HttpLog;
}

const MAX_REQUESTS = 50_000;

export function openLedger(history: History, earlier: HttpLog | undefined): Ledger {
  const requests: HttpRequestNote[] = [];
  const attempts = new Map<string, number>();
  const settled = new Map<string, number>(Object.entries(earlier?.settled ?? {}));
  const keys = new Map<string, string>(Object.entries(earlier?.keys ?? {}));
  const underWay = new Map<string, string>();
  let leftOut = 0;
  return {
    note(request) {
      const { method, path, answer, acted } = request;
      const name = `${method} ${path}`;
      const attempt = (attempts.get(name) ?? 0) + 1;
      attempts.set(name, attempt);
      history.tell({
        lane: 'http',
        kind: 'answered',
        text: `${name} ${typeof answer === 'number' ? `answered ${answer}` : ANSWERS[answer]}`,
        detail: { answer, acted, attempt },
      });
      if (requests.length >= MAX_REQUESTS) return void leftOut++;
      const { incarnation } = history;
      requests.push({ nth: requests.length + 1, atMs: history.timeOf(Date.now()), incarnation, attempt, ...request });
    },
    stateOf(key, payment) {
      const owner = key === undefined ? undefined : (keys.get(key) ?? underWay.get(key));
      if (key === undefined || owner === undefined) return 'new';
      if (owner !== payment) return 'of another';
      return keys.has(key) ? 'done' : 'under way';
    },
    reserve(key, payment) {
      if (key === undefined) return () => undefined;
      underWay.set(key, payment);
      return () => void underWay.delete(key);
    },
    settle(payment, key) {
      settled.set(payment, (settled.get(payment) ?? 0) + 1);
      if (key === undefined) return;
      keys.set(key, payment);
      underWay.delete(key);
    },
    log: () => ({
      requests: [...requests],
      leftOut,
      settled: Object.fromEntries(settled),
      keys: Object.fromEntries(keys),
    }),
  };
}

const ANSWERS = { silence: 'was not answered', cut: 'was cut off' } as const;
