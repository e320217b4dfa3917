import { WorldError } from '#src/error.ts';

export interface Wait {
  /** How long at the most, in milliseconds. */
  readonly deadlineMs: number;
  /** The first pause between two probes; it doubles up to a quarter of a second. */
  readonly everyMs?: number;
  /** The longest pause, where a quarter of a second is too long. */
  readonly mostMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the deadline passes, for the last lines of a log. */
  readonly evidence?: () => { lastLines: readonly string[]; logPath?: string | undefined };
}

/** Resolves after `ms`, or rejects when the signal aborts. Only this file waits for time to pass. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal));
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(abortReason(signal as AbortSignal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Resolves when the event loop has asked the system once more what has arrived, and all of that was seen. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** Probes until something other than undefined or false comes back; what was awaited stands in the error. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  wait: Wait,
): Promise<T> {
  const end = Date.now() + wait.deadlineMs;
  let gap = wait.everyMs ?? 10;
  for (;;) {
    wait.signal?.throwIfAborted();
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() >= end) throw expired(what, wait);
    await pause(Math.min(gap, Math.max(1, end - Date.now())), wait.signal);
    gap = Math.min(gap * 2, wait.mostMs ?? 250);
  }
}

/** The promise's value, or an error that says what did not happen in time. The work itself is not stopped. */
export async function within<T>(what: string, promise: Promise<T>, wait: Wait): Promise<T> {
  const timer = new AbortController();
  const onOuter = (): void => timer.abort(wait.signal?.reason);
  wait.signal?.addEventListener('abort', onOuter, { once: true });
  if (wait.signal?.aborted === true) onOuter();
  try {
    return await Promise.race([
      promise,
      pause(wait.deadlineMs, timer.signal).then(() => {
        throw expired(what, wait);
      }),
    ]);
  } finally {
    wait.signal?.removeEventListener('abort', onOuter);
    timer.abort();
    // The race may be won by the promise; the aborted pause must not surface as unhandled.
  }
}

function expired(what: string, wait: Wait): WorldError {
  const seconds = Math.round(wait.deadlineMs / 100) / 10;
  const evidence = wait.evidence?.() ?? { lastLines: [] };
  return new WorldError(`${what}: not within ${seconds} s`, {
    remedy: 'Try again; on a busy machine close other programs first.',
    ...evidence,
  });
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('stopped');
}
