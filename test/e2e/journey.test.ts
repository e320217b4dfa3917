import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import test, { after, before } from 'node:test';
import { gzipSync } from 'node:zlib';

import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

import { readSupervisorFile } from '#src/engines/connect.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { marked, startedAt } from '#src/process.ts';
import { launchBrowser } from '#test/browser.ts';
import { startApp, type StartedApp } from '#test/e2e/app.ts';

/** The app as built, real engines, a real browser: what a newcomer does in the first ten minutes. */
const root = ownRoot(import.meta.dirname);
const GUIDE = '/concepts/03-idempotency/';
/** What a guide page may weigh before an island is used: Starlight's own documentation pages, zipped. */
const PAGE_BUDGET_BYTES = 58_600;
const PATIENCE_MS = 120_000;

let state: string;
let app: StartedApp;
let browser: Browser;
let context: BrowserContext;
const requests: string[] = [];
/** What browsers complain of in their console, such as a script that the page's policy forbids. */
const complaints: string[] = [];

before(async () => {
  state = await mkdtemp(join(tmpdir(), 'dej-e2e-'));
  app = await startApp(root, state);
  browser = await launchBrowser([`--host-resolver-rules=MAP evil.test 127.0.0.1`]);
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(PATIENCE_MS);
  context.on('request', (request) => requests.push(request.url()));
  context.on('weberror', (trouble) => complaints.push(trouble.error().message));
  context.on('console', (message) => {
    const isMissingPage = message.location().url.endsWith('/no-such-page/');
    if (message.type() === 'error' && !isMissingPage) complaints.push(`${message.text()} (${message.location().url})`);
  });
  const page = await context.newPage();
  await page.goto(app.address);
  await page.waitForURL(`${app.origin}/`);
  await page.close();
});

after(async () => {
  await browser?.close();
  await app?.stop();
  await rm(state, { recursive: true, force: true });
});

async function open(path: string, more: { scheme?: 'light' | 'dark'; width?: number } = {}): Promise<Page> {
  const page = await context.newPage();
  if (more.width !== undefined) await page.setViewportSize({ width: more.width, height: 800 });
  await page.emulateMedia({ colorScheme: more.scheme ?? 'light' });
  await page.goto(`${app.origin}${path}`);
  return page;
}

/** A block's cell, once its island is alive; parts for the second lap are folded, so what it stands in is opened. */
async function cell(page: Page, block: string): Promise<Locator> {
  const found = page.locator(`run-cell[data-block="${block}"]`);
  await found.evaluate((element) => {
    for (let at = element.closest('details'); at !== null; at = at.parentElement?.closest('details') ?? null)
      at.open = true;
  });
  await found.scrollIntoViewIfNeeded();
  await found.getByRole('button', { name: `Run block ${block}` }).waitFor();
  return found;
}

const status = (found: Locator): Locator => found.locator('.cell-words');

test('a newcomer starts at home, opens the guide, predicts, runs, and sees the revenue doubled', async () => {
  const page = await open('/');
  await page.getByRole('link', { name: /^Start with/ }).click();
  await page.waitForURL(`${app.origin}/concepts/01-batch-vs-streaming/`);
  await page.goto(`${app.origin}${GUIDE}`);
  const first = await cell(page, 'double-load');
  assert.equal(await first.locator('.cell-recording').getAttribute('open'), null, 'the recording is folded');
  await first.getByRole('button', { name: 'Run block double-load' }).click();
  await status(first).filter({ hasText: 'Choose what you expect' }).waitFor();
  await first.getByRole('radio').first().check();
  await status(first)
    .filter({ hasText: /Done in .* Same as recorded\./ })
    .waitFor();
  assert.deepEqual(await first.getByRole('cell').allTextContents(), ['2000', '224385.94']);
  await page.close();
});

test('PostgreSQL and Python answer, errors name their line, edited code is never compared', async () => {
  const page = await open(GUIDE);
  const refused = await cell(page, 'key-refuses');
  await refused.getByRole('button', { name: 'Run block' }).click();
  await refused.getByText('Error in line 4').waitFor();
  assert.match((await refused.locator('.cell-error pre').textContent()) ?? '', /duplicate key value violates/);
  const python = await cell(page, 'together');
  await python.getByRole('button', { name: 'Run block' }).click();
  await python.getByText('balance 50').first().waitFor();
  await status(python).filter({ hasText: 'Same as recorded' }).waitFor();
  const upsert = await cell(page, 'upsert');
  await upsert.getByRole('button', { name: 'Edit block upsert' }).click();
  const editor = upsert.getByRole('textbox', { name: /Code of block upsert/ });
  await editor.fill("SELECT NULL AS nothing, 'NULL' AS text, '<img src=x onerror=document.title=1>' AS markup;");
  await editor.press('Control+Enter');
  await upsert.getByRole('table').waitFor();
  assert.deepEqual(await upsert.getByRole('cell').allTextContents(), [
    'NULL',
    'NULL',
    '<img src=x onerror=document.title=1>',
  ]);
  assert.equal(await upsert.locator('.null').count(), 1, 'NULL is told from the text NULL');
  assert.equal(await upsert.locator('.result img').count(), 0, 'output is text');
  assert.doesNotMatch((await status(upsert).textContent()) ?? '', /recorded/);
  await editor.fill('SELECT 1;\nSELEC 2;');
  await editor.press('Control+Enter');
  await upsert.getByText('Error in line 2').waitFor();
  await upsert.locator('.cm-line.marked').waitFor();
  await upsert.getByRole('button', { name: 'Reset block upsert' }).click();
  assert.match((await editor.textContent()) ?? '', /CREATE TABLE revenue/);
  await page.close();
});

