import { homedir } from 'node:os';

import type { Context } from 'hono';
import { stream } from 'hono/streaming';

import { reportOf, type ErrorReport } from '#src/error.ts';

/** Streams events, one JSON value a line, and stops the work when the browser goes away. */
export function lines(c: Context, begin: (signal: AbortSignal) => AsyncIterable<unknown>, done?: () => void): Response {
  const stop = new AbortController();
  c.header('content-type', 'application/x-ndjson; charset=utf-8');
  return stream(c, async (out) => {
    out.onAbort(() => stop.abort());
    try {
      for await (const event of begin(stop.signal)) {
        if (stop.signal.aborted) break;
        await out.write(`${JSON.stringify(event)}\n`);
      }
    } catch (error) {
      if (!stop.signal.aborted) await out.write(`${JSON.stringify({ type: 'trouble', ...shown(error) })}\n`);
    } finally {
      done?.();
    }
  });
}

/** Two folders or more from the root on; an address on the web is none. */
const ABSOLUTE_PATH = /(?<![\w/:.~-])(?:file:\/\/)?(?:\/[^\s/"'`:;,()<>]+){2,}/g;

/** An error as a page may see it: our own words, without the machine's paths. */
export function shown(error: unknown): Pick<ErrorReport, 'message' | 'remedy' | 'lastLines'> {
  const { message, remedy, lastLines } = reportOf(error);
  const clean = (text: string): string =>
    text.replaceAll(homedir(), '~').replace(ABSOLUTE_PATH, (path) => `…/${path.split('/').at(-1)}`);
  return { message: clean(message), remedy: clean(remedy), lastLines: lastLines.map(clean) };
}
