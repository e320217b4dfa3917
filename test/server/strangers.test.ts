import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { after, before, type TestContext } from 'node:test';

import type { Browser, BrowserContext, Page } from 'playwright-core';

import { launchBrowser } from '#test/browser.ts';
import { startServer, type TestServer } from '#test/server/served.ts';

/** What pages of strangers can do in a real browser that is signed in to the app: nothing but lead to it. */
let browser: Browser;

before(async () => {
  browser = await launchBrowser(['--host-resolver-rules=MAP evil.test 127.0.0.1']);
});
after(() => browser?.close());

interface Scene extends TestServer {
  readonly context: BrowserContext;
  /** The port of another program on this machine that serves pages. */
  readonly otherPort: number;
}

/** A browser that was let in, and another local server whose every page is empty. */
async function scene(t: TestContext): Promise<Scene> {
  const server = await startServer(t);
  const other = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>x</title>'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    other.closeAllConnections();
    other.close();
  });
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(server.served.openAddress());
  await page.getByRole('heading', { name: 'Home' }).waitFor();
  assert.equal(page.url(), server.served.address, 'no code is left in the address');
  return { ...server, context, otherPort: (other.address() as AddressInfo).port };
}

/** Everything that a page may try without our leave; each answer tells what it got. */
function attack(page: Page, target: string): Promise<Record<string, string>> {
  return page.evaluate(async (origin) => {
    const body = '{"guide":"a","block":"stolen"}';
    const own = { 'content-type': 'application/json', 'x-dej': '1' };
    const tried = async (init: RequestInit, path = '/api/run'): Promise<string> => {
      try {
        const answer = await fetch(`${origin}${path}`, { credentials: 'include', ...init });
        return answer.type === 'opaque' ? 'opaque' : `${answer.status} ${await answer.text()}`;
      } catch {
        return 'refused';
      }
    };
    const loaded = (name: 'script' | 'img', path: string): Promise<string> =>
      new Promise((resolve) => {
        const element = Object.assign(document.createElement(name), { src: `${origin}${path}` });
        element.onload = () => resolve('loaded');
        element.onerror = () => resolve('refused');
        document.body.append(element);
      });
    const socket = new Promise<string>((resolve) => {
      const opened = new WebSocket(`${origin.replace('http', 'ws')}/api/run`);
      opened.onopen = () => resolve('open');
      opened.onerror = () => resolve('refused');
    });
    return {
      read: await tried({}, '/api/engines'),
      post: await tried({ method: 'POST', headers: own, body }),
      blind: await tried({ method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body }),
      beacon: String(navigator.sendBeacon(`${origin}/api/run`, new Blob([body], { type: 'text/plain' }))),
      script: await loaded('script', '/_astro/a.123.js'),
      image: await loaded('img', '/pixel.svg'),
      socket: await socket,
    };
  }, target);
}

for (const name of ['another site', 'another program on this machine']) {
  test(`a page of ${name} reads nothing and starts nothing`, async (t) => {
    const { context, port, otherPort, runs } = await scene(t);
    const page = await context.newPage();
    // Cookies know no ports: the second stranger's requests carry ours.
    await page.goto(`http://${name === 'another site' ? 'evil.test' : '127.0.0.1'}:${otherPort}/`);
    const { blind, beacon, ...others } = await attack(page, `http://127.0.0.1:${port}`);
    for (const [way, got] of Object.entries(others)) assert.equal(got, 'refused', way);
    assert.ok(blind === 'opaque' || blind === 'refused', blind);
    assert.ok(beacon === 'true' || beacon === 'false');
    const framed = await page.evaluateHandle((url) => {
      const frame = Object.assign(document.createElement('iframe'), { src: url });
      const loaded = new Promise<HTMLIFrameElement>((resolve) => (frame.onload = () => resolve(frame)));
      document.body.append(frame);
      return loaded;
    }, `http://127.0.0.1:${port}/`);
    const frame = await framed.asElement()?.contentFrame();
    assert.match(frame?.url() ?? '', /^chrome-error:/, 'no page of ours stands inside another');
    await page.evaluate((origin) => {
      const form = Object.assign(document.createElement('form'), {
        action: `${origin}/api/run`,
        method: 'post',
        enctype: 'text/plain',
      });
      form.innerHTML = `<input name='{"guide":"a","block":"stolen","code":"' value='"}'>`;
      document.body.append(form);
      form.submit();
    }, `http://127.0.0.1:${port}`);
    await page.getByText('refused').waitFor();
    assert.deepEqual(runs, [], 'nothing ran');
  });
}

test('a name that points to this machine (DNS rebinding) gets nothing, not even with our address as its own origin', async (t) => {
  const { context, port, runs } = await scene(t);
  const page = await context.newPage();
  const answer = await page.goto(`http://evil.test:${port}/`);
  assert.equal(answer?.status(), 403);
  assert.equal((await page.goto(`http://evil.test:${port}/?code=x`))?.status(), 403);
  const inside = await page.evaluate(async () => {
    const post = { method: 'POST', headers: { 'content-type': 'application/json', 'x-dej': '1' }, body: '{}' };
    const answers = await Promise.all([fetch('/api/engines'), fetch('/api/run', post), fetch('/')]);
    return answers.map(({ status }) => status);
  });
  assert.deepEqual(inside, [403, 403, 403]);
  assert.deepEqual(runs, []);
});

test('a link on another site leads in when the browser was let in, and tells how to get in when not', async (t) => {
  const { context, served, otherPort, port } = await scene(t);
  const follow = async (within: BrowserContext, path: string): Promise<Page> => {
    const page = await within.newPage();
    await page.goto(`http://evil.test:${otherPort}/`);
    await page.evaluate((url) => {
      const link = Object.assign(document.createElement('a'), { href: url, textContent: 'there' });
      document.body.append(link);
    }, `http://127.0.0.1:${port}${path}`);
    await page.getByRole('link', { name: 'there' }).click();
    return page;
  };
  const page = await follow(context, '/page/?a=1&b=2');
  await page.getByRole('heading', { name: /A page/ }).waitFor();
  assert.equal(page.url(), `${served.address}page/?a=1&b=2`);
  const stranger = await browser.newContext();
  t.after(() => stranger.close());
  const outside = await follow(stranger, '//evil.test/"><script>document.title="x"</script>');
  await outside.getByRole('heading', { name: 'This browser is not let in yet' }).waitFor();
  assert.equal(new URL(outside.url()).host, `127.0.0.1:${port}`, 'never to another host');
  // A page of our own that moves on is not from elsewhere, so it stays with the second answer.
  await outside.waitForLoadState('networkidle');
  assert.equal(await outside.locator('meta[http-equiv=refresh]').count(), 0);
  const opened = await follow(stranger, `/${new URL(served.openAddress()).search}`);
  await opened.getByRole('heading', { name: 'Home' }).waitFor();
});
