import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';

import { systemClock, type Clock } from '#src/clock.ts';
import { LearnerError, WorldError } from '#src/error.ts';
import type { Paths } from '#src/paths.ts';
import type { App } from '#src/server/app.ts';
import {
  goTo,
  guard,
  headers,
  hostsOf,
  isFromElsewhere,
  isOwnHost,
  isOwnOrigin,
  needsSession,
} from '#src/server/guard.ts';
import { forgetApp, originOf, recordApp } from '#src/server/instance.ts';
import { BadRequest } from '#src/server/route.ts';
import { ROUTES } from '#src/server/routes.ts';
import { ownSecret, Sessions } from '#src/server/session.ts';
import { Site } from '#src/server/static.ts';
import { shown } from '#src/server/stream.ts';

export interface ServeOptions {
  readonly paths: Paths;
  /** The built site's folder. */
  readonly site: string;
  readonly port: number;
  /** A loopback address. */
  readonly host: string;
  readonly app: App;
  readonly clock?: Clock;
  /** Told what the person should know, a line at a time. */
  readonly tell?: (line: string) => void;
}

export interface Served {
  readonly port: number;
  /** Like http://127.0.0.1:4747/ */
  readonly address: string;
  /** The address with a fresh one-time code. */
  openAddress(): string;
  close(): Promise<void>;
}

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/** Refuses to be seen from anywhere but this machine. */
export function mustBeLoopback(host: string): void {
  if (LOOPBACK.includes(host)) return;
  throw new LearnerError(
    `the app runs code, so it listens on this machine only, not on ${JSON.stringify(host)}`,
    `Use one of ${LOOPBACK.join(', ')}. From another machine, forward the port through ssh.`,
  );
}

/** Listens on loopback until closed. */
export async function serve(options: ServeOptions): Promise<Served> {
  const { paths, port, app, clock = systemClock } = options;
  mustBeLoopback(options.host);
  const host = options.host === 'localhost' ? '127.0.0.1' : options.host;
  const bootId = randomBytes(12).toString('base64url');
  const sessions = new Sessions(await ownSecret(paths.state, options.tell), { bootId, port, clock });
  const hosts = hostsOf(port);
  const hono = build({
    hosts,
    sessions,
    app,
    site: new Site(options.site),
  });
  const answer = getRequestListener(hono.fetch, { overrideGlobalObjects: false });
  const always = headers(await scriptHashes(options.site));
  // Before the framework sees a request: it and node answer a malformed one by themselves, without our headers.
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    for (const [name, value] of always) response.setHeader(name, value);
    if (isOwnHost(request, hosts)) void answer(request, response);
    else response.writeHead(403, { connection: 'close', 'content-type': 'text/plain; charset=utf-8' }).end(STRANGER);
  });
  server.on('upgrade', (request, socket) => refuseUpgrade(request, socket, hosts));
  await listen(server, port, host);
  await recordApp(paths, { host, port, bootId });
  const origin = originOf(host, port);
  return {
    port,
    address: `${origin}/`,
    openAddress: () => `${origin}/?code=${sessions.code()}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await forgetApp(paths, bootId);
    },
  };
}

interface Parts {
  readonly hosts: readonly string[];
  readonly sessions: Sessions;
  readonly app: App;
  readonly site: Site;
}

const STRANGER = 'This server answers to 127.0.0.1 and localhost only.';

/** The whole application. Protections come first and hold for every path, also for those that no route knows. */
export function build({ hosts, sessions, app, site }: Parts) {
  const hono = new Hono<{ Bindings: { incoming: IncomingMessage } }>();
  hono.use(guard(hosts));
  hono.use(async (c, next) => {
    const code = c.req.path === '/' && c.req.method === 'GET' ? c.req.query('code') : undefined;
    if (code === undefined) return next();
    const home = new URL('/', c.req.url).href;
    if (!sessions.redeem(code)) {
      if (sessions.isIn(c.req.header('cookie'))) return c.redirect('/', 303);
      return c.html(isFromElsewhere(c) ? page(goTo(home), OPENING) : USED, 401);
    }
    c.header('set-cookie', sessions.cookie);
    // A redirect would go out without the new cookie when another program opened the address (SameSite=Strict counts
    // where the navigation began); a page of our own that moves on does send it.
    return c.html(page(goTo(home), OPENING));
  });
  hono.use(needsSession(sessions));
  for (const { method, path, handle } of ROUTES) hono.on(method, path, (c) => handle(c, app));
  hono.all('/api/*', (c) => c.json({ error: 'there is no such route' }, 404));
  hono.get('*', (c) => site.serve(c));
  hono.post('*', (c) => c.text('Nothing is posted here.', 405));
  hono.onError((error, c) => {
    if (error instanceof BadRequest) return c.json({ error: error.message }, error.status);
    const { message, remedy } = shown(error);
    return c.json({ error: message, remedy }, error instanceof LearnerError ? 400 : 500);
  });
  return hono;
}

const page = (head: string, text: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>Data Engineering Mastery Journal</title>${head}<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}</style></head><body>${text}</body></html>`;
const OPENING = '<p>Opening <a href="/">the journal</a>.</p>';
const USED = page(
  '',
  '<h1>This address was used already</h1><p>It works once. Run <code>./dej open</code> in the folder of the journal for a new one.</p>',
);

/** There is no upgrade to be had; a stranger is not even told that. */
function refuseUpgrade(request: IncomingMessage, socket: Duplex, hosts: readonly string[]): void {
  const isOwn = isOwnHost(request, hosts) && isOwnOrigin(request.headers.origin, hosts);
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${isOwn ? '404 Not Found' : '403 Forbidden'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new WorldError(
          cause.code === 'EADDRINUSE' ? `port ${port} is in use` : `can't listen on port ${port}: ${cause.message}`,
          { remedy: 'Choose another with --port.', cause },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
}

async function scriptHashes(site: string): Promise<string[]> {
  const path = join(site, 'csp.json');
  if (!existsSync(path)) return [];
  return (JSON.parse(await readFile(path, 'utf8')) as { scriptHashes: string[] }).scriptHashes;
}
