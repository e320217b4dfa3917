import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import test, { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';

import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';

import { fillHole } from '#src/content/hole.ts';
import { openJournal } from '#src/journal/journal.ts';
import { ownRoot, pathsOf } from '#src/paths.ts';
import { launchBrowser } from '#test/browser.ts';
import { startApp, type StartedApp } from '#test/e2e/app.ts';

/**
 * The first weeks of a learner, with the clock passed in: first start, placement, primer, plan, a missed question, review
 * on the next day and a week later, log, exercise, a lab failed and passed, portfolio. What is done here is done by keyboard alone.
 */
const root = ownRoot(import.meta.dirname);
const PATIENCE_MS = 60_000;
const GUIDE = '/concepts/03-idempotency/';
const LAB_PATH = 'challenges/01-batch-error-handling';

let state: string;
let app: StartedApp;
let browser: Browser;
let context: BrowserContext;

/** The app on a day, with the same folder as on the days before. */
async function on(day: string): Promise<void> {
  const port = app === undefined ? undefined : Number(new URL(app.origin).port);
  await app?.stop();
  const env = { DEJ_CLOCK: `${day}T08:00:00Z`, TZ: 'UTC' };
  app = await startApp(root, state, port === undefined ? { env } : { env, port });
}

before(async () => {
  state = await mkdtemp(join(tmpdir(), 'dej-weeks-'));
  await on('2026-01-05');
  browser = await launchBrowser();
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(PATIENCE_MS);
});

after(async () => {
  await browser?.close();
  await app?.stop();
  await rm(state, { recursive: true, force: true });
});

async function open(path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${app.origin}${path}`);
  return page;
}

/** Goes on with Tab until the focus is on what is looked for. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never came to ${selector}`);
}

async function assertAxe(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).include('main').analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    assert.deepEqual(found, [], `${page.url()} ${colorScheme}`);
  }
}

async function kinds(): Promise<string[]> {
  const text = await readFile(join(state, 'journal', 'events.jsonl'), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => (line === '' ? [] : ((JSON.parse(line) as { kind?: string }).kind ?? [])));
}

