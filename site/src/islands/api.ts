/** Talks to the app that served the page. Where there is none (a static copy), says so instead of failing. */
export type Reply<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string; readonly remedy: string };

const NO_APP = {
  ok: false,
  message: 'The app is not running.',
  remedy: 'Start it with `npm start` in the folder of the journal, then press Run again.',
} as const;

export async function getJson<T>(path: string): Promise<Reply<T>> {
  try {
    const response = await fetch(path);
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    if (!isJson) return NO_APP;
    const value = (await response.json()) as T & { error?: string; remedy?: string };
    if (response.ok) return { ok: true, value };
    return response.status === 401
      ? NOT_IN
      : { ok: false, message: value.error ?? 'Something went wrong.', remedy: value.remedy ?? 'Try again.' };
  } catch {
    return NO_APP;
  }
}

const NOT_IN = {
  ok: false,
  message: 'This browser is not signed in any more.',
  remedy: 'Run `./dej open` in the folder of the journal.',
} as const;

/** Posts a request and calls back for each event of its answer. Aborting the signal stops the work. */
export async function postForEvents<T>(
  path: string,
  body: unknown,
  onEvent: (event: T) => void,
  signal: AbortSignal,
): Promise<Reply<undefined>> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-dej': '1' },
      body: JSON.stringify(body),
      signal,
    });
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
