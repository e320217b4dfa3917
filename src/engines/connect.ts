import { readFile } from 'node:fs/promises';
import { connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';

import { until } from '#src/deadline.ts';
import { edition, entry } from '#src/engines/entry.ts';
import { prepareFolders } from '#src/engines/folders.ts';
import { livingOwner } from '#src/lock.ts';
import { Connection } from '#src/engines/supervisor-connection.ts';
import { lockPath, logPath, type SupervisorFile } from '#src/engines/supervisor-protocol.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import { WorldError } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';
import { start, type Exit } from '#src/process.ts';

export interface ConnectOptions {
  /** How node is told to run the supervisor; by default our own entry, as source or bundled. */
  readonly argv?: readonly [string, ...string[]];
  /** Settings of the supervisor that is started here, if one is: DEJ_IDLE_MS. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Connects to the supervisor of this clone, starting it if there is none. */
export async function connect(paths: Paths, options: ConnectOptions = {}): Promise<Supervisor> {
  const running = await findRunning(paths);
  const isCurrent = options.argv !== undefined || (await readSupervisorFile(paths))?.edition === edition();
  if (running !== undefined && isCurrent) return running;
  // One of an older build would start workers of the new one. It stays where others are connected to it.
  await running?.shutdown();
  await prepareFolders(paths);
  const from = (await readLog(paths)).length;
  const evidence = async (): Promise<{ lastLines: readonly string[]; logPath: string }> => ({
    lastLines: (await readLog(paths)).slice(from, -1).slice(-50),
    logPath: logPath(paths),
  });
  let launched: { exit: Exit | undefined } | undefined;
  const probe = async (): Promise<Supervisor | undefined> => {
    const found = await findRunning(paths);
    if (found !== undefined) return found;
    if (launched?.exit !== undefined && launched.exit.code !== 0) {
      throw new WorldError('the supervisor of the engines could not start', {
        remedy: 'Its last lines say why; ./dej doctor looks at the machine.',
        ...(await evidence()),
      });
    }
    // Where somebody holds the lock, that supervisor is about to answer, or about to end; two starters meet here too.
    const mayLaunch = launched === undefined || launched.exit !== undefined;
    if (mayLaunch && (await livingOwner(lockPath(paths))) === undefined) launched = await launch(paths, options);
    return undefined;
  };
  try {
    return await until('start of the supervisor', probe, { deadlineMs: 30_000 });
  } catch (error) {
    const owner = await livingOwner(lockPath(paths));
    if (owner === undefined) throw error;
    throw new WorldError(`the supervisor of the engines (process ${owner.pid}) does not answer`, {
      remedy: `End it with kill -9 ${owner.pid} and run this again: a new one clears up.`,
      ...(await evidence()),
    });
  }
}

/** A connection to the running supervisor, or undefined; starts nothing. */
export async function findRunning(paths: Paths): Promise<Supervisor | undefined> {
  const file = await readSupervisorFile(paths);
  const socket = file === undefined ? undefined : await open(file.socketPath);
  if (file === undefined || socket === undefined) return undefined;
  const connection = new Connection(socket, file);
  // One that is just ending accepts and hangs up.
  if (await connection.answers(2000)) return connection;
  await connection.close();
  return undefined;
}

export async function readSupervisorFile(paths: Paths): Promise<SupervisorFile | undefined> {
  try {
    return JSON.parse(await readFile(join(paths.state, 'supervisor.json'), 'utf8')) as SupervisorFile;
  } catch {
    return undefined;
  }
}

async function launch(
  paths: Paths,
  { argv = [process.execPath, ...entry('supervisor')], env }: ConnectOptions,
): Promise<{ exit: Exit | undefined }> {
  const own = { ...(env ?? process.env), DEJ_ROOT: paths.root, DEJ_STATE: paths.state, DEJ_CACHE: paths.cache };
  const child = await start(argv, { env: own, cwd: paths.root, group: true, output: 'ignore', detach: true });
  const launched: { exit: Exit | undefined } = { exit: undefined };
  void child.exited.then((exit) => (launched.exit = exit));
  return launched;
}

async function readLog(paths: Paths): Promise<string[]> {
  return (await readFile(logPath(paths), 'utf8').catch(() => '')).split('\n');
}

function open(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = dial(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
