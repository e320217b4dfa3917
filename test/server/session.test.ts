import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import { until } from '#src/deadline.ts';
import { findApp, mintAddress } from '#src/server/instance.ts';
import { serve } from '#src/server/serve.ts';
import { ownSecret, readSecret, Sessions } from '#src/server/session.ts';
import { appThatTells, raw, request, startServer } from '#test/server/served.ts';

test('a code lets one browser in, once; the cookie is for this site alone', async (t) => {
  const { served, port, host } = await startServer(t);
  const address = new URL(served.openAddress());
  const first = await raw(port, request(`GET ${address.pathname}${address.search}`, { host }));
  assert.equal(first.status, 200);
  assert.match(first.head, new RegExp(`set-cookie: dej-${port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict`, 'i'));
  assert.match(first.head, /cache-control: no-store/i);
  const second = await raw(port, request(`GET ${address.pathname}${address.search}`, { host }));
  assert.equal(second.status, 401);
  assert.doesNotMatch(second.head, /set-cookie/i);
});

test('no other code is accepted: made up, changed, of another start, too old', async (t) => {
  const { served, port, host } = await startServer(t);
  const good = new URL(served.openAddress()).searchParams.get('code') ?? '';
  const [nonce = '', expiry = '', mark = ''] = good.split('.');
  for (const code of [
    '',
    'x',
    `${nonce}.${expiry}`,
    `${nonce}x.${expiry}.${mark}`,
    `${nonce}.${Number(expiry) + 1}.${mark}`,
    `${nonce}.NaN.${mark}`,
  ]) {
    assert.equal((await raw(port, request(`GET /?code=${encodeURIComponent(code)}`, { host }))).status, 401, code);
  }
  let now = 0;
  const make = (bootId: string) => new Sessions(Buffer.from('secret'), { bootId, port: 1, clock: () => now });
  const sessions = make('a');
  assert.equal(make('b').redeem(sessions.code()), false, 'of another start');
  const old = sessions.code();
  now += 10 * 60_000 + 1;
  assert.equal(sessions.redeem(old), false, 'too old');
  assert.equal(sessions.redeem(sessions.code()), true);
});

test('the cookie survives a restart of the server, a code does not', async (t) => {
  const first = await startServer(t);
  const code = first.served.openAddress();
  await first.served.close();
  const { app } = appThatTells();
  const again = await serve({
    paths: first.paths,
    site: join(first.paths.root, 'site'),
    port: first.port,
    host: '127.0.0.1',
    app,
  });
  t.after(() => again.close());
  assert.equal((await raw(first.port, request('GET /', { host: first.host, cookie: first.cookie }))).status, 200);
  assert.equal((await raw(first.port, request(`GET /${new URL(code).search}`, { host: first.host }))).status, 401);
});

test('another process of the same user finds the running app and makes an address for it', async (t) => {
  const { served, paths, port } = await startServer(t);
  const instance = await findApp(paths);
  assert.equal(instance?.port, port);
  assert.ok(instance !== undefined);
  assert.equal((await fetch(await mintAddress(paths, instance))).status, 200);
  await served.close();
  assert.equal(await findApp(paths), undefined);
});

test('what a killed app left behind, or anything else in its place, counts as none', async (t) => {
  const { paths, served } = await startServer(t);
  const path = join(paths.state, 'app.json');
  const own = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  for (const left of [
    '',
    '{}',
    '[]',
    'null',
    JSON.stringify({ ...own, startedAt: '1' }),
    JSON.stringify({ ...own, pid: 0 }),
  ]) {
    await writeFile(path, left);
    assert.equal(await findApp(paths), undefined, left);
  }
  const other = JSON.stringify({ ...own, bootId: 'another' });
  await writeFile(path, other);
  await served.close();
  assert.equal(await readFile(path, 'utf8'), other, 'the record of another app stays');
  assert.equal(await findApp(paths), undefined, 'its process is there, but nobody listens');
});

test('an app that lost its secret is not mistaken for one that can be opened', async (t) => {
  const { paths } = await startServer(t);
  await writeFile(join(paths.state, 'secret'), Buffer.alloc(32, 1).toString('base64url'));
  await assert.rejects(findApp(paths), /is running already .* does not know the secret/);
});