test('first start: the day, one button, and an offer for who is not sure; nothing is asked and nothing written', async () => {
  const page = await context.newPage();
  await page.goto(app.address);
  await page.waitForURL(`${app.origin}/`);
  await page.getByText(/^Monday, 5 January · week 1 of 4: Fundamentals · about 7 hours$/).waitFor();
  assert.equal(await page.getByRole('link', { name: /^Start with/ }).count(), 1);
  assert.equal(await page.locator('.glance').isHidden(), true);
  await assertAxe(page);
  await tabTo(page, 'a.not-sure');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${app.origin}/placement/`);
  assert.deepEqual(await kinds(), []);
  await page.close();
});

test('placement: ten answers by keyboard; a miss leads to its primer, whose block runs; a pass marks a part', async () => {
  const page = await open('/placement/');
  await page.locator('placement-quiz[data-alive]').waitFor();
  await assertAxe(page);
  const right = { 'killed-before-commit': 0, 'read-while-written': 1 } as const;
  for (const [id, place] of Object.entries(right)) {
    await page.locator(`fieldset[data-question="${id}"] input`).first().focus();
    await page.keyboard.press('Space');
    for (let i = 0; i < place; i++) await page.keyboard.press('ArrowDown');
  }
  await page.getByText('2 of 10 answered').waitFor();
  await tabTo(page, 'placement-quiz button[type="submit"]');
  await page.keyboard.press('Enter');
  await page.getByText('2 of 10 right.').waitFor();
  await page.locator('.primers [data-topic="transactions"].is-done').waitFor();
  await assertAxe(page);
  await page.getByRole('link', { name: 'keys', exact: true }).press('Enter');
  await page.waitForURL(`${app.origin}/primers/keys/`);
  await page.getByRole('button', { name: 'Run block the-same-order-twice' }).press('Enter');
  await page.locator('.cell-words').filter({ hasText: 'Same as recorded' }).waitFor();
  await assertAxe(page);
  await page.goto(`${app.origin}${GUIDE}`);
  await page.getByText('You know this (transactions)').waitFor();
  await page.close();
});

test('plan: the weeks from the first day, another pace, a wish; all of it in the learner’s own page too', async () => {
  const page = await open('/plan/');
  await page.getByText('About 28 hours from Monday, 5 January to Friday, 30 January').waitFor();
  await assertAxe(page);
  await tabTo(page, 'plan-board summary');
  await page.keyboard.press('Enter');
  const field = page.getByLabel('Hours a week');
  await field.fill('4');
  await field.press('Enter');
  await page.getByText('at your pace: 4 h a week, Monday to Friday').waitFor();
  await page.getByRole('button', { name: 'Do this next: 04 · OLTP vs OLAP', exact: true }).press('Enter');
  await page
    .locator('.steps li', { hasText: '04 · OLTP vs OLAP' })
    .getByText('next', { exact: true })
    .first()
    .waitFor();
  await assertAxe(page);
  const own = await readFile(join(state, 'journal', 'README.md'), 'utf8');
  assert.match(own, /\| 1 \| Fundamentals \| \d/);
  assert.match(own, /- Week 1: The fundamentals are completed · not yet/);
  await page.close();
});

test('a question is missed; on the next day it is there, said first, then chosen, graded and taken back', async () => {
  const guide = await open(`${GUIDE}?seed=3`);
  const found = guide.locator('quiz-question[data-question="which-is-idempotent"]');
  await found.scrollIntoViewIfNeeded();
  await guide.locator('quiz-question[data-question="which-is-idempotent"][data-alive]').waitFor();
  await found.locator('[data-letter="A"] input').press('Space');
  await guide.keyboard.press('Enter');
  await found.getByText('saved', { exact: true }).waitFor();
  await guide.close();
  await on('2026-01-06');
  const page = await open('/');
  await page.getByText(/^Tuesday, 6 January/).waitFor();
  await page.getByRole('heading', { name: 'In the calendar this week' }).waitFor();
  await assertAxe(page);
  await page.getByRole('link', { name: 'one card to meet again, about a minute' }).press('Enter');
  await page.waitForURL(`${app.origin}/review/`);
  await page.getByRole('button', { name: 'Show the options' }).press('Enter');
  await assertAxe(page);
  await chooseWith(page, 'B');
  await page.getByText('Right. How well did you know it?').waitFor();
  await assertAxe(page);
  await page.keyboard.press('4');
  await page.getByText('Enough for today: 1 reviewed.').waitFor();
  await assertAxe(page);
  await page.keyboard.press('Tab');
  await page.getByRole('button', { name: 'Take back the last one' }).press('Enter');
  await page.getByRole('button', { name: 'Show the options' }).press('Enter');
  await chooseWith(page, 'A');
  await page.getByText('Not this.').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('One that you missed comes back within minutes.').waitFor();
  assert.deepEqual((await kinds()).slice(-3), ['reviewed', 'undone', 'reviewed']);
  await page.close();
});

test('a week later it is still due, and is recalled; the plan says what stood on earlier days, without a word of blame', async () => {
  await on('2026-01-14');
  const page = await open('/review/');
  await page.getByRole('button', { name: 'Show the options' }).press('Enter');
  await chooseWith(page, 'B');
  await page.keyboard.press('3');
  await page.getByText('Enough for today: 1 reviewed.').waitFor();
  await page.goto(`${app.origin}/plan/`);
  await page.getByText(/steps? from earlier days (is|are) open.*Nothing is lost by it\./).waitFor();
  await assertAxe(page);
  await page.getByRole('button', { name: 'Lay what is left anew from today' }).first().press('Enter');
  await page.getByText('What is left begins today.').waitFor();
  assert.equal(await page.getByText('from earlier days').count(), 0);
  await page.close();
});

test('a question is written down, answered and found again, and the figures show what was reviewed', async () => {
  const page = await open('/log/');
  const words = page.getByLabel('Your words');
  await words.waitFor();
  await page.getByLabel('Question').press('Space');
  await words.fill('Is <b>exactly once</b> a contract?');
  await page.getByRole('button', { name: 'Keep it' }).press('Enter');
  await page.getByRole('heading', { name: 'Open questions' }).waitFor();
  await page.getByRole('button', { name: 'Answer', exact: true }).press('Enter');
  await page.getByLabel('Your answer').fill('Of both sides.');
  await page.getByRole('button', { name: 'Save', exact: true }).press('Enter');
  await page.getByRole('heading', { name: 'Answered questions' }).waitFor();
  const log = await readFile(join(state, 'journal', 'log.md'), 'utf8');
  assert.match(
    log,
    /^- \[x\] 2026-01-14 · Is <b>exactly once<\/b> a contract\? <!-- question .*\n {2}- Answer: Of both/m,
  );
  await page.getByLabel('Words to find').fill('contract exactly');
  await page.getByLabel('Words to find').press('Enter');
  await page.getByText('Places found: 1').waitFor();
  await assertAxe(page);
  await page.goto(`${app.origin}/figures/`);
  await page.getByRole('button', { name: 'How much did I recall in review, week by week?' }).press('Enter');
  await page.getByRole('cell', { name: '2026-01-12' }).waitFor();
  await assertAxe(page);
  await page.close();
});

test('the exercise is rejected, then passed; the challenge fails, is mended and survives; both by keyboard', async () => {
  const exercises = join(state, 'journal', 'exercises', '03-idempotency');
  const page = await open(GUIDE);
  const cell = page.locator('exercise-cell');
  await cell.scrollIntoViewIfNeeded();
  await page.locator('exercise-cell[data-alive]').waitFor();
  await cell.getByRole('button', { name: 'Check' }).press('Enter');
  await cell
    .locator('.exercise-verdict')
    .getByText('a balance of 220')
    .waitFor({ timeout: 3 * PATIENCE_MS });
  const starter = (await cell.locator('.cell-code code').textContent()) ?? '';
  const solution = await readFile(join(root, 'concepts', 'exercises', 'payment-handler', 'solution.py'), 'utf8');
  await mkdir(exercises, { recursive: true });
  await writeFile(join(exercises, 'payment-handler.py'), `${fillHole(starter, solution)}\n`);
  await page.reload();
  await cell.scrollIntoViewIfNeeded();
  await page.locator('exercise-cell[data-alive]').waitFor();
  await cell.getByRole('button', { name: 'Check' }).press('Enter');
  await cell.getByText('Passed: right in all 6 cases.').waitFor({ timeout: 3 * PATIENCE_MS });
  await page.goto(`${app.origin}/${LAB_PATH}/`);
  const bench = page.locator('lab-bench');
  await bench.scrollIntoViewIfNeeded();
  await bench.getByRole('button', { name: /^Start:/ }).press('Enter');
  await bench.getByRole('button', { name: 'Check stage 1' }).press('Enter');
  await page.locator('.verdict[data-state="failed"]').waitFor({ timeout: 3 * PATIENCE_MS });
  const own = join(state, 'journal', 'labs', 'batch-error-handling');
  await cp(join(root, LAB_PATH, 'solution', 'python'), own, { recursive: true });
  await bench.getByRole('button', { name: 'Check stage 1' }).press('Enter');
  await page.locator('.verdict[data-state="passed"]').waitFor({ timeout: 3 * PATIENCE_MS });
  const written = await kinds();
  for (const kind of ['tried', 'graded', 'mended']) assert.ok(written.includes(kind), kind);
  await page.close();
});

test('what turned green is offered as a win, and what was built becomes a portfolio that opens without the app', async () => {
  const page = await open('/log/');
  await page.getByRole('button', { name: 'Keep as a win' }).first().press('Enter');
  await page.getByRole('heading', { name: /^Wins/ }).waitFor();
  await page.goto(`${app.origin}/export/`);
  await page.getByRole('button', { name: 'Make the portfolio' }).press('Enter');
  await page.getByText('Made: one claim').waitFor();
  await assertAxe(page);
  const folder = (await page.locator('[role="status"] code').first().innerText()).replace(/\/index\.html$/, '');
  const index = isAbsolute(folder) ? join(folder, 'index.html') : join(root, folder, 'index.html');
  await page.goto(pathToFileURL(index).href);
  await page.getByText('Batch Pipeline with Error Handling').first().waitFor();
  await page.close();
});

test('known mistakes of stages that were passed come as two programs and as a picture, each by keyboard', async () => {
  // The first stage with pictures is the second, which takes longer than this test may.
  const env = { DEJ_STATE: state, DEJ_JOURNAL: join(state, 'journal') };
  const points = { survived: 1, tried: 1, possible: 1 };
  const passed = {
    kind: 'graded',
    lab: 'batch-error-handling',
    stage: 2,
    level: 'quick',
    state: 'passed',
    ...points,
  } as const;
  await openJournal(pathsOf(root, env), () => Date.parse('2026-01-14T09:00:00Z')).append([passed]);
  const page = await open('/review/');
  await page.getByText('Put in known mistakes of the stages you passed').press('Enter');
  await page.getByRole('button', { name: /^Put in all known mistakes of A Batch/ }).press('Enter');
  await page.getByText(/^In review: all known mistakes of A Batch/).waitFor();
  const left = new Set(['survives', 'picture']);
  while (left.size > 0) {
    const id = (await page.locator('.review-card').getAttribute('data-card')) ?? '';
    const kind = [...left].find((one) => id.startsWith(`${one}:`));
    if (kind === undefined) await page.keyboard.press('s');
    else {
      if (kind === 'picture') await page.locator('.run-drawing').waitFor();
      await page.getByRole('button', { name: 'Show the options' }).press('Enter');
      await page.locator('.review-card .option').first().waitFor();
      await assertAxe(page);
      await page.keyboard.press('a');
      await page.keyboard.press('Enter');
      await page.locator('.quiz-verdict').waitFor();
      await assertAxe(page);
      left.delete(kind);
      // The focus is on the grade, or on the way on from what was wrong.
      await page.keyboard.press('Enter');
    }
    await page.locator(`.review-card:not([data-card="${id}"])`).waitFor();
  }
  await page.close();
});

/** Chooses the option that has this letter in the guide, by the key of the letter that is shown. */
async function chooseWith(page: Page, own: string): Promise<void> {
  const row = page.locator('.review-card .option', { has: page.locator(`input[value="${own}"]`) });
  await page.keyboard.press((await row.locator('.letter').innerText()).toLowerCase());
  await page.keyboard.press('Enter');
}
