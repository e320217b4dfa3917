import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { until } from '#src/deadline.ts';
import { connect, findRunning, readSupervisorFile } from '#src/engines/connect.ts';
import type { EngineName } from '#src/engines/engine.ts';
import type { EngineStatus } from '#src/engines/status.ts';
import type { SupervisorFile } from '#src/engines/supervisor-protocol.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { ownRoot, pathsOf, type Paths } from '#src/paths.ts';
import { capture, marked, trees } from '#src/process.ts';
import type { RunEvent } from '#src/runner/event.ts';
import { run, type Outcome } from '#src/runner/run.ts';
import { SERVICES } from '#test/engines/programs.ts';

export const SOON = { deadlineMs: 30_000 };

/** A clone's own supervisor and engines: the program is ours, its state lies in a folder that only its owner may enter. */
export interface Clone {
  readonly paths: Paths;
  /** Settings of a supervisor that it starts. */
  connect(env?: NodeJS.ProcessEnv): Promise<Supervisor>;
  /** What `.dej/supervisor.json` says now. */
  file(): Promise<SupervisorFile>;
}

/** At the test's end everything of it is gone, or the test fails. */
export async function clone(t: TestContext): Promise<Clone> {
  const state = await mkdtemp(join(tmpdir(), 'dej-engines-'));
  const paths = pathsOf(ownRoot(), { ...process.env, DEJ_STATE: state });
  const markers = new Set<string>();
  const file = async (): Promise<SupervisorFile> => {
    const found = await readSupervisorFile(paths);
    if (found === undefined) throw new Error('no supervisor is written down');
    return found;
  };
  t.after(async () => {
    await (await findRunning(paths))?.shutdown({ force: true });
    for (const marker of markers) await until('no survivor', async () => (await marked(marker)).length === 0, SOON);
    await rm(state, { recursive: true, force: true });
    await rm(paths.sockets, { recursive: true, force: true });
  });
  return {
    paths,
    file,
    async connect(env = {}) {
      const supervisor = await connect(paths, { env: { ...process.env, ...env } });
      markers.add((await file()).marker);
      return supervisor;
    },
  };
}

export interface Ran extends Outcome {
  readonly events: readonly Exclude<RunEvent, { type: 'exit' }>[];
}

export interface Begun {
  readonly ended: Promise<Ran>;
  /** Resolves with the block's first output; fails when it ends without any. */
  readonly begun: Promise<void>;
  stop(): void;
}

/** Begins a block and gives what it takes to stop it. */
export function begin(supervisor: Supervisor, engine: EngineName, code: string, data?: string): Begun {
  const events: Exclude<RunEvent, { type: 'exit' }>[] = [];
  const stopper = new AbortController();
  const first = Promise.withResolvers<void>();
  first.promise.catch(() => undefined);
  const emit = (event: Exclude<RunEvent, { type: 'exit' }>): void => {
    events.push(event);
    if (event.type === 'text' || event.type === 'table') first.resolve();
  };
  const place = SERVICES[engine] === undefined ? { engine, with: [] } : { engine: 'python' as const, with: [engine] };
  const outcome = run({ ...place, data, before: [], code }, supervisor, emit, { signal: stopper.signal });
  const ended = outcome.then((end) => {
    first.reject(new Error(`ended without output: ${JSON.stringify(events)}`));
    return { ...end, events };
  });
  return { ended, begun: first.promise, stop: () => stopper.abort() };
}

export function runBlock(supervisor: Supervisor, engine: EngineName, code: string, data?: string): Promise<Ran> {
  return begin(supervisor, engine, code, data).ended;
}

export async function statusOf(supervisor: Supervisor, engine: EngineName): Promise<EngineStatus> {
  const status = (await supervisor.status()).find(({ name }) => name === engine);
  if (status === undefined) throw new Error(`no engine ${engine}`);
  return status;
}

/** What it printed, or the only cell that it returned. */
export function answerOf({ events }: Ran): string | null | undefined {
  const text = events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');
  const table = events.findLast((event) => event.type === 'table');
  return table === undefined ? text.trim() : table.rows[0]?.[0];
}

/** Every TCP address on which these processes and all below them listen, like `127.0.0.1:5432`. */
export async function listening(roots: readonly number[]): Promise<string[]> {
  const pids = await trees(roots);
  if (process.platform !== 'linux') {
    const { stdout } = await capture(['lsof', '-nP', '-iTCP', '-sTCP:LISTEN', '-a', '-p', pids.join(','), '-Fn']);
    return stdout.split('\n').flatMap((line) => (line.startsWith('n') ? [line.slice(1)] : []));
  }
  const inodes = new Set<string>();
  for (const pid of pids) {
    const { stdout } = await capture(['find', `/proc/${pid}/fd`, '-printf', '%l\n']);
    for (const [, inode = ''] of stdout.matchAll(/socket:\[(\d+)\]/g)) inodes.add(inode);
  }
  const found: string[] = [];
  for (const table of ['tcp', 'tcp6']) {
    const rows = (await readFile(`/proc/net/${table}`, 'utf8')).trim().split('\n').slice(1);
    for (const row of rows) {
      const [, address = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/);
      if (state === '0A' && inodes.has(inode)) found.push(readable(address));
    }
  }
  return found;
}

/** `0100007F:1538` as `127.0.0.1:5432`; the bytes of an address stand in the machine's order, which is little-endian. */
function readable(address: string): string {
  const [host = '', port = ''] = address.split(':');
  const number = Number.parseInt(port, 16);
  if (host.length > 8) return `[${host}]:${number}`;
  const bytes = host.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? [];
  return `${bytes.reverse().join('.')}:${number}`;
}
