import download from 'mvn-artifact-download';

import type { FetchEvent, FetchJob } from '#src/engines/jars-fetch.ts';

/** At once; more would only share the same line. */
const PARALLEL = 4;
/** A transfer in which nothing comes for this long is given up. */
const SILENCE_MS = 60_000;

/** Fetches the jars it is told on standard input, tells of each, and ends with the first that fails. */
async function main(): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const { folder, coordinates, repository } = JSON.parse(Buffer.concat(chunks).toString()) as FetchJob;
  const left = [...coordinates.entries()];
  const fetchNext = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, wanted] = next;
      let path: string;
      try {
        path = await fetchOne(wanted, { folder, name: `${index}.jar`, repository });
      } catch (error) {
        tell({ type: 'failed', coordinates: wanted, message: messageOf(error) });
        return;
      }
      tell({ type: 'file', coordinates: wanted, path });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, fetchNext));
}

interface Place {
  readonly folder: string;
  readonly name: string;
  readonly repository: string | undefined;
}

/** Gives the path of the jar. */
async function fetchOne(coordinates: string, { folder, name, repository }: Place): Promise<string> {
  const base = repository === undefined ? undefined : `${repository.replace(/\/$/, '')}/`;
  const [groupId = '', artifactId = '', version = '', extension, classifier] = coordinates.split(':');
  const artifact = {
    groupId,
    artifactId,
    version,
    ...(extension === undefined ? {} : { extension }),
    ...(classifier === undefined ? {} : { classifier }),
  };
  return download.default(artifact, folder, base, name, { timeout: SILENCE_MS });
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}

function tell(event: FetchEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

// A transfer that breaks in its middle is told by an event that the client does not listen to.
process.on('uncaughtException', (error) => {
  tell({ type: 'failed', coordinates: 'a jar', message: messageOf(error) });
  process.exitCode = 1;
  process.stdout.write('', () => process.exit(1));
});

await main();
