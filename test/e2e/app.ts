import { join } from 'node:path';

import { until } from '#src/deadline.ts';
import { forEachLine, start, stop } from '#src/process.ts';
import { freePort } from '#src/ports.ts';

/** The app as a learner starts it, with a state and a learner's folder of its own. */
export interface StartedApp {
  readonly pid: number;
  readonly origin: string;
  /** With its one-time code. */
  readonly address: string;
  /** What it printed so far. */
  readonly lines: readonly string[];
  /** Ctrl-C, then waits; the exit code. */
  stop(): Promise<number | null>;
}

/** Starts the built app as `npm start -- --no-open` does, on a free port unless one is given. */
export async function startApp(
  root: string,
  state: string,
  { env = {}, port: asked }: { env?: NodeJS.ProcessEnv; port?: number } = {},
): Promise<StartedApp> {
  const port = asked ?? (await freePort());
  const argv = [process.execPath, join(root, 'launch.mjs'), 'start', '--no-open', '--port', String(port)] as const;
  const own = { DEJ_STATE: state, DEJ_JOURNAL: join(state, 'journal') };
  const child = await start(argv, { cwd: root, env: { ...process.env, ...own, ...env }, group: true });
  const lines: string[] = [];
  forEachLine(child.stdout, (line) => lines.push(line));
  forEachLine(child.stderr, (line) => lines.push(line));
  let ended = false;
  void child.exited.then(() => (ended = true));
  const address = await until(
    // The site may have to be built first.
    'the address of the app',
    () => {
      if (ended) throw new Error(`the app ended:\n${lines.join('\n')}`);
      return lines.map((line) => /http:\S+\?code=\S+/.exec(line)?.[0]).find((found) => found !== undefined);
    },
    { deadlineMs: 240_000, evidence: () => ({ lastLines: lines }) },
  );
  return {
    pid: child.pid,
    origin: `http://127.0.0.1:${port}`,
    address,
    lines,
    stop: async () => (await stop(child, { graceMs: 20_000, signal: 'SIGINT' })).code,
  };
}
