import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { fnv1a } from '#src/random.ts';

/** Where everything of one clone lives. A value, so that a test can have a clone of its own. */
export interface Paths {
  /** The clone: guides, labs, plan, source. */
  readonly root: string;
  /** The learner's own folder, `journal/` in the clone or `DEJ_JOURNAL`: plain files, made when first needed. */
  readonly journal: string;
  /** `.dej/` in the clone: what runs now, logs, secrets. Never committed, safe to delete when nothing runs. */
  readonly state: string;
  /** Downloads and prepared environments, shared by clones (`DEJ_CACHE`). */
  readonly cache: string;
  /** A short folder for sockets: macOS allows 104 bytes for a socket's path. */
  readonly sockets: string;
  /** Scratch folders of runs. */
  readonly scratch: string;
}

export function pathsOf(root: string, env: NodeJS.ProcessEnv = process.env): Paths {
  const base =
    env['XDG_CACHE_HOME'] ??
    (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache'));
  const state = env['DEJ_STATE'] ?? join(root, '.dej');
  // A name, not a secret; loading node's hashes would cost every start of the command line seven milliseconds.
  const id = fnv1a(state).toString(36) + fnv1a([...state].reverse().join('')).toString(36);
  return {
    root,
    journal: env['DEJ_JOURNAL'] ?? join(root, 'journal'),
    state,
    cache: env['DEJ_CACHE'] ?? join(base, 'data-engineering-journal'),
    sockets: join(tmpdir(), `dej-${process.getuid?.() ?? 0}-${id}`),
    scratch: join(state, 'scratch'),
  };
}

/** The clone that this very file belongs to, whether it runs as source or from the bundle in build/. */
export function ownRoot(from: string = import.meta.dirname): string {
  let folder = from;
  while (!existsSync(join(folder, 'launch.mjs'))) {
    const parent = dirname(folder);
    if (parent === folder) return process.cwd();
    folder = parent;
  }
  return folder;
}