test('whatever a block prints is text: columns, rows, notices, errors, lines', async () => {
  const page = await open(GUIDE);
  const title = await page.title();
  const markup = '<img src=x onerror=document.title=1>';
  const upsert = await cell(page, 'upsert');
  await upsert.getByRole('button', { name: 'Edit block upsert' }).click();
  const editor = upsert.getByRole('textbox', { name: /Code of block upsert/ });
  await editor.fill(`SELECT '${markup}' AS "${markup}";\nDO $$ BEGIN RAISE EXCEPTION '${markup}'; END $$;`);
  await editor.press('Control+Enter');
  await upsert.locator('.cell-error').getByText(markup).first().waitFor();
  assert.equal(await upsert.getByRole('columnheader').first().textContent(), markup);
  assert.equal(await upsert.getByRole('cell').first().textContent(), markup);
  const python = await cell(page, 'together');
  await python.getByRole('button', { name: 'Edit block together' }).click();
  const pythonEditor = python.getByRole('textbox', { name: /Code of block together/ });
  await pythonEditor.fill(`print('${markup}')\nraise ValueError('${markup}')`);
  await pythonEditor.press('Control+Enter');
  await python.locator('.cell-error').getByText(markup).first().waitFor();
  assert.equal(await page.locator('run-cell img').count(), 0);
  assert.equal(await page.title(), title);
  await page.close();
});

test('an endless block is stopped by its button', async () => {
  const page = await open(GUIDE);
  const python = await cell(page, 'together');
  await python.getByRole('button', { name: 'Edit block together' }).click();
  const editor = python.getByRole('textbox', { name: /Code of block together/ });
  await editor.fill("print('going')\nwhile True: pass");
  await python.getByRole('button', { name: 'Run block together' }).click();
  await python.getByText('going').first().waitFor();
  await python.getByRole('button', { name: 'Stop block together' }).click();
  await status(python).filter({ hasText: 'Stopped.' }).waitFor();
  await python.getByRole('button', { name: 'Run block together' }).waitFor();
  await page.close();
});

test('questions explain the option that was chosen', async () => {
  const page = await open(GUIDE);
  const question = page.locator('quiz-question[data-question="crash-after-commit"]');
  await question.scrollIntoViewIfNeeded();
  await question.getByRole('button', { name: 'Check' }).waitFor();
  await question.locator('[data-letter="A"] input').check();
  await question.getByRole('button', { name: 'Check' }).click();
  await question.getByText('only if the load were idempotent').first().waitFor();
  await question.locator('[data-letter="B"] input').check();
  await question.getByRole('button', { name: 'Check' }).click();
  await question.getByText('Right.').waitFor();
  await page.close();
});

test('the engines page shows them and stops one', async () => {
  const page = await open('/engines/');
  await page.getByRole('heading', { name: /DuckDB/ }).waitFor();
  const stop = page.getByRole('button', { name: 'Stop DuckDB' });
  if ((await stop.count()) === 0) await page.getByRole('button', { name: 'Start DuckDB' }).click();
  await stop.click();
  await page.getByRole('button', { name: 'Start DuckDB' }).waitFor();
  // Another page follows by itself, and the focus stays on the button though its words change.
  const other = await open('/engines/');
  await other.getByRole('button', { name: 'Start DuckDB' }).focus();
  await page.getByRole('button', { name: 'Start DuckDB' }).click();
  await other.getByRole('button', { name: 'Stop DuckDB' }).waitFor();
  assert.equal(await other.evaluate(() => document.activeElement?.textContent), 'Stop DuckDB');
  await page.getByText('Started.').waitFor();
  const colourOf = (state: string) =>
    page
      .locator(state)
      .first()
      .evaluate((it) => getComputedStyle(it).color);
  assert.notEqual(await colourOf('.state-running'), await colourOf('.state-installed'));
  await page.getByRole('button', { name: 'Show the log of DuckDB' }).click();
  await page.getByRole('region', { name: 'Log of DuckDB' }).waitFor();
  await page.getByRole('button', { name: 'Hide the log of DuckDB' }).click();
  assert.equal(await page.getByRole('region', { name: 'Log of DuckDB' }).count(), 0);
  await other.close();
  await page.close();
});

