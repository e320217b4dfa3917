import { globSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { readSupervisorFile } from '#src/engines/connect.ts';
import { memoryBytes } from '#src/engines/memory.ts';
import { pathsOf, type Paths } from '#src/paths.ts';
import { ensureBrowser, launchBrowser } from '#test/browser.ts';
import { startApp } from '#test/e2e/app.ts';

import { timed } from './ab.ts';

/** What is counted once, against a fixed floor of a peer. */
export interface Count {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** A published or measured figure of a peer, or the goal; undefined where there is none. */
  readonly goal: number | undefined;
  readonly goalName: string;
}

/** Every file of the program and the site, with when it was written. */
async function made(root: string): Promise<string[]> {
  const files = globSync(['build/**', 'site/dist/**'], { cwd: root });
  return Promise.all(files.map(async (file) => `${file} ${(await stat(join(root, file))).mtimeMs}`));
}

/** Weight, requests and blocking time of a guide page; second start; memory of the app with its engines at rest. */
export async function appCounts(paths: Paths): Promise<Count[]> {
  await ensureBrowser(console.log);
  const state = await mkdtemp(join(tmpdir(), 'dej-bench-app-'));
  await (await startApp(paths.root, state)).stop();
  const madeBefore = await made(paths.root);
  const starts: number[] = [];
  for (let i = 0; i < 3; i++) {
    let app: Awaited<ReturnType<typeof startApp>> | undefined;
    starts.push(await timed(async () => (app = await startApp(paths.root, state))));
    await app?.stop();
  }
  const rebuilt = (await made(paths.root)).filter((file) => !madeBefore.includes(file)).length;
  const app = await startApp(paths.root, state);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(app.address);
    await page.waitForURL(`${app.origin}/`);
    const sizes: Promise<number>[] = [];
    page.on('response', (response) => {
      sizes.push(
        response.body().then(
          (body) => gzipSync(body, { level: 9 }).length,
          () => 0,
        ),
      );
    });
    await page.addInitScript(() => {
      const blocked: number[] = [];
      Object.assign(globalThis, { blocked });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) blocked.push(Math.max(0, duration - 50));
      }).observe({ type: 'longtask', buffered: true });
    });
    await page.goto(`${app.origin}/concepts/03-idempotency/`);
    await page.waitForLoadState('networkidle');
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    const blockingMs = await page.evaluate(() =>
      (globalThis as unknown as { blocked: number[] }).blocked.reduce((sum, ms) => sum + ms, 0),
    );
    const supervisor = await readSupervisorFile(pathsOf(paths.root, { ...process.env, DEJ_STATE: state }));
    const megabytes = (await memoryBytes([app.pid, ...(supervisor === undefined ? [] : [supervisor.pid])])) / 1e6;
    return [
      { name: 'guide page, zipped', value: bytes, unit: 'bytes', goal: 58_600, goalName: 'Starlight’s documentation' },
      { name: 'guide page, requests', value: sizes.length, unit: '', goal: 13, goalName: 'Starlight’s documentation' },
      { name: 'guide page, blocking time', value: blockingMs, unit: 'ms', goal: 0, goalName: 'none' },
      {
        name: 'second npm start, to its address',
        value: starts.toSorted((a, b) => a - b)[1] ?? 0,
        unit: 'ms',
        goal: undefined,
        goalName: '',
      },
      { name: 'second npm start, files made anew', value: rebuilt, unit: '', goal: 0, goalName: 'none' },
      {
        name: 'idle app with three engines up',
        value: megabytes,
        unit: 'MB',
        goal: undefined,
        goalName: 'shared pages count in each process',
      },
    ];
  } finally {
    await browser.close();
    await app.stop();
    await rm(state, { recursive: true, force: true });
  }
}
