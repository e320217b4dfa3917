import { Folders } from '#src/engines/data.ts';
import type { Engine, Installed, Running, StartContext } from '#src/engines/engine.ts';
import type { ReadyJvm } from '#src/engines/jvm.ts';
import { jvmEngine } from '#src/engines/jvm-engine.ts';
import { readRemote } from '#src/engines/spark-address.ts';
import { SparkPlaces } from '#src/engines/spark-places.ts';
import { launchSpark } from '#src/engines/spark-server.ts';
import { WorldError } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';

const VERSION = '4.2.0';

/** Apache Spark with Delta Lake behind a Spark Connect server; each block has a session and a database of its own. */
export function spark(paths: Paths): Engine {
  const managed = jvmEngine(
    {
      name: 'spark',
      title: 'Apache Spark',
      purpose: 'SQL and data frames over many files, with Delta Lake, by Spark Connect.',
      version: VERSION,
      sets: ['spark'],
      own: { sets: ['spark'], archives: ['spark'] },
      start: startSpark,
    },
    paths,
  );
  return {
    ...managed,
    async find() {
      const remote = process.env['SPARK_REMOTE'];
      return remote === undefined || remote === '' ? managed.find() : remoteSpark(remote);
    },
  };
}

async function startSpark(jvm: ReadyJvm, context: StartContext): Promise<Running> {
  const { server, process: child } = await launchSpark(jvm, context);
  const folders = new Folders(context.directory, context.paths);
  const places = new SparkPlaces(server, { folders, context });
  await places.prepare();
  return {
    state: 'running',
    version: VERSION,
    pids: () => [child.child.pid],
    died: child.died,
    async sandbox({ data }) {
      // The news of its death is on its way, and ends the wait.
      if (!(await child.isRunning())) return new Promise(() => undefined);
      return places.lease(data);
    },
    async stop() {
      await child.kill();
      await places.close(true);
    },
  };
}

/** A Spark of the learner's own: nothing of it is started or ended, and only what blocks made is cleared up. */
function remoteSpark(remote: string): Installed {
  return {
    state: 'installed',
    version: VERSION,
    diskBytes: 0,
    async start(context) {
      const { session: _, ...server } = readRemote(remote);
      const places = new SparkPlaces(server, { folders: undefined, context });
      context.onProgress({ what: `Connecting to Spark at ${server.host}:${server.port}` });
      await places.prepare().catch((cause: unknown) => {
        throw new WorldError(`Spark at ${server.host}:${server.port} (SPARK_REMOTE) does not serve blocks`, {
          remedy: 'Start its Spark Connect server, or unset SPARK_REMOTE: then one is started here.',
          lastLines: [String(cause)],
          cause,
        });
      });
      return {
        state: 'running',
        version: VERSION,
        pids: () => [],
        died: new Promise(() => undefined),
        sandbox: ({ data }) => places.lease(data),
        stop: () => places.close(false),
      };
    },
  };
}
