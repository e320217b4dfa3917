import { constants } from 'node:fs';
import { access, chmod, chown, cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { WorldError } from '#src/error.ts';
import { capture } from '#src/process.ts';

/** PostgreSQL refuses to run as root. This says how its programs are started here, and where its files may lie. */
export interface Account {
  /** Put before the program. */
  readonly prefix: readonly string[];
  /** Whom the program runs as, where that is not who we are. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  /** The folder with bin, lib and share that the account can reach. */
  readonly native: string;
  /** A folder that the account can reach, for data. */
  folder(preferred: string): Promise<string>;
  /** Makes a folder and all in it the account's own. */
  own(folder: string): Promise<void>;
}

/** `DEJ_NO_USERNS` tries what happens where user namespaces are refused. */
export async function accountFor(native: string, version: string): Promise<Account> {
  const here = { native, user: undefined, folder: async (preferred: string) => preferred, own: async () => undefined };
  if (process.getuid?.() !== 0) return { ...here, prefix: [] };
  const user = await unprivileged();
  // Inside a user namespace root appears as an ordinary user, and its files as that user's: nothing moves, and folders
  // that only root may enter stay reachable.
  const prefix = ['unshare', '-U', `--map-user=${user.uid}`, `--map-group=${user.gid}`, '--'] as const;
  if (process.env['DEJ_NO_USERNS'] === undefined) {
    const probe = await capture([...prefix, 'true']).catch(() => undefined);
    if (probe?.code === 0) return { ...here, prefix };
  }
  return apart(native, version, user);
}

const BASE = '/var/tmp/data-engineering-journal';

/** Without user namespaces: a copy of the programs where anybody may pass, run by an account without rights. */
async function apart(native: string, version: string, user: { uid: number; gid: number }): Promise<Account> {
  await mkdir(BASE, { recursive: true, mode: 0o711 });
  // Anybody may make folders there; programs in one that is not ours could be somebody else's.
  if ((await stat(BASE)).uid !== 0) {
    throw new WorldError(`${BASE} belongs to another user`, { remedy: 'Remove it, or run this as an ordinary user.' });
  }
  await chmod(BASE, 0o711);
  const copy = join(BASE, `postgres-${version}`);
  const isThere = await access(join(copy, 'bin', 'postgres'), constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const partial = `${copy}.${process.pid}`;
    await cp(native, partial, { recursive: true, verbatimSymlinks: true });
    await chmod(partial, 0o755);
    // Another clone may have been quicker.
    await rename(partial, copy).catch(() => rm(partial, { recursive: true, force: true }));
  }
  return {
    prefix: [],
    user,
    native: copy,
    async own(folder) {
      await chown(folder, user.uid, user.gid);
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      for (const entry of entries) await chown(join(entry.parentPath, entry.name), user.uid, user.gid);
    },
    async folder(preferred) {
      const path = join(BASE, preferred.replaceAll('/', '_'));
      await mkdir(path, { recursive: true, mode: 0o700 });
      await chown(path, user.uid, user.gid);
      return path;
    },
  };
}

/** What a killed supervisor left there of the starts under this folder. */
export async function sweepApart(runFolder: string, current: string): Promise<void> {
  const left = (await readdir(BASE).catch(() => [])).filter((name) => name.startsWith(runFolder.replaceAll('/', '_')));
  for (const name of left)
    if (name !== current.replaceAll('/', '_')) await rm(join(BASE, name), { recursive: true, force: true });
}

/** An account of this machine that is not root; PostgreSQL looks its own one up by name. */
async function unprivileged(): Promise<{ uid: number; gid: number }> {
  const rows = (await readFile('/etc/passwd', 'utf8')).split('\n').map((row) => row.split(':'));
  const found = rows.find(([name]) => name === 'nobody') ?? rows.find(([, , uid]) => Number(uid) > 0);
  const [uid, gid] = [Number(found?.[2]), Number(found?.[3])];
  // On macOS the ids of nobody are negative in the file and wrap around.
  return Number.isNaN(uid) ? { uid: 65_534, gid: 65_534 } : { uid: uid >>> 0, gid: gid >>> 0 };
}