test('search finds a section, without the network', async () => {
  const page = await open('/');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('searchbox', { name: 'Search' }).fill('deduplication table');
  await page
    .getByRole('dialog')
    .getByRole('link', { name: /Idempotency/ })
    .first()
    .waitFor();
  await page.close();
});

async function assertReadable(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(found, [], what);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${what} is ${overflow} px too wide`);
}

/** Nothing is on its way any more; the page of the engines goes on listening for as long as it is open. */
async function settled(page: Page): Promise<void> {
  if (page.url().endsWith('/engines/')) await page.getByRole('heading', { name: /DuckDB/ }).waitFor();
  else await page.waitForLoadState('networkidle');
}

const PAGES = ['/', GUIDE, '/engines/', '/glossary/', '/resources/', '/no-such-page/'];

test('axe finds nothing on any page, light and dark, wide and narrow; no page scrolls sideways', async () => {
  for (const path of PAGES) {
    for (const scheme of ['light', 'dark'] as const) {
      for (const width of [1280, 360]) {
        const page = await open(path, { scheme, width });
        await settled(page);
        await assertReadable(page, `${path} ${scheme} ${width}`);
        await page.close();
      }
    }
  }
});

test('axe finds nothing on the other pages either, with all folds open', async () => {
  const built = join(root, 'site', 'dist');
  const files = await readdir(built, { recursive: true });
  const paths = files.filter((file) => basename(file) === 'index.html').map((file) => `/${dirname(file)}/`);
  const others = paths.filter((path) => path !== '/./' && (path === GUIDE || !PAGES.includes(path))).toSorted();
  assert.ok(others.length >= 15, others.join(' '));
  for (const [at, path] of others.entries()) {
    // Neighbours take turns in what they are looked at by.
    const scheme = at % 2 === 0 ? 'dark' : 'light';
    const width = path.startsWith('/concepts/') || at % 4 < 2 ? 360 : 1280;
    const page = await open(path, { scheme, width });
    await settled(page);
    for (const fold of await page.locator('main details').all())
      await fold.evaluate((it) => it.setAttribute('open', ''));
    await assertReadable(page, `${path} ${scheme} ${width}`);
    await page.close();
  }
});

test('a guide page is light', async () => {
  const page = await context.newPage();
  const sizes = new Map<string, Promise<number>>();
  page.on('response', (response) => {
    if (response.ok())
      sizes.set(
        response.url(),
        response.body().then(
          (body) => gzipSync(body, { level: 9 }).length,
          () => 0,
        ),
      );
  });
  await page.goto(`${app.origin}${GUIDE}`);
  await settled(page);
  const total = (await Promise.all(sizes.values())).reduce((sum, size) => sum + size, 0);
  assert.ok(
    total <= PAGE_BUDGET_BYTES,
    `${total} bytes zipped in ${sizes.size} requests, at most ${PAGE_BUDGET_BYTES}`,
  );
  await page.close();
});

test('no request left the machine', () => {
  assert.ok(requests.length > 50);
  assert.deepEqual(
    requests.filter((url) => !url.startsWith(`${app.origin}/`) && !url.startsWith('data:') && !url.startsWith('blob:')),
    [],
  );
});

test('no page made the browser complain', () => {
  assert.deepEqual(complaints, []);
});

test('a page of another name that points here gets nothing (DNS rebinding), nor does one of another port', async () => {
  const port = new URL(app.origin).port;
  const stranger = await browser.newContext();
  const page = await stranger.newPage();
  const answer = await page.goto(`http://evil.test:${port}/`);
  assert.equal(answer?.status(), 403);
  const stolen = await page.evaluate(async () => {
    const headers = { 'content-type': 'application/json', 'x-dej': '1' };
    const body = JSON.stringify({ guide: '03-idempotency', block: 'double-load' });
    return (await fetch('/api/run', { method: 'POST', headers, body })).status;
  });
  assert.equal(stolen, 403);
  const across = await page.evaluate(async (origin) => {
    try {
      return (await fetch(`${origin}/api/engines`, { credentials: 'include' })).status;
    } catch {
      return 'refused by the browser';
    }
  }, app.origin);
  assert.equal(across, 'refused by the browser');
  await stranger.close();
});

test('Ctrl-C ends the app, its engines and every process of theirs', async () => {
  const supervisor = await readSupervisorFile(pathsOf(root, { ...process.env, DEJ_STATE: state }));
  assert.ok(supervisor !== undefined, 'engines were running');
  assert.equal(await app.stop(), 0);
  assert.deepEqual(await marked(supervisor.marker), []);
  assert.notEqual(await startedAt(supervisor.pid), supervisor.startedAt);
  assert.equal(await startedAt(app.pid), undefined);
});
