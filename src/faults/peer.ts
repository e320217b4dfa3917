import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

/** As Linux writes it of a connection that stands. */
const ESTABLISHED = '01';
const ROOT = 0;

/**
 * Whether another account of this machine is at the other end of a connection on loopback. Only Linux says so, in its tables
 * of connections; where nothing is said, nobody is taken for a stranger.
 */
export async function isStranger({ localPort = 0, remotePort = 0 }: Socket): Promise<boolean> {
  const own = process.getuid?.();
  if (process.platform !== 'linux' || own === undefined) return false;
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  return tables
    .flatMap((table) => table.split('\n'))
    .some((line) => {
      const [, from = '', to = '', state, , , , uid] = line.trim().split(/\s+/);
      if (state !== ESTABLISHED || portOf(from) !== remotePort || portOf(to) !== localPort) return false;
      return Number(uid) !== own && Number(uid) !== ROOT;
    });
}

/** The number behind the colon, which is written in hex. */
function portOf(address: string): number {
  return parseInt(address.split(':')[1] ?? '', 16);
}
