import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import type { Context } from 'hono';

import { resolveInside } from '#src/files.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
  '.xml': 'application/xml; charset=utf-8',
  '.wasm': 'application/wasm',
};
const zip = promisify(gzip);

interface Asset {
  readonly body: Buffer;
  readonly zipped: Buffer | undefined;
  readonly type: string;
  readonly tag: string;
  readonly mtimeMs: number;
}

/** Serves the built site from its folder, and nothing outside it. Assets are kept, zipped once. */
export class Site {
  readonly #root: string;
  readonly #kept = new Map<string, Asset>();

  constructor(root: string) {
    this.#root = root;
  }

  async serve(c: Context): Promise<Response> {
    const path = await this.#find(c.req.path);
    if (path !== undefined) return this.#answer(c, path, 200);
    const missing = await this.#find('/404.html');
    return missing === undefined ? c.text('There is no such page.', 404) : this.#answer(c, missing, 404);
  }

  async #find(urlPath: string): Promise<string | undefined> {
    let path: string;
    try {
      path = decodeURIComponent(urlPath);
    } catch {
      return undefined;
    }
    // After decoding, a slash that was encoded could have made another path of it.
    if (path.includes('..') || path.includes('\\') || /%2f/i.test(urlPath)) return undefined;
    for (const candidate of [path, join(path, 'index.html')]) {
      const real = await resolveInside(this.#root, `.${candidate.startsWith('/') ? candidate : `/${candidate}`}`).catch(
        () => undefined,
      );
      if (real !== undefined && (await stat(real)).isFile()) return real;
    }
    return undefined;
  }

  async #answer(c: Context, path: string, status: 200 | 404): Promise<Response> {
    const asset = await this.#load(path);
    c.header('content-type', asset.type);
    c.header('etag', asset.tag);
    c.header('vary', 'accept-encoding');
    // Names under _astro/ hold a hash of their content.
    c.header(
      'cache-control',
      status === 200 && c.req.path.startsWith('/_astro/')
        ? 'private, max-age=31536000, immutable'
        : 'private, no-cache',
    );
    if (status === 200 && c.req.header('if-none-match') === asset.tag) return c.body(null, 304);
    const zipped = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '') ? asset.zipped : undefined;
    if (zipped !== undefined) c.header('content-encoding', 'gzip');
    return c.body(new Uint8Array(zipped ?? asset.body), status);
  }

  async #load(path: string): Promise<Asset> {
    const { mtimeMs } = await stat(path);
    const kept = this.#kept.get(path);
    if (kept !== undefined && kept.mtimeMs === mtimeMs) return kept;
    const body = await readFile(path);
    const type = TYPES[extname(path)] ?? 'application/octet-stream';
    const isText = /^text|json|svg|xml|wasm/.test(type);
    const asset: Asset = {
      body,
      zipped: isText && body.length > 500 ? await zip(body, { level: 9 }) : undefined,
      type,
      tag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      mtimeMs,
    };
    this.#kept.set(path, asset);
    return asset;
  }
}
