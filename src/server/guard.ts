import type { Context, MiddlewareHandler } from 'hono';

import type { Sessions } from '#src/server/session.ts';

export const OWN_HEADER = 'x-dej';
/** The largest body of a request, in bytes: code of a block and a little more. */
export const MAX_BODY_BYTES = 256 * 1024;

/** Names by which a browser on this machine may call us; any other is a page that had its name point here. */
export function hostsOf(port: number): readonly string[] {
  return [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
}

interface Incoming {
  readonly rawHeaders?: readonly string[];
  readonly url?: string | undefined;
}

/** Exactly one Host header, with one of our names, and a request line that names a path. */
export function isOwnHost(incoming: Incoming, hosts: readonly string[]): boolean {
  const raw = incoming.rawHeaders ?? [];
  const values = raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === 'host');
  const [host] = values;
  return values.length === 1 && host !== undefined && hosts.includes(host) && (incoming.url ?? '').startsWith('/');
}

export function isOwnOrigin(origin: string | undefined, hosts: readonly string[]): boolean {
  return origin !== undefined && hosts.some((host) => origin === `http://${host}`);
}

type Bindings = { Bindings: { incoming: Incoming } };

/** Before any route: the host, and for what changes state the origin, the kind of request and its type. */
export function guard(hosts: readonly string[]): MiddlewareHandler<Bindings> {
  return async (c, next) => {
    if (!isOwnHost(c.env.incoming, hosts)) return c.text('Another host.', 403);
    const { method } = c.req;
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST')
      return c.text('Only GET, HEAD and POST are known here.', 405);
    const site = c.req.header('sec-fetch-site');
    const isNavigation =
      method === 'GET' &&
      !c.req.path.startsWith('/api/') &&
      c.req.header('sec-fetch-mode') === 'navigate' &&
      c.req.header('sec-fetch-dest') === 'document';
    // A link elsewhere may lead here; anything else that another site starts is refused.
    if ((site === 'cross-site' || site === 'same-site') && !isNavigation)
      return c.text('Requests from other sites are refused.', 403);
    if (method === 'POST') {
      if (!isOwnOrigin(c.req.header('origin'), hosts)) return c.text('Requests from other origins are refused.', 403);
      // A form can't send either, so a page elsewhere would need our leave (CORS), which is never given.
      if (c.req.header(OWN_HEADER) !== '1') return c.text(`The header ${OWN_HEADER} is missing.`, 403);
      if (!/^application\/json(;|$)/.test(c.req.header('content-type') ?? ''))
        return c.text('The body must be application/json.', 415);
      if (Number(c.req.header('content-length') ?? Number.NaN) > MAX_BODY_BYTES)
        return c.text('The body is too large.', 413);
    }
    return next();
  };
}

/** Behind the exchange of a code: nothing is shown to who has no session. */
export function needsSession(sessions: Sessions): MiddlewareHandler {
  return async (c, next) => {
    if (sessions.isIn(c.req.header('cookie'))) return next();
    if (c.req.path.startsWith('/api/')) return c.json({ error: 'no session', remedy: 'Run ./dej open.' }, 401);
    return c.html(wayIn(isFromElsewhere(c) ? c.req.url : undefined), 401);
  };
}

/**
 * Whether a link on another site led here. The browser keeps a SameSite=Strict cookie to itself then, even one that is
 * signed in; a page of ours that goes to the same address once more does send it.
 */
export function isFromElsewhere(c: Context): boolean {
  return c.req.method === 'GET' && c.req.header('sec-fetch-site') === 'cross-site';
}

/** Goes to an address of ours by itself. It is absolute, since a path like //name would lead to another host. */
export function goTo(url: string): string {
  const text = url.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<meta http-equiv="refresh" content="0;url=${text}">`;
}

const wayIn = (
  again: string | undefined,
): string => `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>Data Engineering Mastery Journal</title>
<meta name="viewport" content="width=device-width">${again === undefined ? '' : goTo(again)}<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}</style></head>
<body><h1>This browser is not let in yet</h1><p>The journal runs code on this machine, so it only talks to a browser that was opened for it.</p>
<p>In the folder of the journal, run <code>./dej open</code>. It opens a page that this browser then stays signed in with.</p></body></html>`;

/** On every answer: what the page may load, that no other page may use it, and that nothing is kept unless said. */
export function headers(scriptHashes: readonly string[]): ReadonlyMap<string, string> {
  const policy = [
    "default-src 'self'",
    // wasm-unsafe-eval is for the search's index reader.
    `script-src 'self' ${scriptHashes.map((hash) => `'${hash}'`).join(' ')} 'wasm-unsafe-eval'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
  return new Map([
    ['content-security-policy', policy],
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'no-referrer'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cache-control', 'no-store'],
  ]);
}
