import type { Client } from 'pg';

import { pause } from '#src/deadline.ts';
import type { Row } from '#src/grading/canonical.ts';

const EVERY_MS = 15;
const MAX_SAMPLES = 500;

export interface Sampler {
  stop(): void;
  /** What was seen, oldest first; a sample equal to the one before is left out. Resolves after `stop`. */
  readonly samples: Promise<readonly (readonly Row[])[]>;
}

/** A reader beside the program: what it sees in between may never be a part of a result. Ends the connection. */
export function sampleWhile(client: Client, sql: string): Sampler {
  const stopper = new AbortController();
  const look = async (): Promise<readonly (readonly Row[])[]> => {
    const samples: (readonly Row[])[] = [];
    let last = '';
    try {
      while (!stopper.signal.aborted) {
        const rows = await client.query<Record<string, unknown>>(sql).then(
          (result) => result.rows,
          // The program's table may not exist yet.
          () => undefined,
        );
        const text = JSON.stringify(rows);
        if (rows !== undefined && text !== last && samples.length < MAX_SAMPLES) samples.push(rows);
        last = text;
        await pause(EVERY_MS, stopper.signal).catch(() => undefined);
      }
      return samples;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  return { stop: () => stopper.abort(), samples: look() };
}
