import { randomBytes } from 'node:crypto';
import { copyFile, cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { dataFolder } from '#src/engines/data.ts';
import type { Harm, Sandbox, SandboxRequest, StartContext } from '#src/engines/engine.ts';
import { accountFor, sweepApart, type Account } from '#src/engines/postgres-account.ts';
import { ADMIN, clusterTemplate, copyCluster, link, type ClusterTemplate } from '#src/engines/postgres-cluster.ts';
import { connectAs, killServer, launch, relaunch, shutDown } from '#src/engines/postgres-server.ts';
import { signal, stop, trees } from '#src/process.ts';

export interface OwnServerOptions {
  readonly account: Account;
  readonly template: ClusterTemplate;
  readonly context: StartContext;
}

/** No checkpoint by the clock: after a crash, a slot is then as far back as it can be. */
const SETTINGS = { checkpoint_timeout: '1d' };

/**
 * A whole server for one block, which is its administrator: replication slots, settings and the log belong to a server and
 * not to a database, so nobody else may share it. A copy of the template starts in a fraction of a second.
 */
export async function ownServer(
  { account, template, context }: OwnServerOptions,
  { data: kind }: SandboxRequest,
): Promise<Sandbox> {
  const name = `own-${randomBytes(6).toString('hex')}`;
  const folder = await account.folder(join(context.directory, name));
  const data = join(folder, 'data');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await copyCluster(template.data, data);
  await account.own(data);
  const title = `${context.marker}.${name}`;
  const started = await launch(account, data, template, context, title, SETTINGS);
  const { address } = started;
  let { child } = started;
  const harm = async (how: Harm): Promise<void> => {
    if (how === 'pause' || how === 'resume') {
      for (const pid of await trees([child.pid])) signal(pid, how === 'pause' ? 'SIGSTOP' : 'SIGCONT');
      return;
    }
    if (how === 'mark') return mark(data);
    if (how === 'restart') await stop(child, { graceMs: 30_000, signal: 'SIGINT' });
    else await (how === 'kill' ? killServer : shutDown)(child, title);
    if (how === 'rewind') await backToMark(data, account);
    child = await relaunch({ account, data, port: address.port, title, context, settings: SETTINGS }, address);
  };
  const close = async (): Promise<void> => {
    await shutDown(child, title);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    if (kind !== undefined) {
      const client = await connectAs(address);
      await client.query(await readFile(join(await dataFolder(kind, context.paths), `${kind}.sql`), 'utf8'));
      await client.end();
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { address: { kind: 'postgres', ...address, database: ADMIN }, harm, close };
}

const SLOTS = 'pg_replslot';
const marked = (data: string): string => join(data, '..', 'marked');

async function mark(data: string): Promise<void> {
  await rm(marked(data), { recursive: true, force: true });
  await cp(join(data, SLOTS), marked(data), { recursive: true });
}

/**
 * PostgreSQL writes a slot down when it likes, some seconds after the last time, and a crash takes back what came since. How
 * long a run took must not decide how far: it is all.
 */
async function backToMark(data: string, account: Account): Promise<void> {
  const slots = await readdir(marked(data)).catch(() => []);
  for (const slot of slots) {
    const to = join(data, SLOTS, slot);
    // One that was dropped since stays away.
    if (!(await readdir(to).catch((): string[] => [])).includes('state')) continue;
    await copyFile(join(marked(data), slot, 'state'), join(to, 'state'));
    await account.own(to);
  }
}

const NOTE = 'This ran on a PostgreSQL of its own that was started here, not on yours (DATABASE_URL).';

/** Servers for one block each beside the learner's own; what they are made from is looked for when the first is asked for. */
export class OwnServers {
  readonly #options: () => Promise<OwnServerOptions>;
  #found: Promise<OwnServerOptions> | undefined;
  readonly #open = new Set<Sandbox>();

  constructor(native: string, version: string, context: StartContext) {
    this.#options = async () => {
      await link(native);
      const account = await accountFor(native, version);
      if (account.user !== undefined) await sweepApart(dirname(context.directory), context.directory);
      return { account, template: await clusterTemplate(account, version, context), context };
    };
  }

  async take(request: SandboxRequest): Promise<Sandbox> {
    this.#found ??= this.#options();
    this.#found.catch(() => (this.#found = undefined));
    const server = await ownServer(await this.#found, request);
    const close = async (): Promise<void> => {
      if (this.#open.delete(sandbox)) await server.close();
    };
    const sandbox: Sandbox = { ...server, note: NOTE, close };
    this.#open.add(sandbox);
    return sandbox;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((server) => server.close()));
  }
}
