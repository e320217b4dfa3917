import type { Finding, Noun } from '#src/grading/anomaly.ts';
import { compareRows } from '#src/grading/oracle.ts';
import type { KafkaRecord } from '#src/faults/kafka-hands.ts';

/** What of a record a program passes on. */
export type Content = Pick<KafkaRecord, 'key' | 'value' | 'headers'>;

/** A header as text; the last one where there are several of that name. */
export function headerOf({ headers }: Pick<Content, 'headers'>, name: string): string | undefined {
  return headers.findLast(([one]) => one === name)?.[1].toString();
}

/** Key, value and headers as text that is the same where all bytes are; without the headers of these names. */
export function contentOf({ key, value, headers }: Content, without: readonly string[]) {
  const own = headers.filter(([name]) => !without.includes(name)).map(([name, one]) => `${name}=${one.toString()}`);
  return { key: textOf(key), value: textOf(value), headers: own.join(' ') };
}

/** Bytes one by one, so that those that are no text are told apart. */
function textOf(bytes: Buffer | null): string {
  return bytes === null ? 'null' : JSON.stringify(bytes.toString('latin1'));
}

/** Of each key, as they stand in their topic: those whose header `source` (`<partition>:<offset>`) goes back. */
export function outOfOrder(records: readonly KafkaRecord[], noun: Noun): Finding[] {
  const rows = records.map((record) => {
    const source = headerOf(record, 'source') ?? '';
    const [partition, offset] = source.split(':');
    return { source, key: `${String(record.key)} of partition ${partition}`, offset: Number(offset) };
  });
  return compareRows({ noun, truth: rows, found: rows, key: ['source'], order: { key: 'key', by: 'offset' } });
}
