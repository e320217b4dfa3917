import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ownRoot } from '#src/paths.ts';
import { ensureBrowser, launchBrowser } from '#test/browser.ts';
import { startApp } from '#test/e2e/app.ts';

/** `npm run screenshot`: README's picture, made from the running app on a state of its own. */
const root = ownRoot();
await ensureBrowser(console.log);
const state = await mkdtemp(join(tmpdir(), 'dej-shot-'));
const app = await startApp(root, state);
const browser = await launchBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
  await page.goto(app.address);
  await page.waitForURL((url) => !url.searchParams.has('code'));
  await page.goto(`${app.origin}/concepts/03-idempotency/`);
  const cell = page.locator('run-cell[data-block="double-load"]');
  await cell.getByRole('button', { name: 'Run block' }).waitFor();
  await cell.getByRole('radio').first().check();
  await cell.getByRole('button', { name: 'Run block' }).click();
  await cell.getByRole('table').waitFor();
  await cell.scrollIntoViewIfNeeded();
  await page.evaluate(() => scrollBy(0, 260));
  await page.screenshot({ path: join(root, 'docs', 'screenshot.png') });
  console.log('written   docs/screenshot.png');
} finally {
  await browser.close();
  await app.stop();
  await rm(state, { recursive: true, force: true });
}