test('several that start at once in a new clone have one secret; an empty one is never used', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'dej-secret-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const secrets = await Promise.all(Array.from({ length: 8 }, () => ownSecret(folder)));
  assert.equal(new Set(secrets.map((secret) => secret.toString('hex'))).size, 1);
  assert.deepEqual(await readdir(folder), ['secret']);
  await writeFile(join(folder, 'secret'), '');
  assert.equal((await ownSecret(folder)).length, 32);
});

test('the secret and what is written beside it are for the owner only', async (t) => {
  const { paths } = await startServer(t);
  for (const name of ['secret', 'app.json']) assert.equal((await stat(join(paths.state, name))).mode & 0o077, 0, name);
  await chmod(join(paths.state, 'secret'), 0o644);
  const before = await readSecret(paths.state);
  const told: string[] = [];
  const after = await ownSecret(paths.state, (line) => told.push(line));
  assert.notDeepEqual(after, before, 'what others could read is no secret any more');
  assert.match(told.join(), /has a new one/);
  assert.equal((await stat(join(paths.state, 'secret'))).mode & 0o077, 0, 'made private again');
  assert.equal(Buffer.from((await readFile(join(paths.state, 'secret'), 'utf8')).trim(), 'base64url').length, 32);
});

test('only this machine can connect', async (t) => {
  const { port } = await startServer(t);
  const others = Object.values(networkInterfaces())
    .flat()
    .filter((face) => face !== undefined && !face.internal && face.family === 'IPv4');
  for (const face of others) {
    const outcome = await new Promise<string>((resolve) => {
      const socket = connect(port, face?.address);
      socket.once('connect', () => resolve('connected'));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    });
    assert.equal(outcome, 'ECONNREFUSED', face?.address);
  }
});

test('over IPv6 too, a browser is served under its own name and port only', async (t) => {
  const hasLoopback6 = Object.values(networkInterfaces())
    .flat()
    .some((face) => face?.address === '::1');
  if (!hasLoopback6) return t.skip('this machine has no ::1');
  const { served, port, paths } = await startServer(t, { host: '::1' });
  assert.equal(served.address, `http://[::1]:${port}/`);
  assert.equal((await findApp(paths))?.host, '::1');
  const code = new URL(served.openAddress()).search;
  assert.equal((await raw(port, request(`GET /${code}`, { host: '[::1]' }), '::1')).status, 403);
  assert.equal((await raw(port, request(`GET /${code}`, { host: `[::1]:${port}` }), '::1')).status, 200);
});

test('an app that does not answer is told from one that is not there', async (t) => {
  const { paths } = await startServer(t);
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const open = new Set<Socket>();
  silent.on('connection', (socket) => open.add(socket));
  t.after(() => {
    for (const socket of open) socket.destroy();
    silent.close();
  });
  const path = join(paths.state, 'app.json');
  const own = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...own, port: (silent.address() as AddressInfo).port }));
  await assert.rejects(findApp(paths, { deadlineMs: 200 }), /is running already .* does not answer/);
});

test('an address that is not loopback is refused before anything listens', async (t) => {
  const { paths } = await startServer(t);
  const { app } = appThatTells();
  for (const host of ['0.0.0.0', '::', '192.168.0.1', 'example.com', '']) {
    await assert.rejects(serve({ paths, site: '.', port: 1, host, app }), /listens on this machine only/);
  }
});

test('a run ends when its browser goes away', async (t) => {
  const server = await startServer(t);
  const stop = new AbortController();
  const headers = {
    host: server.host,
    cookie: server.cookie,
    origin: `http://${server.host}`,
    'content-type': 'application/json',
    'x-dej': '1',
  };
  const answer = await fetch(`http://${server.host}/api/run`, {
    method: 'POST',
    headers,
    body: '{"guide":"a","block":"endless"}',
    signal: stop.signal,
  });
  const reader = answer.body?.getReader();
  assert.match(new TextDecoder().decode((await reader?.read())?.value), /hello/);
  stop.abort();
  await until('the stop of the run', () => server.runs[0]?.aborted === true, { deadlineMs: 5000 });
});
