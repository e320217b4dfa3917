import { lstat, readFile, realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';

import type { Client } from 'pg';

import type { Attacked } from '#src/faults/attack.ts';
import type { Trial } from '#src/grading/api.ts';
import type { Row } from '#src/grading/canonical.ts';
import type { KafkaScene } from '#src/grading/kafka-scene.ts';
import { outputFiles } from '#src/grading/output-files.ts';
import type { Workplace } from '#src/grading/program.ts';

interface Looked {
  readonly attacked: Attacked;
  readonly samples: readonly (readonly Row[])[];
  readonly refused: string[];
  readonly kafka: KafkaScene | undefined;
}

/** What is there after a run, for whoever judges it. */
export function lookAt(
  client: Client,
  place: Pick<Workplace, 'outputs'>,
  { attacked, samples, refused, kafka }: Looked,
): Trial {
  return {
    exits: attacked.exits,
    history: attacked.history,
    http: attacked.http,
    samples,
    records: async (topic) => (await kafka?.records(topic)) ?? [],
    fed: (topic) => kafka?.fed?.(topic) ?? [],
    topics: async (isMeant) => (await kafka?.topics?.(isMeant)) ?? [],
    query: async (sql, values = []) => {
      try {
        return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
      } catch (error) {
        // A table or column that is not there, or of another type than asked for, is the program's: it holds nothing.
        if (!/^(22|42|3F)/.test((error as { code?: string }).code ?? '')) throw error;
        refused.push((error as Error).message);
        return [];
      }
    },
    output: async (path) => readOutput(place.outputs, path),
    outputs: async () => outputFiles(place.outputs),
  };
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Links are not followed out of the folder: what is judged must have been written there. */
async function readOutput(folder: string, path: string): Promise<string | undefined> {
  const root = await realpath(folder);
  const real = await realpath(resolve(root, path)).catch(() => undefined);
  if (real === undefined || !real.startsWith(root + sep)) return undefined;
  const found = await lstat(real);
  if (!found.isFile() || found.size > MAX_OUTPUT_BYTES) return undefined;
  return readFile(real, 'utf8');
}
