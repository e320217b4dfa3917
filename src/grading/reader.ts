import type { Client } from 'pg';

import type { Row } from '#src/grading/canonical.ts';

const MAX_SAMPLES = 2000;

/** A reader beside the program: what it sees in between may never be a part of a result. */
export interface Reader {
  /** Looks once. It is called while a commit that has just become durable is held, so that every state is seen. */
  readonly look: () => Promise<void>;
  /** What was seen, oldest first; a sample equal to the one before is left out. Ends the connection. */
  end(): Promise<readonly (readonly Row[])[]>;
}

export async function openReader(connect: () => Promise<Client>, sql: string): Promise<Reader> {
  const samples: (readonly Row[])[] = [];
  let last = '';
  // The program may hold a lock in another transaction and wait for the very commit that is held meanwhile.
  const opened = async (): Promise<Client> => {
    const client = await connect();
    await client.query("SET lock_timeout = '200ms'; SET statement_timeout = '2s'");
    return client;
  };
  let client: Client | undefined = await opened();
  const close = async (): Promise<void> => {
    await client?.end().catch(() => undefined);
    client = undefined;
  };
  /** What is there now; undefined where the table isn't there yet, or is locked; an error where the connection is gone. */
  const ask = async (): Promise<readonly Row[] | undefined> => {
    client ??= await opened();
    return client.query<Record<string, unknown>>(sql).then(
      (result) => result.rows,
      async (error: { code?: string }) => {
        if (/^(42|3F|55|57014)/.test(error.code ?? '')) return undefined;
        await close();
        throw error;
      },
    );
  };
  const look = async (): Promise<void> => {
    if (samples.length >= MAX_SAMPLES) return;
    // A server that was crashed has ended the connection, which shows at the next question; the state is there to be seen.
    const rows = await ask()
      .catch(ask)
      .catch(() => undefined);
    const text = JSON.stringify(rows);
    if (rows !== undefined && text !== last) samples.push(rows);
    last = text;
  };
  let looking = look();
  return {
    look: () => (looking = looking.then(look)),
    end: async () => {
      await looking;
      await close();
      return samples;
    },
  };
}
