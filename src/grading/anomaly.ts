/** Every way in which a result can be wrong, by the name that the learner reads. A stage lists those it allows. */
export const ANOMALIES = [
  'lost',
  'duplicate',
  'phantom',
  'stale',
  'corrupted',
  'reordered',
  'gap',
  'wrong-window',
  'partial-write',
  'not-idempotent',
  'not-parked',
  'wrongly-parked',
  'did-not-finish',
  'crashed',
  'wrong-exit',
  'wrong-reason',
  'wrong-report',
  'needless-retry',
  'missing-retry',
  'too-soon',
  'no-backoff',
  'no-jitter',
  'double-effect',
  'over-budget',
  'published-anyway',
  'wal-retained',
] as const;
export type Anomaly = (typeof ANOMALIES)[number];

/** Those that comparing two multisets of rows can tell. */
export type Difference = Extract<Anomaly, 'lost' | 'duplicate' | 'phantom' | 'stale' | 'corrupted' | 'reordered'>;

/** How many examples of an anomaly are named; the others are counted. */
export const MAX_WITNESSES = 5;

/** What the rows of a lab are called, so that the verdict speaks of orders and not of rows. */
export interface Noun {
  readonly one: string;
  readonly many: string;
}

/** One anomaly as the oracle found it. */
export interface Finding {
  readonly anomaly: Anomaly;
  /** What a correct program leaves, like `10,000 orders, each once`. */
  readonly expected: string;
  /** What was there, like `10,020 orders, 20 of them twice`. */
  readonly found: string;
  /** How many things are wrong in this way. */
  readonly count: number;
  /** Up to five examples, like `o-2041 ×2`. */
  readonly witnesses: readonly string[];
}

/** Makes a finding; more witnesses than are shown may be given. */
export function finding(of: Omit<Finding, 'witnesses'> & { readonly witnesses?: readonly string[] }): Finding {
  return { ...of, witnesses: (of.witnesses ?? []).slice(0, MAX_WITNESSES).map((text) => oneLine(text)) };
}

/** A witness may come from a dirty file: one line, without control characters, of a length that can be read. */
function oneLine(text: string): string {
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '·');
  const points = [...plain];
  return points.length > 60 ? `${points.slice(0, 59).join('')}…` : plain;
}
