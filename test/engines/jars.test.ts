import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import type { Jar } from '#src/engines/jars-fetch.ts';
import { findSet, type Jars, type JarSet } from '#src/engines/jars.ts';
import { WorldError } from '#src/error.ts';
import { freePort } from '#src/ports.ts';
import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';

interface Fixture {
  readonly cache: string;
  readonly set: JarSet;
  /** What was asked for so far, by file name. */
  readonly asked: string[];
  /** Answers one file in another way, until it is taken away. */
  readonly odd: Map<string, (response: ServerResponse, content: Buffer) => void>;
}

const NAMES = ['alpha', 'beta', 'gamma'];

/** A repository of three jars on this machine, and a set that pins them. */
async function fixture(t: test.TestContext): Promise<Fixture> {
  const cache = await mkdtemp(join(tmpdir(), 'dej-jars-'));
  const contents = new Map(NAMES.map((name) => [`/org/example/${name}/1.0/${name}-1.0.jar`, randomBytes(50_000)]));
  const asked: string[] = [];
  const odd: Fixture['odd'] = new Map();
  const server = createServer(({ url = '' }, response) => {
    const content = contents.get(url);
    asked.push(url.split('/').at(-1) ?? '');
    if (content === undefined) return response.writeHead(404).end();
    const other = odd.get(asked.at(-1) ?? '');
    if (other !== undefined) return other(response, content);
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env['DEJ_MAVEN'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  t.after(async () => {
    delete process.env['DEJ_MAVEN'];
    server.closeAllConnections();
    server.close();
    await rm(cache, { recursive: true, force: true });
  });
  const jars: Jar[] = [...contents].map(([path, content]) => ({
    coordinates: `org.example:${path.split('/')[3]}:1.0`,
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  }));
  return { cache, asked, odd, set: { roots: [], jars } };
}

function find({ cache, set }: Fixture): Promise<Jars> {
  return findSet({ cache }, 'sample', set);
}

async function install(place: Fixture, signal?: AbortSignal, onBytes?: (bytes: number) => void): Promise<void> {
  const found = await find(place);
  assert.ok(found.state === 'absent');
  await found.install(({ doneBytes = 0 }) => onBytes?.(doneBytes), signal);
}

async function filesOf({ cache }: Fixture): Promise<string[]> {
  return readdir(join(cache, 'jars'));
}

function isWorldError(message: RegExp, remedy: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof WorldError, String(error));
    assert.match(`${error.message} ${error.lastLines.join(' ')}`, message);
    assert.match(error.remedy, remedy);
    return true;
  };
}

void test('jars', async (t) => {
  await fetched(t);
  await broken(t);
  await shared(t);
});

async function fetched(t: test.TestContext): Promise<void> {
  await t.test('are fetched once, with progress, and found again', async (t) => {
    const place = await fixture(t);
    const before = await find(place);
    assert.ok(before.state === 'absent');
    assert.equal(before.downloadBytes, 150_000);
    const told: number[] = [];
    await install(place, undefined, (bytes) => told.push(bytes));
    assert.deepEqual([told[0], told.at(-1)], [0, 150_000]);
    const found = await find(place);
    assert.ok(found.state === 'ready');
    for (const [i, path] of found.paths.entries()) {
      const content = await readFile(path);
      assert.equal(createHash('sha256').update(content).digest('hex'), place.set.jars[i]?.sha256);
    }
    assert.equal(place.asked.length, 3);
    assert.equal((await filesOf(place)).length, 3, 'nothing lies beside them');
  });

  await t.test('an install that was interrupted is taken up again: what was done is not fetched twice', async (t) => {
    const place = await fixture(t);
    const stop = new AbortController();
    place.odd.set('gamma-1.0.jar', (response, content) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000));
    });
    const installing = install(place, stop.signal, (bytes) => {
      if (bytes >= 100_000) stop.abort(new Error('stopped here'));
    });
    await assert.rejects(installing, /stopped here/);
    const half = await find(place);
    assert.ok(half.state === 'absent');
    assert.equal(half.downloadBytes, 50_000);
    assert.equal((await filesOf(place)).length, 2, 'no half jar lies there');
    place.odd.clear();
    await install(place);
    assert.deepEqual(place.asked.toSorted(), ['alpha-1.0.jar', 'beta-1.0.jar', 'gamma-1.0.jar', 'gamma-1.0.jar']);
    assert.equal((await find(place)).state, 'ready');
  });
}

