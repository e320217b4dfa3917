import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

import { WorldError } from '#src/error.ts';

/** Where the app listens unless told otherwise; when it is taken, a free port is used and said. */
export const APP_PORT = 4747;

/**
 * Below those that Linux (from 32768) and macOS (from 49152) give to outgoing connections: an engine that is killed and
 * started again on its port must not find a connection of somebody else's on it.
 */
const FIRST_PORT = 20_000;
const PAST_PORT = 32_000;
const MOST_TRIES = 1000;

/** A port on 127.0.0.1 that was free a moment ago. Who uses it must still cope with losing the race. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const port = randomInt(FIRST_PORT, PAST_PORT);
    if (await isFree(port)) return port;
  }
  throw new WorldError(`no free port between ${FIRST_PORT} and ${PAST_PORT} on 127.0.0.1`, {
    remedy: 'End what listens there; ./dej doctor shows what stands in the way.',
  });
}

/** Whether something can listen on this loopback port now. */
export async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
