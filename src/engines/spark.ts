import { Folders } from '#src/engines/data.ts';
import type { Engine, Running, StartContext } from '#src/engines/engine.ts';
import type { ReadyJvm } from '#src/engines/jvm.ts';
import { jvmEngine } from '#src/engines/jvm-engine.ts';
import { SparkPlaces } from '#src/engines/spark-places.ts';
import { remoteSpark } from '#src/engines/spark-remote.ts';
import { launchSpark } from '#src/engines/spark-server.ts';
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
      return remote === undefined || remote === '' ? managed.find() : remoteSpark(remote, VERSION);
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
