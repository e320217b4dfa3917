import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { ownRoot } from '#src/paths.ts';

/** What the build made, as a browser gets it. */
const dist = join(ownRoot(import.meta.dirname), 'site', 'dist');
const pages = new Map(
  readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.html'))
    .map((name) => [`/${name.replaceAll('\\', '/')}`, readFileSync(join(dist, name), 'utf8')]),
);

/** The file that an address of the site leads to. */
function fileOf(path: string): string {
  return path.endsWith('/') ? `${path}index.html` : path;
}

test('every page that should be there is', () => {
  for (const path of [
    '/',
    '/concepts/03-idempotency/',
    '/engines/',
    '/plan/',
    '/export/',
    '/glossary/',
    '/resources/',
    '/404.html',
  ])
    assert.ok(pages.has(fileOf(path)), path);
});

test('links within the site lead to pages and anchors that exist', () => {
  const dead: string[] = [];
  for (const [page, html] of pages) {
    for (const [, href = ''] of html.matchAll(/<a\b[^>]*\shref="([^"]*)"/g)) {
      if (/^(https:|mailto:)/.test(href)) continue;
      const [path = '', anchor] = href.replaceAll('&amp;', '&').split('#');
      const target = path === '' ? page : fileOf(path);
      const found = pages.get(target);
      if (found === undefined && !existsSync(join(dist, target))) dead.push(`${page}: ${href}`);
      // A link to the top needs no anchor of its own.
      else if (
        anchor !== undefined &&
        anchor !== '_top' &&
        found !== undefined &&
        !found.includes(`id="${decodeURIComponent(anchor)}"`)
      )
        dead.push(`${page}: ${href} (no such anchor)`);
    }
  }
  assert.deepEqual(dead, []);
});

test('nothing is loaded from elsewhere', () => {
  for (const [page, html] of pages) {
    const loaded = [
      ...html.matchAll(/<(?:script|img|source|iframe|video|audio)\b[^>]*\ssrc="([^"]*)"/g),
      ...html.matchAll(/<link\b[^>]*\shref="([^"]*)"/g),
    ];
    for (const [, address = ''] of loaded) assert.match(address, /^(\/(?!\/)|data:)/, `${page} loads ${address}`);
  }
});

test('every script in a page is one whose hash the server allows, and no handler stands in an attribute', () => {
  const { scriptHashes } = JSON.parse(readFileSync(join(dist, 'csp.json'), 'utf8')) as { scriptHashes: string[] };
  let inline = 0;
  for (const [page, html] of pages) {
    for (const [, attributes = '', body = ''] of html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g)) {
      if (/\ssrc=/.test(attributes) || /type="application\/(ld\+)?json"/.test(attributes)) continue;
      inline++;
      assert.ok(
        scriptHashes.includes(`sha256-${createHash('sha256').update(body).digest('base64')}`),
        `${page}: ${body.slice(0, 60)}`,
      );
    }
    const code = html.replaceAll(/<(pre|script|style)\b[\s\S]*?<\/\1>/g, '');
    assert.doesNotMatch(code, /<[a-z][^>]*\son[a-z]+="/, page);
  }
  assert.ok(inline > 0, 'the theme’s own script was seen');
});

test('a guide’s page holds every block with its code, and its recording where there is one', () => {
  const html = pages.get('/concepts/03-idempotency/index.html') ?? '';
  const blocks = [...html.matchAll(/<run-cell[^>]*data-block="([^"]+)"/g)].map(([, id]) => id);
  assert.ok(blocks.length >= 12, blocks.join(' '));
  assert.equal(blocks.length, [...html.matchAll(/class="cell-recording"/g)].length);
  assert.match(html, /duplicate key value violates unique constraint/);
  assert.doesNotMatch(html, /```|<!-- (quiz|predict|deep)/, 'no Markdown is left over');
});
