import { constants } from 'node:fs';
import { access, chmod, chown, cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { capture } from '#src/process.ts';

/** PostgreSQL refuses to run as root. This says how its programs are started here, and where its files may lie. */
export interface Account {
  /** Put before the program. */
  readonly prefix: readonly string[];
  /** The folder with bin, lib and share that the account can reach. */
  readonly native: string;
  /** A folder that the account can reach, for data. */
  folder(preferred: string): Promise<string>;
  /** Makes a folder and all in it the account's own. */
  own(folder: string): Promise<void>;
}

const UNPRIVILEGED = 65_534;

export async function accountFor(native: string): Promise<Account> {
  const plain: Account = { prefix: [], native, folder: async (preferred) => preferred, own: async () => undefined };
  if (process.getuid?.() !== 0) return plain;
  // Inside a user namespace root appears as an ordinary user, and its files as that user's: nothing moves, and folders
  // that only root may enter stay reachable.
  const namespace = ['unshare', '-U', '--map-user=1000', '--map-group=1000', '--'] as const;
  if (process.env['DEJ_NO_USERNS'] === undefined) {
    const probe = await capture([...namespace, 'true']).catch(() => undefined);
    if (probe?.code === 0) return { ...plain, prefix: namespace };
  }
  return apart(native);
}

/** Without user namespaces: a copy of the programs where anybody may pass, run by the account nobody. */
async function apart(native: string): Promise<Account> {
  const base = '/var/tmp/data-engineering-journal';
  await mkdir(base, { recursive: true, mode: 0o711 });
  await chmod(base, 0o711);
  const copy = join(base, 'postgres-18');
  const reachable = await access(join(copy, 'bin', 'postgres'), constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!reachable) {
    await cp(native, copy, { recursive: true, verbatimSymlinks: true });
    await chmod(copy, 0o755);
  }
  const own = async (folder: string): Promise<void> => {
    await chown(folder, UNPRIVILEGED, UNPRIVILEGED);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) await chown(join(entry.parentPath, entry.name), UNPRIVILEGED, UNPRIVILEGED);
  };
  return {
    prefix: ['setpriv', `--reuid=${UNPRIVILEGED}`, `--regid=${UNPRIVILEGED}`, '--clear-groups', '--'],
    native: copy,
    own,
    async folder(preferred) {
      const path = join(base, preferred.replaceAll('/', '_'));
      await mkdir(path, { recursive: true, mode: 0o700 });
      await chown(path, UNPRIVILEGED, UNPRIVILEGED);
      return path;
    },
  };
}
