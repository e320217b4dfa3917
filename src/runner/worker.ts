import { connect } from 'node:net';

import type { Address } from '#src/engines/engine.ts';
import type { Job, WorkerEvent } from '#src/engines/worker.ts';
import { WorldError } from '#src/error.ts';
import { forEachLine } from '#src/process.ts';
import type { Execution } from '#src/runner/run.ts';

/** Sends the code to a worker and passes its events on. True when the code ran to its end; rejects when stopped. */
export function runOnWorker(address: Extract<Address, { kind: 'worker' }>, execution: Execution): Promise<boolean> {
  const { code, before, env, limits, signal, emit } = execution;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect(address.socketPath);
    let ended: boolean | undefined;
    const stop = (): void => {
      // Closing is how a worker is told to stop; it ends what it runs.
      socket.destroy();
      reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
    };
    signal.addEventListener('abort', stop, { once: true });
    const died = (cause?: Error): WorldError =>
      new WorldError(`${address.engine} ended in the middle of the block`, {
        remedy: 'Run it again: a new worker is started. If the block needs more memory than there is, use less data.',
        cause,
      });
    socket.once('error', (cause) => reject(died(cause)));
    socket.once('close', () => {
      signal.removeEventListener('abort', stop);
      if (ended === undefined) reject(died());
      else resolve(ended);
    });
    forEachLine(socket, (line) => {
      const event = JSON.parse(line) as WorkerEvent;
      if (event.type !== 'end') return emit(event);
      ended = event.ok;
      socket.end();
      // The worker may keep its side open for a while; the outcome is known.
      resolve(ended);
      signal.removeEventListener('abort', stop);
    });
    const job: Job = { code, before, directory: address.directory, env, rowLimit: limits.rows };
    socket.write(`${JSON.stringify(job)}\n`);
  });
}
