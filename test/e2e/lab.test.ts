import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';

import { ownRoot } from '#src/paths.ts';
import { start } from '#src/process.ts';
import { launchBrowser } from '#test/browser.ts';
import { startApp, type StartedApp } from '#test/e2e/app.ts';

/** A challenge from the first click to the solution, in a real browser, beside a terminal. */
const root = ownRoot(import.meta.dirname);
const LAB = 'batch-error-handling';
const PATH = `challenges/01-${LAB}`;
const PATIENCE_MS = 120_000;

let state: string;
let app: StartedApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const requests: string[] = [];
const complaints: string[] = [];

before(async () => {
  state = await mkdtemp(join(tmpdir(), 'dej-lab-'));
  app = await startApp(root, state);
  browser = await launchBrowser();
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(PATIENCE_MS);
  context.on('request', (request) => requests.push(request.url()));
  context.on('weberror', (trouble) => complaints.push(trouble.error().message));
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`);
  });
  page = await context.newPage();
  await page.goto(app.address);
  await page.waitForURL(`${app.origin}/`);
});

after(async () => {
  await browser?.close();
  await app?.stop();
  await rm(state, { recursive: true, force: true });
});

const bench = () => page.locator('lab-bench');
const verdict = (state: string) => page.locator(`.verdict[data-state="${state}"]`);
const button = (name: string | RegExp) => bench().getByRole('button', { name });

async function axe(): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200) ?? ''}`),
      [],
      colorScheme,
    );
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

test('home leads to the challenge; its starter fails the first stage by name, with its last words', async () => {
  await page.locator(`[data-lab="${LAB}"]`).getByRole('link').click();
  await page.waitForURL(`${app.origin}/${PATH}/`);
  await page.getByRole('link', { name: 'to the stages' }).click();
  await axe();
  await button(/^Start:/).click();
  await button('Check stage 1').click();
  await verdict('failed').waitFor();
  assert.equal(await page.locator('.anomaly').first().innerText(), 'crashed');
  assert.match(await page.getByRole('region', { name: 'The last lines of your program' }).innerText(), /Error/);
  assert.match(await page.locator('details[data-stage="1"] .stage-state').innerText(), /failed/);
});

test('the picture can be walked by keyboard and stands there as a list, too', async () => {
  const list = page.getByRole('list', { name: 'The run in the order of time' });
  await list.waitFor();
  assert.match(await list.innerText(), /oracle: crashed/);
  const mark = page.locator('.run-drawing g[tabindex="0"]');
  await mark.focus();
  const first = await page.locator('.run-detail').innerText();
  await page.keyboard.press('ArrowRight');
  assert.notEqual(await page.locator('.run-detail').innerText(), first);
  await axe();
});

test('a starter that is newer than the copy is told, and changes nothing by itself', async () => {
  const base = join(state, 'journal', 'labs', '.base', LAB, 'main.py');
  const begun = await readFile(base, 'utf8');
  await writeFile(base, `# as it was\n${begun}`);
  await page.reload();
  await page.getByRole('link', { name: 'to the stages' }).click();
  await page.getByText('The starter has changed since you began (main.py)').waitFor();
  await writeFile(base, begun);
});

test('hints come one at a time', async () => {
  await button('A hint').click();
  await page.getByText('Hint 1 of 3').waitFor();
  await button('The next hint').click();
  await page.getByText('Hint 2 of 3').waitFor();
  assert.equal(await page.locator('.solution').count(), 0, 'no solution before a pass');
  const refused = await page.evaluate(
    (lab) => fetch(`/api/labs/${lab}/solution?stage=1`).then((response) => response.status),
    LAB,
  );
  assert.equal(refused, 400);
});

test('a run that is stopped in its middle says what it is worth: nothing', async () => {
  await cp(join(root, PATH, 'solution', 'python'), join(state, 'journal', 'labs', LAB), { recursive: true });
  await bench().getByLabel('at every crash point').check();
  await button('Check from stage 1').click();
  await page.locator('.bench-now').getByText('Stage 2').waitFor();
  // Opened in its middle, the page finds the run that goes on.
  await page.reload();
  await page.getByRole('link', { name: 'to the stages' }).click();
  await page.locator('.bench-now').getByText('Stage 2').waitFor();
  await button('Stop').click();
  await verdict('unknown').waitFor();
  await page
    .getByText(/you stopped it/)
    .first()
    .waitFor();
  assert.match(await page.locator('details[data-stage="1"] .stage-state').innerText(), /passed/);
});

test('what a terminal grades is live in the page; after a pass the solution appears', async () => {
  const env = { ...process.env, DEJ_STATE: state, DEJ_JOURNAL: join(state, 'journal') };
  const child = await start(['sh', join(root, 'dej'), 'check', LAB, '--stage', '2'], { cwd: root, env, group: true });
  child.stdout.resume();
  child.stderr.resume();
  await page.getByText('Begun in a terminal').waitFor();
  await verdict('passed').waitFor();
  assert.equal((await child.exited).code, 0);
  assert.match(await page.locator('.verdict-beside').innerText(), /^survived (\d+) of \1 crash points$/);
  await page.getByText('You passed').click();
  await page.locator('.solution pre').first().waitFor();
  await axe();
  const events = await readFile(join(state, 'journal', 'events.jsonl'), 'utf8');
  assert.match(events, /"kind":"mended","lab":"batch-error-handling","stage":1,"anomaly":"crashed"/);
  assert.match(await readFile(join(state, 'journal', 'README.md'), 'utf8'), /Error Handling.* · 2 of \d stages/);
});

test('a red comes back by its line, and a program begun anew is kept', async () => {
  await page.setViewportSize({ width: 390, height: 800 });
  assert.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
    'nothing is wider than a phone',
  );
  await page.getByText('Begin this lab anew').click();
  await button('Begin anew').click();
  await page.locator('details[data-stage="1"] summary').click();
  await verdict('passed').waitFor();
  await button('Check stage 1').click();
  await verdict('failed').waitFor();
  await button('Do it again').click();
  await page.getByText('One line was done again').waitFor();
  await verdict('failed').waitFor();
  await axe();
});

test('no request left the machine, and the browser complained of nothing', () => {
  assert.deepEqual(
    requests.filter((url) => !url.startsWith(app.origin) && !url.startsWith('data:')),
    [],
  );
  // Asking for a solution too early is refused, which a browser writes down.
  assert.deepEqual(
    complaints.filter((text) => !text.includes('/solution?stage=1')),
    [],
  );
});
