import { clockOf, type Clock } from '#src/clock.ts';
import { loadContent, type Content } from '#src/content/content.ts';
import { connect } from '#src/engines/connect.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { openJournal, type Journal } from '#src/journal/journal.ts';
import { ownRoot, pathsOf, type Paths } from '#src/paths.ts';
import { localZone, type Zone } from '#src/study/day.ts';

/** What commands work with. Each part is made when first asked for, because most commands need few of them. */
export interface Context {
  readonly paths: Paths;
  readonly clock: Clock;
  /** Where the learner's days begin and end. */
  readonly zone: Zone;
  content(): Promise<Content>;
  supervisor(): Promise<Supervisor>;
  /** The learner's own folder, which is made when the first thing is saved. */
  journal(): Journal;
  /** Lets go of what was made. Engines go on for a while, for the next command. */
  close(): Promise<void>;
}

export function createContext(
  paths: Paths = pathsOf(process.env['DEJ_ROOT'] ?? ownRoot()),
  { clock = clockOf(), zone = localZone }: { clock?: Clock; zone?: Zone } = {},
): Context {
  let content: Promise<Content> | undefined;
  let supervisor: Promise<Supervisor> | undefined;
  let journal: Journal | undefined;
  const connected = async (): Promise<Supervisor> => {
    // A failed start, and a supervisor that ended since, must not be remembered: the next block tries again.
    const known = await supervisor?.catch(() => undefined);
    if (known?.isOpen === true) return known;
    return connect(paths);
  };
  return {
    paths,
    clock,
    zone,
    content: () => (content ??= loadContent(paths.root)),
    supervisor: () => (supervisor = connected()),
    journal: () => (journal ??= openJournal(paths, clock)),
    async close() {
      const known = await supervisor?.catch(() => undefined);
      supervisor = undefined;
      await known?.close();
    },
  };
}
