/** Talks to the app that served the page. Where there is none (a static copy), says so instead of failing. */
export type Reply<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string; readonly remedy: string };

const NO_APP = {
  ok: false,
  message: 'The app is not running.',
  remedy: 'Start it with `npm start` in the folder of the journal, then try again.',
} as const;

export function getJson<T>(path: string): Promise<Reply<T>> {
  return fetch(path).then(replyOf<T>, () => NO_APP);
}

/** Posts a value and reads the answer. A request that is kept alive outlives the page it was sent from. */
export function postJson<T>(path: string, body: unknown, { keepalive = false } = {}): Promise<Reply<T>> {
  return fetch(path, { method: 'POST', headers: HEADERS, body: JSON.stringify(body), keepalive }).then(
    replyOf<T>,
    () => NO_APP,
  );
}

const HEADERS = { 'content-type': 'application/json', 'x-dej': '1' };

async function replyOf<T>(response: Response): Promise<Reply<T>> {
  if (!/json/.test(response.headers.get('content-type') ?? '')) return NO_APP;
  // An answer may break off in its middle, when the app ends.
  const value = (await response.json().catch(() => undefined)) as (T & { error?: string; remedy?: string }) | undefined;
  if (value === undefined) return NO_APP;
  if (response.ok) return { ok: true, value };
  return response.status === 401
    ? NOT_IN
    : { ok: false, message: value.error ?? 'Something went wrong.', remedy: value.remedy ?? 'Try again.' };
}

const NOT_IN = {
  ok: false,
  message: 'This browser is not signed in any more.',
  remedy: 'Run `./dej open` in the folder of the journal.',
} as const;

/** Posts a request and calls back for each event of its answer. Aborting the signal stops the work. */
export function postForEvents<T>(
  path: string,
  body: unknown,
  onEvent: (event: T) => void,
  signal: AbortSignal,
): Promise<Reply<undefined>> {
  return events(path, { method: 'POST', headers: HEADERS, body: JSON.stringify(body), signal }, onEvent, signal);
}

/** Calls back for each event of something that goes on by itself; aborting the signal only stops looking. */
export function getEvents<T>(
  path: string,
  onEvent: (event: T) => void,
  signal: AbortSignal,
): Promise<Reply<undefined>> {
  return events(path, { signal }, onEvent, signal);
}

async function events<T>(
  path: string,
  request: RequestInit,
  onEvent: (event: T) => void,
  signal: AbortSignal,
): Promise<Reply<undefined>> {
  let response: Response;
  try {
    response = await fetch(path, request);
  } catch {
    return signal.aborted ? { ok: true, value: undefined } : NO_APP;
  }
  if (!/ndjson/.test(response.headers.get('content-type') ?? '')) return refusal(response);
  try {
    await readLines(response, (line) => onEvent(JSON.parse(line) as T));
    return { ok: true, value: undefined };
  } catch {
    return signal.aborted
      ? { ok: true, value: undefined }
      : {
          ok: false,
          message: 'The connection to the app broke off.',
          remedy: 'If the app was stopped, start it again with `npm start`.',
        };
  }
}

async function refusal(response: Response): Promise<Reply<undefined>> {
  if (response.status === 401) return NOT_IN;
  if (!/application\/json/.test(response.headers.get('content-type') ?? '')) return NO_APP;
  const { error, remedy } = (await response.json()) as { error?: string; remedy?: string };
  return { ok: false, message: error ?? 'The app refused this.', remedy: remedy ?? 'Try again.' };
}

async function readLines(response: Response, onLine: (line: string) => void): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) break;
    const lines = (rest + chunk.value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  }
}

/** Bytes in words. */
export function megabytes(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${Math.round(bytes / 1e6)} MB`;
}
