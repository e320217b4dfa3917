import assert from 'node:assert/strict';
import test from 'node:test';

import { hostsOf } from '#src/server/guard.ts';
import { ROUTES } from '#src/server/routes.ts';
import { build } from '#src/server/serve.ts';
import { Sessions } from '#src/server/session.ts';
import { Site } from '#src/server/static.ts';
import { appThatTells, raw, request, startServer, type TestServer } from '#test/server/served.ts';

/**
 * Every protection on every route, over the table of routes and over what the framework has registered, so that a new
 * route without a protection fails here.
 */
const QUERIES: Record<string, string> = {
  '/api/guide': '?guide=03-idempotency',
  '/api/search': '?q=words',
  '/api/sql/saved': '?name=first',
  '/api/labs/:lab/picture': '?stage=1',
  '/api/labs/:lab/solution': '?stage=1',
  '/api/review/picture': '?card=picture:x/y',
};
const called = (path: string): string =>
  path.replace(':name', 'duckdb').replace(':lab', 'tiny') + (QUERIES[path] ?? '');
const PATHS = [
  ...ROUTES.map(({ method, path }) => ({ method, path: called(path) })),
  { method: 'GET', path: '/' },
  { method: 'GET', path: '/page/' },
  { method: 'GET', path: '/no/such/page' },
  { method: 'GET', path: '/api/no-such' },
  { method: 'POST', path: '/api/no-such' },
  { method: 'POST', path: '/' },
];

function whole({ host, cookie }: TestServer, method: string): Record<string, string | undefined> {
  const post = { origin: `http://${host}`, 'content-type': 'application/json', 'x-dej': '1' };
  return { host, cookie, 'sec-fetch-site': 'same-origin', ...(method === 'POST' ? post : {}) };
}

const BODIES: Record<string, object> = {
  '/api/run': { guide: '03-idempotency', block: 'first' },
  '/api/answer': { guide: '03-idempotency', question: 'first', options: ['A'] },
  '/api/predict': { guide: '03-idempotency', block: 'first' },
  '/api/note': { guide: '03-idempotency', prompt: 'first', text: 'words', base: '' },
  '/api/exercise/check': { guide: '03-idempotency', exercise: 'first', code: 'x' },
  '/api/exercise/save': { guide: '03-idempotency', exercise: 'first', text: 'x', base: '' },
  '/api/exercise/reset': { guide: '03-idempotency', exercise: 'first' },
  '/api/plan/change': { minutes: 300 },
  '/api/placement/answers': { answers: [] },
  '/api/labs/tiny/check': { level: 'quick' },
  '/api/labs/tiny/replay': { line: 'v1 lab=tiny stage=1 seed=1 size=1' },
  '/api/labs/tiny/hint': { stage: 1 },
  '/api/review/grade': { card: 'question:x/y', grade: 'good', elapsedMs: 1 },
  '/api/review/card': { card: 'question:x/y', state: 'suspended' },
  '/api/review/add': { what: 'questions', of: '03-idempotency' },
  '/api/log/add': { kind: 'insight', text: 'words' },
  '/api/log/answer': { id: 'first', text: 'words' },
  '/api/log/reword': { id: 'first', text: 'words', base: 'word' },
  '/api/log/reopen': { id: 'first' },
  '/api/log/remove': { id: 'first' },
  '/api/log/accept': { key: 'guide/first' },
  '/api/log/decline': { key: 'guide/first' },
  '/api/log/focus': { key: 'week', value: '1' },
  '/api/sql/ask': { sql: 'SELECT 1' },
  '/api/portfolio/make': { labs: ['tiny'], insights: [] },
  '/api/tick': { item: 'concepts/03-idempotency', done: true },
};
const bodyOf = (method: string, path: string): string => (method === 'POST' ? JSON.stringify(BODIES[path] ?? {}) : '');

test('the framework knows no route that the table does not', () => {
  const sessions = new Sessions(Buffer.from('x'), { bootId: 'b', port: 1, clock: () => 0 });
  const { routes } = build({ hosts: hostsOf(1), sessions, app: appThatTells().app, site: new Site('.') });
  const known = new Set(ROUTES.map(({ method, path }) => `${method} ${path}`));
  const others = routes
    .filter(({ method, path }) => !known.has(`${method} ${path}`))
    .map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(
    [...new Set(others)].sort(),
    ['ALL /*', 'ALL /api/*', 'GET /*', 'POST /*'],
    'only the protections, the site and the refusals',
  );
});

test('with everything right, each route answers', async (t) => {
  const server = await startServer(t);
  for (const { method, path } of ROUTES.map((route) => ({ ...route, path: called(route.path) }))) {
    const { status } = await raw(
      server.port,
      request(`${method} ${path}`, whole(server, method), bodyOf(method, path)),
    );
    assert.equal(status, 200, `${method} ${path}`);
  }
});

const WRONG_HOSTS = [
  'evil.test',
  '127.0.0.1.evil.test',
  'localhost',
  '127.0.0.1:1',
  'localhost.:PORT',
  '127.0.0.1:PORT, evil.test',
  'user@127.0.0.1:PORT',
  '0.0.0.0:PORT',
  '[::ffff:127.0.0.1]:PORT',
];

