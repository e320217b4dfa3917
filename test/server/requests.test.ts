import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import test from 'node:test';

import { WorldError } from '#src/error.ts';
import { shown } from '#src/server/stream.ts';
import { raw, request, startServer, type TestServer } from '#test/server/served.ts';

const get = (server: TestServer, path: string) =>
  raw(server.port, request(`GET ${path}`, { host: server.host, cookie: server.cookie }));
const post = (server: TestServer, path: string, body: string) =>
  raw(
    server.port,
    request(
      `POST ${path}`,
      {
        host: server.host,
        cookie: server.cookie,
        origin: `http://${server.host}`,
        'content-type': 'application/json',
        'x-dej': '1',
      },
      body,
    ),
  );

test('no path leaves the site’s folder', async (t) => {
  const server = await startServer(t);
  const paths = [
    '/../outside.txt',
    '/%2e%2e/outside.txt',
    '/..%2foutside.txt',
    '/%2e%2e%2foutside.txt',
    '/page/../../outside.txt',
    '/link.txt',
    '/%00',
    '/page%00/',
    '//etc/passwd',
    '/etc/passwd',
    '/..%5coutside.txt',
    '/%E0%A4%A',
  ];
  for (const path of paths) {
    const { status, body } = await get(server, path);
    assert.ok(status === 404 || status === 400 || status === 403, `${path}: ${status}`);
    assert.doesNotMatch(body, /private|root:/, path);
  }
});

test('pages, their folders, the page for what is missing', async (t) => {
  const server = await startServer(t);
  assert.match((await get(server, '/')).body, /Home/);
  assert.equal((await get(server, '/page/')).status, 200);
  const missing = await get(server, '/nope');
  assert.equal(missing.status, 404);
  assert.match(missing.body, /No such page/);
});

test('a page is sent zipped, and not again while it is the same', async (t) => {
  const { served, cookie } = await startServer(t);
  const first = await fetch(`${served.address}page/`, { headers: { cookie, 'accept-encoding': 'gzip' } });
  assert.equal(first.headers.get('content-encoding'), 'gzip');
  assert.match(await first.text(), /A page/);
  const again = await fetch(`${served.address}page/`, {
    headers: { cookie, 'if-none-match': first.headers.get('etag') ?? '' },
  });
  assert.equal(again.status, 304);
});

test('a body of the wrong shape is told what is wrong, and nothing runs', async (t) => {
  const server = await startServer(t);
  const cases: [string, RegExp][] = [
    ['', /no JSON/],
    ['{', /no JSON/],
    ['[]', /body: /],
    ['{"guide":"a"}', /block: /],
    ['{"guide":"../a","block":"b"}', /guide: /],
    ['{"guide":"a","block":"b","engine":"sh"}', /Unrecognized key/],
    ['{"guide":"a","block":"b","code":1}', /code: /],
  ];
  for (const [body, message] of cases) {
    const answer = await post(server, '/api/run', body);
    assert.equal(answer.status, 400, body);
    assert.match(answer.body, message);
  }
  const large = await post(server, '/api/run', JSON.stringify({ guide: 'a', block: 'b', code: 'x'.repeat(300_000) }));
  assert.equal(large.status, 413);
  assert.equal(server.runs.length, 0);
});

test('what is written into the learner’s folder has its shape, and nothing else gets through', async (t) => {
  const server = await startServer(t);
  const wrong: [string, object][] = [
    ['/api/answer', { guide: '../../etc', question: 'first', options: ['A'] }],
    ['/api/answer', { guide: '03-idempotency', question: 'first', options: [] }],
    ['/api/answer', { guide: '03-idempotency', question: 'first', options: ['AB'] }],
    ['/api/predict', { guide: '03-idempotency', block: 'first', option: 'a' }],
    ['/api/predict', { guide: '03-idempotency', block: 'first', more: 1 }],
    ['/api/note', { guide: '03-idempotency/../x', prompt: 'first', text: '', base: '' }],
    ['/api/note', { guide: '03-idempotency', prompt: 'first', text: 'words' }],
    ['/api/note', { guide: '03-idempotency', prompt: 'first\n-->', text: '', base: '' }],
    ['/api/exercise/check', { guide: '03-idempotency', exercise: '../x', code: '' }],
    ['/api/exercise/save', { guide: '03-idempotency', exercise: 'first#x', text: '', base: '' }],
    ['/api/exercise/reset', { guide: '03-idempotency', exercise: 'first', more: 1 }],
    ['/api/tick', { item: '../outside', done: true }],
    ['/api/tick', { item: 'concepts/03-idempotency', done: 'yes' }],
  ];
  for (const [path, body] of wrong) {
    const { status } = await post(server, path, JSON.stringify(body));
    assert.equal(status, 400, `${path} ${JSON.stringify(body)}`);
  }
  for (const query of ['', '?guide=', '?guide=..%2f..%2fetc', '?guide=A'])
    assert.equal((await get(server, `/api/guide${query}`)).status, 400, query);
  assert.deepEqual(server.told, []);
  const right = { guide: '03-idempotency', prompt: 'first', text: 'words', base: '' };
  assert.deepEqual(JSON.parse((await post(server, '/api/note', JSON.stringify(right))).body), {
    kind: 'saved',
    text: 'words',
  });
  assert.deepEqual(server.told, [right]);
});

