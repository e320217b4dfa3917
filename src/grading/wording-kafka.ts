import type { KafkaCause, Step } from '#src/grading/cause-kafka.ts';
import type { RecordPlace, Torn } from '#src/grading/torn.ts';
import { number, plural, seconds1 } from '#src/grading/wording-oracle.ts';

/** Words for what happens between a program and Kafka. A part of wording.ts. */

/** `record 30 to valid` for `kafka.produce[valid]#30`, `offset 30 of in-0` for `kafka.offset[in-0]#30`. */
export function kafkaBoundaryWords(boundary: string, nth: number, role?: string): string {
  switch (boundary) {
    case 'pg.commit':
      return `commit ${number(nth)}`;
    case 'kafka.produce':
      return `record ${number(nth)}${role === undefined ? '' : ` to ${role}`}`;
    case 'kafka.offset':
      return `offset ${number(nth)}${role === undefined ? '' : ` of ${role}`}`;
    case 'kafka.endtxn':
      return `the end of the transaction with record ${number(nth)}`;
    default:
      return `joining of transaction ${number(nth)}`;
  }
}

/** Many of them. */
export function kafkaManyWords(boundary: string): string {
  const words: Readonly<Record<string, string>> = {
    'kafka.produce': 'records it wrote',
    'kafka.offset': 'offsets it committed',
    'kafka.endtxn': 'ends of transactions',
  };
  return words[boundary] ?? 'joinings of transactions';
}

/** `topic` is the one that the program reads. */
export function stalledWords(topic: string, seconds: number): { readonly expected: string; readonly found: string } {
  return {
    expected: `every record of ${topic} read, and its offset committed`,
    found: `for ${seconds1(seconds)} your program wrote nothing and committed nothing, though records were left`,
  };
}

/** Why a program fails, from the order in which it writes and commits. */
export function kafkaCauseWords(cause: KafkaCause): string {
  switch (cause.kind) {
    case 'offset-before-write': {
      const { record, offset } = orderOf(cause);
      return (
        `You commit an offset before what it stands for is written (${offset} was committed before ${record} was ` +
        'durable). Dying in between, you never read those records again.'
      );
    }
    case 'offset-after-write': {
      const { record, offset } = orderOf(cause);
      return (
        `You commit an offset after what it stands for is written (${record} came first, then ${offset}). ` +
        'Dying in between, you read the same records again.'
      );
    }
    case 'unanswered-write':
      return (
        'You ask for no answer to what you write (acks=0), so your program goes on, and commits, before Kafka has it ' +
        `(${stepWords(cause.record)} was still on its way). What is lost there is never written again.`
      );
    case 'committed-unwritten':
      return 'Your program committed the offsets of records that it wrote nowhere.';
  }
}

function orderOf({ record, offset }: { readonly record: Step; readonly offset: Step }) {
  return { record: stepWords(record), offset: stepWords(offset) };
}

function stepWords({ boundary, nth, role }: Step): string {
  return kafkaBoundaryWords(boundary, nth, role);
}

/** For a pass: which points there were not. */
export function unansweredWords(topics: readonly string[]): string {
  return (
    `what it writes to ${topics.join(' and ')} asks for no answer (acks=0): it was only held back, for there is no ` +
    'moment at which your program is told'
  );
}

/** How long records took through a program, for a pass. */
export function latencyWords({
  count,
  p99Ms,
  medianMs,
}: Readonly<Record<'count' | 'p99Ms' | 'medianMs', number>>): string {
  return (
    `${plural(count, 'record')}, written as a burst while your program ran undisturbed, ${count === 1 ? 'was' : 'were'} ` +
    `passed on within ${number(p99Ms)} ms (p99; median ${number(medianMs)} ms); reported, never judged`
  );
}

/** Kafka itself has not kept its word. Topics and names are given without `prefix`. */
export function tornWords({ transaction, wrong }: Torn, prefix: string): string {
  const { id, end, parts } = transaction;
  const bare = (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const where = ([first]: readonly RecordPlace[]): string =>
    first === undefined ? '' : `offset ${number(first.offset)} of ${bare(first.topic)}-${first.partition}`;
  const all = parts.reduce((sum, { count }) => sum + count, 0);
  return (
    `Kafka itself tore a transaction: it accepted the ${end} of the one that ${bare(id)} began with ${where(parts)}, and ` +
    `yet readers of committed records ${end === 'commit' ? "don't see" : 'see'} ${number(wrong.length)} of its ` +
    `${plural(all, 'record')} (the first of these is ${where(wrong)}). This is no mistake of your program, and the run ` +
    "doesn't count"
  );
}

export const TORN_REMEDY =
  "Run the check again. Where it comes again, the broker's version or its disk is at fault; ./dej doctor looks at the machine.";

/** What a stream left in its topics. */
export const STREAM = {
  places: { good: 'topic valid', bad: 'topic invalid', from: 'topic in' },
  unnamed: (count: number): { readonly expected: string; readonly found: string } => ({
    expected: 'a header source, like 0:17, with every record that you write',
    found: `${number(count)} ${count === 1 ? 'record has' : 'records have'} none`,
  }),
} as const;