test('another host is refused on every route', async (t) => {
  const server = await startServer(t);
  for (const { method, path } of PATHS) {
    for (const wrong of WRONG_HOSTS) {
      const host = wrong.replace('PORT', String(server.port));
      const { status } = await raw(
        server.port,
        request(`${method} ${path}`, { ...whole(server, method), host }, bodyOf(method, path)),
      );
      assert.equal(status, 403, `${method} ${path} for ${host}`);
    }
    const none = await raw(
      server.port,
      request(`${method} ${path}`, { ...whole(server, method), host: undefined }, bodyOf(method, path)),
    );
    assert.equal(none.status, 403, `${method} ${path} without a host`);
    const twice = await raw(
      server.port,
      request(
        `${method} ${path}`,
        { ...whole(server, method), Host: server.host, host: 'evil.test' },
        bodyOf(method, path),
      ),
    );
    assert.equal(twice.status, 403, `${method} ${path} with two hosts`);
    const absolute = await raw(
      server.port,
      request(`${method} http://${server.host}${path}`, whole(server, method), bodyOf(method, path)),
    );
    assert.equal(absolute.status, 403, `${method} with a whole address in the request line`);
  }
  assert.deepEqual([server.runs, server.told], [[], []]);
});

test('without the session every route gives nothing but the way in', async (t) => {
  const server = await startServer(t);
  for (const cookie of [
    undefined,
    `dej-${server.port}=`,
    `dej-${server.port}=x`,
    `other=${server.cookie.split('=')[1]}`,
    `dej-1=${server.cookie.split('=')[1]}`,
  ]) {
    for (const { method, path } of PATHS) {
      const { status, body } = await raw(
        server.port,
        request(`${method} ${path}`, { ...whole(server, method), cookie }, bodyOf(method, path)),
      );
      assert.equal(status, 401, `${method} ${path} with ${cookie}`);
      assert.match(body, /\.\/dej open/);
      assert.doesNotMatch(body, /Home/);
    }
  }
  assert.deepEqual([server.runs, server.told], [[], []]);
});

test('a POST needs our origin, our header and JSON; another site may not even read', async (t) => {
  const server = await startServer(t);
  const wrong: [string, Record<string, string | undefined>, number][] = [
    ['no origin', { origin: undefined }, 403],
    ['origin null', { origin: 'null' }, 403],
    ['another port', { origin: 'http://127.0.0.1:1' }, 403],
    ['another scheme', { origin: `https://${server.host}` }, 403],
    ['another site', { origin: 'http://evil.test' }, 403],
    ['no header', { 'x-dej': undefined }, 403],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['text', { 'content-type': 'text/plain' }, 415],
    ['cross-site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['same-site', { 'sec-fetch-site': 'same-site' }, 403],
  ];
  for (const { method, path } of PATHS.filter((one) => one.method === 'POST')) {
    for (const [name, headers, expected] of wrong) {
      const { status } = await raw(
        server.port,
        request(`${method} ${path}`, { ...whole(server, method), ...headers }, bodyOf(method, path)),
      );
      assert.equal(status, expected, `${method} ${path}: ${name}`);
    }
  }
  for (const { method, path } of PATHS.filter((one) => one.method === 'GET')) {
    const { status } = await raw(
      server.port,
      request(`${method} ${path}`, {
        ...whole(server, method),
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'no-cors',
      }),
    );
    assert.equal(status, 403, `${path} embedded by another site`);
  }
  assert.deepEqual([server.runs, server.told], [[], []]);
});

test('other methods are unknown, and reading changes nothing', async (t) => {
  const server = await startServer(t);
  for (const { path } of PATHS) {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
      const { status, head } = await raw(
        server.port,
        request(`${method} ${path}`, { ...whole(server, 'POST'), 'access-control-request-method': 'POST' }),
      );
      assert.equal(status, 405, `${method} ${path}`);
      assert.doesNotMatch(head, /access-control/i);
    }
  }
  for (const { path } of ROUTES.filter(({ method }) => method === 'POST')) {
    const { status } = await raw(server.port, request(`GET ${called(path)}`, whole(server, 'GET')));
    assert.equal(status, 404, path);
  }
  assert.deepEqual([server.runs, server.told], [[], []]);
});

test('every answer, also a refusal, carries the headers and tells nothing of the machine', async (t) => {
  const server = await startServer(t);
  const variants = [{}, { cookie: undefined }, { host: 'evil.test' }, { host: undefined }, { host: 'a b' }];
  for (const { method, path } of PATHS) {
    for (const variant of variants) {
      const { head } = await raw(
        server.port,
        request(`${method} ${path}`, { ...whole(server, method), ...variant }, bodyOf(method, path)),
      );
      const name = `${method} ${path} ${JSON.stringify(variant)}\n${head}`;
      assert.match(
        head,
        /content-security-policy: default-src 'self'; script-src 'self' 'sha256-x' 'wasm-unsafe-eval';.*frame-ancestors 'none'/i,
        name,
      );
      assert.match(head, /x-content-type-options: nosniff/i, name);
      assert.match(head, /referrer-policy: no-referrer/i, name);
      assert.match(head, /cross-origin-resource-policy: same-origin/i, name);
      assert.doesNotMatch(head, /access-control-|^server:|x-powered-by|node|hono/im, name);
    }
  }
});

test('an upgrade is refused, with and without a right origin', async (t) => {
  const server = await startServer(t);
  const headers = {
    ...whole(server, 'GET'),
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'x',
    'sec-websocket-version': '13',
  };
  const status = async (more: Record<string, string | undefined>): Promise<number> =>
    (await raw(server.port, request('GET /api/run', { ...headers, ...more }))).status;
  assert.equal(await status({}), 403);
  assert.equal(await status({ origin: 'http://evil.test' }), 403);
  assert.equal(await status({ origin: 'null' }), 403);
  assert.equal(await status({ origin: `http://${server.host}`, host: 'evil.test' }), 403);
  assert.equal(await status({ origin: `http://${server.host}` }), 404);
});
