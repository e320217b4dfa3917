import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import type { Client } from 'pg';

import { until } from '#src/deadline.ts';
import type { StartContext } from '#src/engines/engine.ts';
import type { Account } from '#src/engines/postgres-account.ts';
import { ADMIN, commandOf, type ClusterTemplate } from '#src/engines/postgres-cluster.ts';
import { WorldError } from '#src/error.ts';
import { freePort } from '#src/ports.ts';
import { descendants, forEachLine, killTrees, signal, start, titled, type Child } from '#src/process.ts';

/** Where the administrator connects. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface Server {
  readonly child: Child;
  readonly address: ServerAddress;
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  wal_level: 'logical',
  shared_buffers: '64MB',
  max_connections: 100,
  // Blocks, spares and connectors of several places at once.
  max_replication_slots: 20,
  max_wal_senders: 20,
  log_checkpoints: 'off',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  // A block that was stopped closes its connection; a query that only computes would not notice.
  client_connection_check_interval: '1s',
  // A crash is part of the lessons: recovery must be quick, and honest (fsync stays on).
  ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
};

/** Starts the server on a free port and gives the administrator a password of this start alone. */
export async function launch(
  account: Account,
  data: string,
  template: ClusterTemplate,
  context: StartContext,
  /** In the titles of its processes; begins with the marker. */
  title: string = context.marker,
  settings: Settings = {},
): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    let isPortTaken = false;
    const child = await startServer({ account, data, port, title, context, settings }, (line) => {
      isPortTaken ||= line.includes('could not bind') || line.includes('could not create any TCP/IP sockets');
    });
    try {
      const admin = await firstConnection(child, port, template.password, context);
      const password = randomBytes(24).toString('base64url');
      await admin.query(`ALTER ROLE ${ADMIN} PASSWORD '${password}'`);
      await admin.end();
      return { child, address: { host: '127.0.0.1', port, user: ADMIN, password } };
    } catch (error) {
      await shutDown(child, title);
      // Between finding a free port and taking it somebody else may be quicker.
      if (attempt === 3 || !isPortTaken) throw error;
    }
  }
}

/** Starts a server that was crashed, where it was and with the password that it had. */
export async function relaunch(place: ServerPlace, address: ServerAddress): Promise<Child> {
  const child = await startServer(place);
  try {
    await (await firstConnection(child, address.port, address.password, place.context)).end();
    return child;
  } catch (error) {
    await shutDown(child, place.title);
    throw error;
  }
}

type Settings = Readonly<Record<string, string | number>>;

export interface ServerPlace {
  readonly account: Account;
  readonly data: string;
  readonly port: number;
  readonly title: string;
  readonly context: StartContext;
  /** Beside those that every server of ours has. */
  readonly settings: Settings;
}

async function startServer(
  { account, data, port, title, context, settings: more }: ServerPlace,
  onLine: (line: string) => void = () => undefined,
): Promise<Child> {
  // Its processes rewrite their environment and so lose the marker; it stands in their titles instead.
  const settings = { ...SETTINGS, ...more, port, cluster_name: title };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const argv = commandOf(account, [join(account.native, 'bin', 'postgres'), '-D', data, ...flags]);
  const child = await start(argv, { marker: context.marker, group: true, cwd: data, ...(account.user ?? {}) });
  for (const stream of [child.stdout, child.stderr]) {
    forEachLine(stream, (line) => {
      context.log.write(line);
      onLine(line);
    });
  }
  return child;
}

async function firstConnection(child: Child, port: number, password: string, context: StartContext): Promise<Client> {
  let ended = false;
  void child.exited.then(() => (ended = true));
  const evidence = () => context.log.evidence();
  const probe = async (): Promise<Client | undefined> => {
    if (ended) {
      throw new WorldError('PostgreSQL ended while it started', {
        remedy: 'Its last lines say why; ./dej doctor looks at the machine.',
        ...evidence(),
      });
    }
    return connectAs({ host: '127.0.0.1', port, user: ADMIN, password }).catch(() => undefined);
  };
  return until('PostgreSQL answering', probe, { deadlineMs: 60_000, signal: context.signal, evidence });
}

export async function connectAs(address: ServerAddress, database: string = ADMIN): Promise<Client> {
  // The client costs more to load than all else here, and most commands need no PostgreSQL.
  const { default: pg } = await import('pg');
  const client = new pg.Client({ ...address, database, ssl: false });
  // A connection that breaks is noticed by the next query.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** Ends every process of the server in one moment, as a crash of the machine would, but for what the kernel still holds. */
export async function killServer(child: Child, title: string): Promise<void> {
  await killTrees([child.pid, ...(await descendants(child.pid)), ...(await titled(`postgres: ${title}`))]);
}

/** Ends the server at once: what an orderly end would still write is thrown away with its folder. */
export async function shutDown(child: Child, title: string): Promise<void> {
  const family = await descendants(child.pid);
  signal(child.pid, 'SIGQUIT');
  let ended = false;
  void child.exited.then(() => (ended = true));
  await until('end of PostgreSQL', () => ended, { deadlineMs: 3000, everyMs: 5 }).catch(() => undefined);
  // A process whose parent was killed goes on with its query; only its title still says whose it is.
  await killTrees([child.pid, ...family, ...(await titled(`postgres: ${title}`))]);
}
