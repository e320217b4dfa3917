import { randomUUID } from 'node:crypto';

import { within } from '#src/deadline.ts';
import type { Installed, Running, StartContext } from '#src/engines/engine.ts';
import { readRemote } from '#src/engines/spark-address.ts';
import { SparkClient, SparkRefusal } from '#src/engines/spark-client.ts';
import { SparkPlaces } from '#src/engines/spark-places.ts';
import type { SparkServer } from '#src/engines/spark-server.ts';
import { WorldError } from '#src/error.ts';

/** A server that is there says so at once; only the way to it may be long. */
const ANSWER_MS = 15_000;
/** The first database on a cluster that has just started. */
const PLACE_MS = 120_000;

/** A Spark of the learner's own: nothing of it is started or ended, and only what blocks made is cleared up. */
export function remoteSpark(remote: string, version: string): Installed {
  return { state: 'installed', version, diskBytes: 0, start: (context) => use(remote, version, context) };
}

async function use(remote: string, version: string, context: StartContext): Promise<Running> {
  const { session: _, ...server } = readRemote(remote);
  const at = `${server.host}:${server.port}`;
  context.onProgress({ what: `Connecting to Spark at ${at}` });
  await answering(server).catch((cause: unknown) => {
    const { words, remedy } = trouble(server, cause);
    throw new WorldError(`Spark at ${at} (SPARK_REMOTE) ${words}`, { remedy: `${remedy} ${UNSET}`, cause });
  });
  const places = new SparkPlaces(server, { folders: undefined, context });
  await within('a database', places.prepare(), { deadlineMs: PLACE_MS }).catch(async (cause: unknown) => {
    await places.close(true);
    throw new WorldError(`Spark at ${at} (SPARK_REMOTE) does not serve blocks`, {
      remedy: `Its user must be allowed to make databases. ${UNSET}`,
      lastLines: [wordsOf(cause)],
      cause,
    });
  });
  return {
    state: 'running',
    version,
    at,
    pids: () => [],
    died: new Promise(() => undefined),
    sandbox: ({ data }) => places.lease(data),
    stop: () => places.close(false),
  };
}

const UNSET = 'Without SPARK_REMOTE a Spark is started here.';

async function answering(server: SparkServer): Promise<void> {
  const client = new SparkClient({ ...server, session: randomUUID() });
  try {
    await within('its answer', client.version(), { deadlineMs: ANSWER_MS });
    await client.release().catch(() => undefined);
  } finally {
    client.close();
  }
}

/** What is wrong with the way there, and where to look. Never the password. */
function trouble({ isEncrypted }: SparkServer, cause: unknown): { words: string; remedy: string } {
  if (cause instanceof SparkRefusal)
    return cause.isStranger
      ? {
          words: 'does not know who asks',
          remedy: 'Check token= in SPARK_REMOTE: its server has it as spark.connect.authenticate.token.',
        }
      : { words: `refuses: ${wordsOf(cause)}`, remedy: 'Check that it is a Spark Connect server.' };
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/.test(code))
    return {
      words: `can’t be reached: ${wordsOf(cause)}`,
      remedy: 'Start its Spark Connect server, and check host and port.',
    };
  return {
    words: `gives no answer of Spark Connect: ${wordsOf(cause)}`,
    remedy: isEncrypted
      ? 'With use_ssl=true the server must speak TLS, by a certificate that this machine trusts.'
      : 'A server that speaks TLS needs use_ssl=true in SPARK_REMOTE; check host and port too.',
  };
}

function wordsOf(cause: unknown): string {
  const [first = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  return first;
}