test('a body in chunks is cut off at the limit though it never says its length', async (t) => {
  const server = await startServer(t);
  const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`;
  const headers = {
    host: server.host,
    cookie: server.cookie,
    origin: `http://${server.host}`,
    'content-type': 'application/json',
    'x-dej': '1',
    'transfer-encoding': 'chunked',
  };
  // It never ends: only a server that stops reading answers.
  const answer = await raw(server.port, `${request('POST /api/run', headers)}${chunk.repeat(5)}`);
  assert.equal(answer.status, 413);
  assert.equal(server.runs.length, 0);
});

test('only what was found under a hashed name is kept for good', async (t) => {
  const server = await startServer(t);
  assert.match((await get(server, '/_astro/a.123.js')).head, /cache-control: private, max-age=31536000, immutable/i);
  assert.match((await get(server, '/_astro/b.456.js')).head, /404.*cache-control: private, no-cache/is);
  assert.match((await get(server, '/page/')).head, /cache-control: private, no-cache/i);
});

test('what is asked for without its body has the same head', async (t) => {
  const server = await startServer(t);
  const { status, head, body } = await raw(
    server.port,
    request('HEAD /page/', { host: server.host, cookie: server.cookie }),
  );
  assert.equal(status, 200);
  assert.match(head, /content-type: text\/html; charset=utf-8/i);
  assert.equal(body, '');
});

test('paths of the machine are shortened, addresses on the web stay', () => {
  const { message } = shown(
    new WorldError(
      `can't read ${homedir()}/my journal/x.sql or /srv/größe/data/x.parquet (file:///srv/a/b.ts:3), see https://example.org/a/b`,
      { remedy: '' },
    ),
  );
  assert.equal(message, "can't read ~/my journal/x.sql or …/x.parquet (…/b.ts:3), see https://example.org/a/b");
});

test('an unknown engine is refused with the known ones', async (t) => {
  const server = await startServer(t);
  const answer = await post(server, '/api/engines/duckbd/start', '{}');
  assert.equal(answer.status, 400);
  assert.match(answer.body, /Did you mean duckdb/);
});

test('an error of ours is told without the machine’s paths', async (t) => {
  const server = await startServer(t);
  const { body } = await post(server, '/api/run', '{"guide":"a","block":"broken"}');
  assert.match(body, /"type":"trouble"/);
  assert.match(body, /machine\.txt/);
  assert.doesNotMatch(body, /very|private|at .*\.ts/);
});

test('a fifth run at once is turned away, and comes in when one has ended', async (t) => {
  const server = await startServer(t);
  const headers = {
    cookie: server.cookie,
    origin: `http://${server.host}`,
    'content-type': 'application/json',
    'x-dej': '1',
  };
  const stop = new AbortController();
  const begin = (block: string) =>
    fetch(`http://${server.host}/api/run`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ guide: 'a', block }),
      signal: stop.signal,
    });
  const four = await Promise.all(['endless', 'endless', 'endless', 'endless'].map(begin));
  assert.deepEqual(
    four.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  const fifth = await begin('first');
  assert.equal(fifth.status, 429);
  assert.match(await fifth.text(), /4 blocks are running/);
  stop.abort();
  await Promise.allSettled(four.map((answer) => answer.text()));
});

test('routes of labs refuse what they do not expect, and say what they do', async (t) => {
  const server = await startServer(t);
  const post = async (path: string, value: unknown): Promise<string> => {
    const headers = { origin: `http://${server.host}`, 'content-type': 'application/json', 'x-dej': '1' };
    const whole = { host: server.host, cookie: server.cookie, ...headers };
    const answer = await raw(server.port, request(`POST ${path}`, whole, JSON.stringify(value)));
    return `${answer.status} ${answer.body}`;
  };
  const get = async (path: string): Promise<string> => {
    const answer = await raw(server.port, request(`GET ${path}`, { host: server.host, cookie: server.cookie }));
    return `${answer.status} ${answer.body}`;
  };
  assert.match(await post('/api/labs/tiny/check', { level: 'slow' }), /^400 .*level/);
  assert.match(await post('/api/labs/tiny/check', { level: 'quick', stage: 0 }), /^400 .*stage/);
  assert.match(await post('/api/labs/tiny/check', { level: 'quick', signal: 'x' }), /^400 /);
  assert.match(await post('/api/labs/..%2F..%2Fetc/start', {}), /^400 .*expected a lab’s name/);
  assert.match(await post('/api/labs/tiny/start', { language: '../x' }), /^400 .*language/);
  assert.match(await post('/api/labs/tiny/replay', { line: '' }), /^400 .*line/);
  assert.match(await get('/api/labs/tiny/picture'), /^400 .*stage: expected a number/);
  assert.match(await get('/api/labs/tiny/solution?stage=1e9'), /^400 /);
  assert.match(await get('/api/labs/tiny/live'), /^200 [\s\S]*"type":"ended"/);
  assert.deepEqual(server.told, [], 'nothing of it reached the app');
});
