import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { StartContext } from '#src/engines/engine.ts';
import type { Account } from '#src/engines/postgres-account.ts';
import { WorldError } from '#src/error.ts';
import { capture, type Captured } from '#src/process.ts';

/** The administrator's role, whose password changes with every start. */
export const ADMIN = 'postgres';
/** Owns the tables of the data set; every block's role is a member, so that it may change what it was given. */
export const LEARNER = 'learner';

export interface ClusterTemplate {
  readonly data: string;
  /** The administrator's, until the start gives it a new one. */
  readonly password: string;
}

/** Counts up when what follows makes another cluster. */
const EDITION = 3;

/** Run once in a new cluster. template0 only makes the copies larger, and nobody but us connects to what is no block's. */
const SETUP = [
  'ALTER DATABASE template0 IS_TEMPLATE false',
  'DROP DATABASE template0',
  `CREATE ROLE ${LEARNER} NOLOGIN`,
  // A scene with a deadlock would else take a second at every wait.
  `GRANT SET ON PARAMETER deadlock_timeout TO ${LEARNER}`,
  'REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC',
];

/** An initialised cluster, made once a version and copied for each start: initdb takes longer than all the rest. */
export async function clusterTemplate(
  account: Account,
  version: string,
  context: StartContext,
): Promise<ClusterTemplate> {
  const folder = join(await account.folder(join(context.paths.cache, 'postgres')), `${version}-${EDITION}`);
  if (!existsSync(join(folder, 'data'))) {
    context.onProgress({ what: 'Preparing PostgreSQL, once' });
    const partial = `${folder}.${process.pid}-${randomBytes(3).toString('hex')}`;
    try {
      await make(account, partial);
      // Two starts may prepare at once; whoever comes second uses the first one's.
      await rename(partial, folder).catch(() => undefined);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }
  return { data: join(folder, 'data'), password: (await readFile(join(folder, 'password'), 'utf8')).trim() };
}

async function make(account: Account, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, 'password'), randomBytes(24).toString('base64url'), { mode: 0o600 });
  await account.own(folder);
  const data = join(folder, 'data');
  const program = (name: string): string => join(account.native, 'bin', name);
  const initdb = [
    ...[program('initdb'), '-D', data, `--username=${ADMIN}`, `--pwfile=${join(folder, 'password')}`],
    ...['--auth=scram-sha-256', '--encoding=UTF8', '--no-sync'],
    // The same order of text on every platform.
    ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
  ];
  const options = { cwd: folder, ...(account.user ?? {}) };
  check(await capture(commandOf(account, initdb), options));
  // One statement a line; in this mode an error is only printed.
  const alone = [program('postgres'), '--single', '-D', data, ADMIN];
  check(await capture(commandOf(account, alone), { ...options, input: `${SETUP.join('\n')}\n` }));
}

function check({ code, stdout, stderr }: Captured): void {
  if (code === 0 && !/^.*(ERROR|FATAL|PANIC): /m.test(stderr)) return;
  throw new WorldError('PostgreSQL could not be initialised', {
    remedy: 'Its last lines say why; ./dej doctor looks at the machine.',
    lastLines: `${stdout}\n${stderr}`.trim().split('\n').slice(-50),
  });
}

/** Copies the template. Where the file system can share blocks until one side writes, that costs nothing. */
export async function copyCluster(from: string, to: string): Promise<void> {
  const flags = { linux: ['-R', '--reflink=auto'], darwin: ['-R', '-c'] }[process.platform as string] ?? ['-R'];
  // For a thousand small files the system's own program takes half the time of ours.
  const copied = await capture(['cp', ...flags, from, to]).catch(() => undefined);
  if (copied?.code === 0) return;
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
}

export function commandOf(account: Account, argv: readonly string[]): [string, ...string[]] {
  return [...account.prefix, ...argv] as [string, ...string[]];
}

/** The npm package lists its symbolic links in a file, because packages can't hold any and its own script does not run. */
export async function link(native: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const path = join(native, '..', target);
    if (existsSync(path)) continue;
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}
