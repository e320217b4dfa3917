import { loadContent, type Content } from '#src/content/content.ts';
import { connect } from '#src/engines/connect.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { ownRoot, pathsOf, type Paths } from '#src/paths.ts';

/** What commands work with. Each part is made when first asked for, because most commands need few of them. */
export interface Context {
  readonly paths: Paths;
  content(): Promise<Content>;
  supervisor(): Promise<Supervisor>;
  /** Lets go of what was made. Engines go on for a while, for the next command. */
  close(): Promise<void>;
}

export function createContext(paths: Paths = pathsOf(process.env['DEJ_ROOT'] ?? ownRoot())): Context {
  let content: Promise<Content> | undefined;
  let supervisor: Promise<Supervisor> | undefined;
  return {
    paths,
    content: () => (content ??= loadContent(paths.root)),
    supervisor() {
      // A failed start must not be remembered: the next block tries again.
      const connecting = supervisor ?? connect(paths);
      supervisor = connecting;
      connecting.catch(() => (supervisor = undefined));
      return connecting;
    },
    async close() {
      const connected = await supervisor?.catch(() => undefined);
      supervisor = undefined;
      await connected?.close();
    },
  };
}
