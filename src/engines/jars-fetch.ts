import { checkSpace, diskFull, isDiskFull } from '#src/engines/disk.ts';
import { entry } from '#src/engines/entry.ts';
import { WorldError } from '#src/error.ts';
import { forEachLine, killTrees, start } from '#src/process.ts';

/** One jar: what Maven calls it, how large it is and what must be in it. */
export interface Jar {
  /** `group:artifact:version`, with `:jar:classifier` behind it where it has one. */
  readonly coordinates: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What the program in jars-child.ts is told, one JSON value on its standard input. */
export interface FetchJob {
  readonly folder: string;
  readonly coordinates: readonly string[];
  /** Where Maven's artifacts come from; undefined leaves that to the client. */
  readonly repository: string | undefined;
}

/** What it tells, one JSON value a line. */
export type FetchEvent =
  | { readonly type: 'file'; readonly coordinates: string; readonly path: string }
  | { readonly type: 'failed'; readonly coordinates: string; readonly message: string };

export interface FetchOptions {
  readonly signal: AbortSignal | undefined;
  /** Called with each jar that arrived, one after another; an error ends the whole. */
  readonly onFile: (jar: Jar, path: string) => Promise<void>;
}

/** Fetches jars into a folder, by a process of its own: a transfer that hangs or breaks can be ended there. */
export async function fetchJars(jars: readonly Jar[], folder: string, { signal, onFile }: FetchOptions): Promise<void> {
  await checkSpace(
    folder,
    jars.reduce((bytes, jar) => bytes + jar.bytes, 0),
  );
  signal?.throwIfAborted();
  const repository = process.env['DEJ_MAVEN'];
  const job: FetchJob = { folder, coordinates: jars.map(({ coordinates }) => coordinates), repository };
  // Node's own client asks the proxy of the environment only when told to.
  const env = { ...process.env, NODE_USE_ENV_PROXY: process.env['NODE_USE_ENV_PROXY'] ?? '1' };
  const child = await start([process.execPath, ...entry('jars-child')], { env, group: true });
  const kill = (): void => void killTrees([child.pid]).catch(() => undefined);
  signal?.addEventListener('abort', kill, { once: true });
  const lastLines: string[] = [];
  let failure: unknown;
  let arrived = 0;
  let checked = Promise.resolve();
  const fail = (error: unknown): void => {
    failure ??= error;
    kill();
  };
  forEachLine(child.stderr, (line) => lastLines.push(line));
  forEachLine(child.stdout, (line) => {
    const event = JSON.parse(line) as FetchEvent;
    if (event.type === 'failed') return fail(failureOf(event));
    const jar = jars.find(({ coordinates }) => coordinates === event.coordinates);
    if (jar === undefined) return;
    checked = checked.then(() => onFile(jar, event.path)).then(() => void arrived++, fail);
  });
  child.stdin.end(JSON.stringify(job));
  await child.exited;
  await checked;
  signal?.removeEventListener('abort', kill);
  signal?.throwIfAborted();
  if (failure !== undefined) throw failure as Error;
  if (arrived < jars.length)
    throw new WorldError('The download of jars broke off', {
      remedy: 'Run it again: what has arrived is not fetched twice.',
      lastLines: lastLines.slice(-20),
    });
}

function failureOf({ coordinates, message }: Extract<FetchEvent, { type: 'failed' }>): WorldError {
  if (isDiskFull(message)) return diskFull();
  const isOffline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ENETDOWN/.test(message);
  const why = isOffline ? 'the network does not lead there' : 'the download failed';
  return new WorldError(`${coordinates} could not be fetched: ${why}`, {
    remedy:
      'Connect to the network and run it again: what has arrived is not fetched twice. Behind a proxy set HTTPS_PROXY, and for a mirror of Maven’s repository DEJ_MAVEN.',
    lastLines: [message],
  });
}
