import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

import { fillHole } from '#src/content/hole.ts';
import { ownRoot } from '#src/paths.ts';
import { launchBrowser } from '#test/browser.ts';
import { startApp, type StartedApp } from '#test/e2e/app.ts';

/** What the learner answers, predicts and writes: in the page, in their folder, and there again at the next visit. */
const root = ownRoot(import.meta.dirname);
const GUIDE = '/concepts/03-idempotency/';
const PATIENCE_MS = 60_000;

let state: string;
let journal: string;
let app: StartedApp;
let browser: Browser;
let context: BrowserContext;

before(async () => {
  state = await mkdtemp(join(tmpdir(), 'dej-learner-'));
  journal = join(state, 'journal');
  app = await startApp(root, state);
  browser = await launchBrowser();
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(PATIENCE_MS);
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

async function open(path = GUIDE): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${app.origin}${path}`);
  return page;
}

/** An island, once it is alive. */
async function alive(page: Page, selector: string): Promise<Locator> {
  const found = page.locator(selector);
  await found.scrollIntoViewIfNeeded();
  await page.locator(`${selector}[data-alive]`).waitFor();
  return found;
}

/** A journal prompt, once it knows what the folder holds. */
async function prompt(page: Page, id: string): Promise<Locator> {
  const found = await alive(page, `journal-prompt[data-prompt="${id}"]`);
  await found.locator('.prompt-state:not([data-state="loading"])').waitFor();
  return found;
}

const question = (page: Page, id: string): Promise<Locator> => alive(page, `quiz-question[data-question="${id}"]`);
const box = (found: Locator): Locator => found.getByRole('textbox');
const shown = (found: Locator): Locator => found.locator('.prompt-state');
const inState = (found: Locator, name: string): Promise<void> =>
  found.locator(`.prompt-state[data-state="${name}"]`).waitFor();
const notes = (): Promise<string> => readFile(join(journal, 'concepts', '03-idempotency.md'), 'utf8');
const lookedAtAgain = (page: Page): Promise<unknown> =>
  page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

test('what is typed in a prompt is saved while typing, and still there after a reload', async () => {
  const page = await open();
  const before = await prompt(page, 'before');
  await inState(before, 'empty');
  await box(before).pressSequentially('I expected 1,000 rows.');
  await inState(before, 'saved');
  assert.equal(await shown(before).innerText(), 'saved');
  assert.match(await notes(), /<!-- prompt:before -->\n> [^\n]+\n\nI expected 1,000 rows\.\n/);
  assert.deepEqual(await drafts(page), [], 'no draft is left behind');
  await page.reload();
  assert.equal(await box(await prompt(page, 'before')).inputValue(), 'I expected 1,000 rows.');
  await page.close();
});

test('a change made in an editor comes into the box, and one in other lines is merged with what is typed', async () => {
  const page = await open();
  const before = await prompt(page, 'before');
  await writeFile(
    join(journal, 'concepts', '03-idempotency.md'),
    (await notes()).replace('I expected 1,000 rows.', 'I expected 1,000 rows.\n\nWhy: the job had failed.'),
  );
  await lookedAtAgain(page);
  await shown(before).getByText('with a change that was made elsewhere').waitFor();
  assert.equal(await box(before).inputValue(), 'I expected 1,000 rows.\n\nWhy: the job had failed.');
  await writeFile(
    join(journal, 'concepts', '03-idempotency.md'),
    (await notes()).replace('the job had failed.', 'the job had failed, so I thought.'),
  );
  await box(before).fill('I expected 2,000 rows.\n\nWhy: the job had failed.');
  const merged = 'I expected 2,000 rows.\n\nWhy: the job had failed, so I thought.';
  await holds(page, 'before', merged);
  await inState(before, 'saved');
  assert.ok((await notes()).includes(merged));
  await page.close();
});

test('two tabs that write the same lines: both texts are shown, and the learner chooses', async () => {
  const [one, two] = [await open(), await open()];
  const [first, second] = [await prompt(one, 'own-work'), await prompt(two, 'own-work')];
  const choices = [
    { name: 'Keep both', kept: 'first tab 0\n\nsecond tab 0' },
    { name: 'Keep mine', kept: 'second tab 1' },
    { name: 'Keep theirs', kept: 'first tab 2' },
  ];
  for (const [i, { name, kept }] of choices.entries()) {
    await box(first).fill(`first tab ${i}`);
    await inState(first, 'saved');
    await box(second).fill(`second tab ${i}`);
    await inState(second, 'conflict');
    assert.match(await shown(second).innerText(), /^not saved: the same lines were changed/);
    assert.equal(await second.getByLabel('The text from elsewhere').innerText(), `first tab ${i}`);
    assert.equal(await box(second).inputValue(), `second tab ${i}`, 'what was typed stays in the box');
    if (i === 0) await assertAxe(two, 'journal-prompt[data-prompt="own-work"]');
    await second.getByRole('button', { name }).click();
    await inState(second, 'saved');
    assert.equal(await box(second).inputValue(), kept);
    assert.ok((await notes()).includes(`\n${kept}\n`));
    await lookedAtAgain(one);
    await holds(one, 'own-work', kept);
  }
  await one.close();
  await two.close();
});

test('what can’t be saved says so and why, and is saved when it is tried again', async () => {
  const page = await open();
  const own = await prompt(page, 'own-work');
  await page.route('**/api/note', (route) =>
    route.fulfill({ status: 500, json: { error: 'The disk is full.', remedy: 'Free some space.' } }),
  );
  await box(own).fill('a line for which there is no room');
  await inState(own, 'failed');
  const words = await shown(own).innerText();
  assert.match(words, /^not saved: The disk is full\. Free some space\. What you typed is kept in this browser\./);
  assert.deepEqual((await drafts(page)).length, 1);
  await page.unroute('**/api/note');
  await own.getByRole('button', { name: 'Try again' }).click();
  await inState(own, 'saved');
  assert.match(await notes(), /a line for which there is no room/);
  await page.close();
});

test('options are shuffled, chosen by keyboard, explained; takeaways are folded meanwhile; the answer is remembered', async () => {
  const page = await open(`${GUIDE}?seed=3`);
  const takeaways = page.locator('details.takeaways');
  await takeaways.locator('summary').click();
  const found = await question(page, 'which-is-idempotent');
  const order = await found.locator('.option-row').evaluateAll((rows) => rows.map((row) => row.dataset['letter']));
  assert.notDeepEqual(order, ['A', 'B', 'C', 'D'], 'in another order than in the file');
  assert.deepEqual(await found.locator('.option .letter').allTextContents(), ['A', 'B', 'C', 'D']);
  const key = (letter: string): string => 'abcd'[order.indexOf(letter)] ?? '';
  await found.getByRole('radio').first().focus();
  await page.keyboard.press(key('C'));
  await page.keyboard.press('Enter');
  await found.getByText('Not this.').waitFor();
  assert.deepEqual(await found.locator('.why:visible').allInnerTexts(), [
    'each run adds a row, and even its content differs.',
  ]);
  await found.getByText('saved', { exact: true }).waitFor();
  assert.equal(await takeaways.getAttribute('open'), null);
  await page.keyboard.press(key('B'));
  await page.keyboard.press('Enter');
  await found.getByText('Right.').waitFor();
  await page
    .locator('guide-progress [data-part="Quiz"]')
    .getByText(/^1 of \d+ right$/)
    .waitFor();
  await assertAxe(page, 'quiz-question[data-question="which-is-idempotent"]');
  await page.reload();
  await (await question(page, 'which-is-idempotent')).getByText(/^Your last answer, on .* was right\.$/).waitFor();
  await page.close();
});

test('a prediction question is settled by its block, which runs inside the answer', async () => {
  const page = await open();
  const found = await question(page, 'prediction-do-nothing');
  await found.locator('[data-letter="A"] input').check();
  await found.getByRole('button', { name: 'Check' }).click();
  await found.getByText('The block below shows what happens.').waitFor();
  await found.locator('.cell-words').filter({ hasText: 'Same as recorded' }).waitFor();
  assert.deepEqual(await found.getByRole('cell').allTextContents(), ['placed']);
  await page.close();
});

test('a prediction is written down before its block runs, can’t be changed afterwards, and stands there again', async () => {
  const page = await open();
  const cell = page.locator('run-cell[data-block="double-load"]');
  await cell.getByRole('radio').nth(2).check();
  await cell.getByRole('button', { name: 'Run block double-load' }).click();
  await cell.getByText('You predicted: The second run fails with an error').waitFor();
  assert.ok(await cell.getByRole('radio').first().isDisabled());
  await page
    .locator('guide-progress [data-part="Core"]')
    .getByText(/^1 of \d+$/)
    .waitFor();
  await page.reload();
  await page.locator('guide-progress').getByText('In progress').waitFor();
  assert.ok(await cell.getByRole('radio').nth(2).isChecked());
  await cell.getByRole('button', { name: 'Run block double-load' }).click();
  await cell.locator('.cell-words').filter({ hasText: 'Same as recorded' }).waitFor();
  const kinds = (await readFile(join(journal, 'events.jsonl'), 'utf8'))
    .split('\n')
    .filter((line) => line.includes('"double-load"'))
    .map((line) => (JSON.parse(line) as { kind: string }).kind);
  assert.deepEqual(kinds, ['predicted', 'ran', 'ran']);
  await page.close();
});

test('home shows where the learner stands, and their own tick', async () => {
  const home = await open('/');
  const row = home.locator('[data-guide="03-idempotency"]');
  await row.getByText(/^core \d+ of \d+, quiz 1 of \d+ right$/).waitFor();
  await home.getByText(/^0 of 15 guides done, 1 begun\.$/).waitFor();
  await home.getByRole('link', { name: 'Go on with Idempotency' }).click();
  await home.waitForURL(`${app.origin}${GUIDE}`);
  const progress = home.locator('guide-progress');
  await progress.getByText('In progress').click();
  assert.ok((await progress.locator('li').allInnerTexts()).includes('run old-retry'));
  await progress.getByRole('button', { name: 'Tick it off by hand' }).click();
  await progress.getByText('Done, ticked by hand').waitFor();
  await home.goto(`${app.origin}/`);
  await row.getByText('done, ticked by hand').waitFor();
  assert.match(await readFile(join(journal, 'README.md'), 'utf8'), /\[x\] .*Idempotency/);
  await home.goto(`${app.origin}${GUIDE}`);
  await progress.getByText('Done, ticked by hand').click();
  await progress.getByRole('button', { name: 'Take the tick back' }).click();
  await progress.getByText('In progress').waitFor();
  await home.close();
});

test('what in the folder can’t be read is told, as text', async () => {
  await appendFile(join(journal, 'events.jsonl'), '<img src=x onerror=document.title=1>\n');
  const page = await open();
  const told = page.locator('guide-progress').getByRole('alert');
  await told.getByText('no whole JSON value').waitFor();
  assert.equal(await page.locator('guide-progress img').count(), 0);
  await page.close();
});

test('where the concept is proved and the guides beside are named; what is not written is not linked', async () => {
  const page = await open();
  assert.match(
    await page.locator('.proofs').innerText(),
    /A Batch Pipeline with Error Handling[\s\S]*Stage 2: Killed at every step/,
  );
  const beside = page.getByRole('navigation', { name: 'Previous and next guide' });
  assert.match(await beside.innerText(), /02 · Change Data Capture[\s\S]*04 · OLTP vs OLAP/);
  for (const part of [page.locator('.proofs > ul > li'), beside.locator('> div')])
    for (const one of await part.all())
      assert.equal(await one.getByText('not written yet').count(), (await one.getByRole('link').count()) === 0 ? 1 : 0);
  await page.close();
});

test('an exercise: rejected with a reason, hints one by one, saved while typing, passed, and there at the next visit', async () => {
  const file = join(journal, 'exercises', '03-idempotency', 'payment-handler.py');
  const page = await open();
  const cell = await alive(page, 'exercise-cell');
  await cell.getByRole('button', { name: 'Check' }).click();
  const verdict = cell.locator('.exercise-verdict');
  await verdict.getByText('a balance of 220').waitFor();
  assert.equal(await cell.locator('.case-passed').count(), 1);
  assert.equal(await cell.locator('.case-waiting').count(), 4);
  assert.equal(await cell.locator('.hint:visible').count(), 1);
  await cell.getByText('Hint 1 of 3').click();
  await cell.getByText('Hint 2 of 3').waitFor();

  await cell.getByRole('button', { name: 'Write' }).click();
  const editor = cell.locator('.cm-content');
  const starter = (await cell.locator('.cell-code code').textContent()) ?? '';
  const solution = await readFile(join(root, 'concepts', 'exercises', 'payment-handler', 'solution.py'), 'utf8');
  await editor.fill(`${fillHole(starter, solution)}\n)`);
  await cell.locator('.prompt-state[data-state="saved"]').waitFor();
  assert.match(await readFile(file, 'utf8'), /ON CONFLICT DO NOTHING[^]*\n\)\n$/);
  await cell.getByRole('button', { name: 'Check' }).click();
  await verdict.getByText(/unmatched '\)'/).waitFor();
  await cell.locator('.cm-line.marked').waitFor();

  // Another editor mends it; the page takes it over, and Ctrl+Enter checks it.
  await writeFile(file, `${fillHole(starter, solution)}\n`);
  await lookedAtAgain(page);
  await cell.getByText('with a change that was made elsewhere').waitFor();
  await editor.press('Control+Enter');
  await cell.getByText('Passed: right in all 6 cases.').waitFor({ timeout: 3 * PATIENCE_MS });
  await page.locator('[data-part="Core"] .part-words', { hasText: /^[1-9]/ }).waitFor();

  await page.reload();
  const again = await alive(page, 'exercise-cell');
  await again.locator('.exercise-passed').waitFor();
  assert.match(await again.locator('.cm-content').innerText(), /ON CONFLICT DO NOTHING/);
  const { violations } = await new AxeBuilder({ page }).include('exercise-cell').analyze();
  assert.deepEqual(violations, []);
  await again.getByRole('button', { name: 'anew' }).click();
  await again.getByText(/is kept in .*payment-handler\.1\.py/).waitFor();
  await page.close();
});

test('what was typed while the app was away is there at the next visit, and is saved then', async () => {
  const page = await open();
  const own = await prompt(page, 'own-work');
  const port = Number(new URL(app.origin).port);
  await app.stop();
  await box(own).fill('typed while nobody listened');
  await inState(own, 'failed');
  assert.match(await shown(own).innerText(), /^not saved: The app is not running\./);
  await page.close();
  assert.doesNotMatch(await notes(), /nobody listened/);
  app = await startApp(root, state, { port });
  const later = await open();
  const again = await prompt(later, 'own-work');
  assert.equal(await box(again).inputValue(), 'typed while nobody listened');
  await inState(again, 'saved');
  assert.match(await notes(), /nobody listened/);
  assert.deepEqual(await drafts(later), []);
  await later.close();
});

/** Waits until the box of a prompt holds a text. */
async function holds(page: Page, id: string, text: string): Promise<void> {
  await page.waitForFunction(
    ([selector, expected]) => document.querySelector<HTMLTextAreaElement>(selector)?.value === expected,
    [`[data-prompt="${id}"] textarea`, text] as const,
  );
}

async function assertAxe(page: Page, part: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).include(part).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    assert.deepEqual(found, [], colorScheme);
  }
}

function drafts(page: Page): Promise<string[]> {
  return page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('dej-draft/')));
}