async function broken(t: test.TestContext): Promise<void> {
  await t.test('a wrong checksum is refused, and nothing of it stays', async (t) => {
    const place = await fixture(t);
    place.odd.set('beta-1.0.jar', (response, content) => response.end(content.fill(0, 10, 11)));
    await assert.rejects(install(place), isWorldError(/org\.example:beta:1\.0 is not the file/, /thrown away/));
    assert.equal((await find(place)).state, 'absent');
    assert.ok((await filesOf(place)).every((name) => !name.startsWith('beta')));
  });

  for (const [what, answer] of [
    ['breaks off', (response: ServerResponse) => response.writeHead(200, { 'content-length': 9999 }).destroy()],
    ['is refused', (response: ServerResponse) => response.writeHead(503).end()],
    ['is cut short', (response: ServerResponse, content: Buffer) => response.end(content.subarray(0, 99))],
  ] as const) {
    await t.test(`a transfer that ${what} is the world’s fault, and works the next time`, async (t) => {
      const place = await fixture(t);
      place.odd.set('alpha-1.0.jar', answer);
      await assert.rejects(install(place), isWorldError(/./, /again/));
      place.odd.clear();
      await install(place);
      assert.equal((await find(place)).state, 'ready');
    });
  }

  await t.test('without a network the error says so, and how to go on', async (t) => {
    const place = await fixture(t);
    process.env['DEJ_MAVEN'] = `http://127.0.0.1:${await freePort()}`;
    await assert.rejects(
      install(place),
      isWorldError(/the network does not lead there.*ECONNREFUSED/, /Connect to the network/),
    );
    assert.deepEqual(await filesOf(place), []);
  });

  for (const [what, declared] of [
    ['before anything is fetched', 50_000],
    ['in the midst', 10],
  ] as const) {
    await t.test(`a full disk is told ${what}`, async (t) => {
      const place = await fixture(t);
      const set = { ...place.set, jars: place.set.jars.map((jar) => ({ ...jar, bytes: declared })) };
      const said = await onSmallDisk(place.cache, set);
      if (said === undefined) return t.skip('needs Linux and the right to mount');
      assert.match(said, /^The disk is full(: 1 MB are needed, 1 MB are free)? \/ Make room/);
    });
  }
}

/** What an install says on a disk of a hundred kilobytes; undefined where there can be none. */
async function onSmallDisk(cache: string, set: JarSet): Promise<string | undefined> {
  const script = `
    import { findSet } from '#src/engines/jars.ts';
    const found = await findSet({ cache: ${JSON.stringify(cache)} }, 'sample', ${JSON.stringify(set)});
    await found.install(() => undefined).catch(({ message, remedy }) => console.log(message, '/', remedy));
  `;
  const mount = 'mount -t tmpfs -o size=100k tmpfs "$0" || exit 77; exec "$@"';
  const node = [process.execPath, '--input-type=module-typescript', '-e', script];
  const argv = ['unshare', '-m', ...(process.getuid?.() === 0 ? [] : ['-Ur']), 'sh', '-c', mount, cache, ...node];
  const ran = await capture(argv as [string, ...string[]], { cwd: ownRoot() }).catch(() => undefined);
  if (ran === undefined || ran.code === 77 || /unshare failed/.test(ran.stderr)) return undefined;
  return ran.stdout || ran.stderr;
}

async function shared(t: test.TestContext): Promise<void> {
  await t.test('two clones at once fetch each jar once', async (t) => {
    const place = await fixture(t);
    await Promise.all([install(place), install(place)]);
    assert.equal((await find(place)).state, 'ready');
    assert.equal(place.asked.length, 3);
  });
}
