import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { WorldError } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';

/** Makes the folders that a supervisor and its clients share, for their owner only. */
export async function prepareFolders(paths: Paths): Promise<void> {
  try {
    await mkdir(join(paths.state, 'logs'), { recursive: true, mode: 0o700 });
    await mkdir(paths.sockets, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { message } = cause as Error;
    throw new WorldError(`the engines have no place to work: ${message}`, {
      remedy: 'Make the folder writable, or set DEJ_STATE or TMPDIR to another.',
      cause,
    });
  }
  const { uid, mode } = await stat(paths.sockets);
  // The folder lies where anybody may make one; one that is not ours could hold somebody else's sockets.
  if (uid !== process.getuid?.())
    throw new WorldError(`${paths.sockets} belongs to another user`, {
      remedy: 'Remove it, or set TMPDIR to a folder of your own.',
    });
  if ((mode & 0o077) !== 0) await chmod(paths.sockets, 0o700);
}
