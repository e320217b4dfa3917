import { readFile, stat } from 'node:fs/promises';

import { z } from 'zod';

import { LearnerError } from '#src/error.ts';
import type { BrokerTopic } from '#src/grading/broker-scene.ts';

export const topicSchema = z.object({
  name: z.string(),
  partitions: z.number(),
  /** Its records, a line each; absolute. */
  file: z.string().optional(),
});

/** A topic that is there before the program starts. */
export type TopicOrder = z.infer<typeof topicSchema>;

/** More than these would make every run long. */
const MAX_PARTITIONS = 64;
/** Records carry times of their own, so that windows over them are the same in each run. */
const BEGAN_MS = Date.UTC(2024, 0, 1);
const APART_MS = 1000;

/** Reads `orders`, `orders:3` or `orders:3=orders.jsonl`. */
export async function topicOf(word: string, at: (path: string) => string): Promise<TopicOrder> {
  const [, name = '', count = '1', path] = /^([^:=]*)(?::(\d+))?(?:=(.*))?$/s.exec(word) ?? [];
  if (!/^[\w.-]{1,249}$/.test(name) || name.startsWith('__'))
    throw new LearnerError(
      `--topic ${JSON.stringify(word)} names no topic`,
      'Write --topic orders, --topic orders:3 for three partitions, or --topic orders:3=orders.jsonl to fill it.',
    );
  const partitions = Number(count);
  if (partitions < 1 || partitions > MAX_PARTITIONS)
    throw new LearnerError(`--topic ${name}: it can't have ${count} partitions`, `One to ${MAX_PARTITIONS} will do.`);
  if (path === undefined) return { name, partitions };
  const file = at(path);
  if ((await stat(file).catch(() => undefined))?.isFile() !== true)
    throw new LearnerError(`--topic ${name}: there is no file ${file}`, 'Name one that is there, a record a line.');
  return { name, partitions, file };
}

/** The topics with their records: a line is one, and what stands before its first tab is its key. */
export async function filledTopics(topics: readonly TopicOrder[]): Promise<BrokerTopic[]> {
  // Loads with the client, which takes longer than most commands.
  const { murmur2 } = await import('@platformatic/kafka');
  const partitionOf = (key: Buffer | null, at: number, count: number): number =>
    // As Kafka's own clients do it, so that whoever writes to the topic, too, agrees.
    key === null ? at % count : (murmur2(key) & 0x7fffffff) % count;
  return Promise.all(
    topics.map(async ({ name, partitions, file }) => {
      const lines = file === undefined ? [] : (await readFile(file, 'utf8')).replace(/\r?\n$/, '').split(/\r?\n/);
      const records = lines.map((line, at) => {
        const tab = line.indexOf('\t');
        const key = tab === -1 ? null : Buffer.from(line.slice(0, tab));
        const value = Buffer.from(line.slice(tab + 1));
        const timestampMs = BEGAN_MS + at * APART_MS;
        return { key, value, headers: [], partition: partitionOf(key, at, partitions), timestampMs };
      });
      return { name, partitions, records };
    }),
  );
}
