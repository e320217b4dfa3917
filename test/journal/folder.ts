import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openJournal, type Journal } from '#src/journal/journal.ts';
import { ownRoot, pathsOf, type Paths } from '#src/paths.ts';

/** A learner's folder and the state of a clone of their own, both removed after the test. */
export interface Folder extends AsyncDisposable {
  readonly paths: Paths;
  readonly journal: string;
  open(): Journal;
}

/** Times count up by a second from here, so that a test says what it means. */
export const START_MS = Date.UTC(2026, 0, 1);

export async function folder(): Promise<Folder> {
  const base = await mkdtemp(join(tmpdir(), 'dej-journal-'));
  const journal = join(base, 'journal');
  const paths = pathsOf(ownRoot(), { DEJ_STATE: join(base, 'state'), DEJ_JOURNAL: journal });
  let ticks = 0;
  return {
    paths,
    journal,
    open: () => openJournal(paths, () => START_MS + 1000 * ticks++),
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }),
  };
}
