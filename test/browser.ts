import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { chromium, type Browser } from 'playwright-core';

import { WorldError } from '#src/error.ts';
import { ownRoot } from '#src/paths.ts';
import { capture } from '#src/process.ts';

const NAMES = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser'];
const MAC_APPS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The path of a Chrome or Chromium on this machine, or undefined. */
export function findBrowser(): string | undefined {
  const asked = process.env['CHROME_PATH'];
  if (asked !== undefined) return asked;
  const folders = (process.env['PATH'] ?? '').split(':');
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  return found ?? MAC_APPS.find((path) => existsSync(path)) ?? downloaded();
}

/** Where the browser tool keeps what it downloaded. */
function downloaded(): string | undefined {
  const path = chromium.executablePath();
  return existsSync(path) ? path : undefined;
}

/** Like findBrowser, but installs one where there is none: Debian's package as root, else the tool's own download. */
export async function ensureBrowser(tell: (line: string) => void): Promise<string> {
  const found = findBrowser();
  if (found !== undefined) return works(found);
  const lastLines: string[] = [];
  for (const { told, argvs } of ways()) {
    tell(told);
    for (const argv of argvs) {
      const { stdout, stderr } = await capture(argv, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
      lastLines.push(...`${stdout}\n${stderr}`.trim().split('\n').slice(-10));
    }
    const installed = findBrowser();
    if (installed !== undefined) return works(installed);
  }
  throw new WorldError('the tests need Chrome or Chromium, and none could be installed', {
    remedy: 'Install Google Chrome or Chromium, or set CHROME_PATH to one.',
    lastLines,
  });
}

interface Way {
  readonly told: string;
  readonly argvs: readonly [string, ...string[]][];
}

function ways(): Way[] {
  const debian: Way = {
    told: 'No Chrome or Chromium here: installing Debian’s package (about 100 MB) …',
    argvs: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
    ],
  };
  const cli = join(ownRoot(import.meta.dirname), 'node_modules', 'playwright-core', 'cli.js');
  const download: Way = {
    told: 'No Chrome or Chromium here: downloading one for the tests (about 180 MB) …',
    argvs: [[process.execPath, cli, 'install', 'chromium']],
  };
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') ? [debian, download] : [download];
}

/** Some systems have a stub by that name, which only tells how to install the real one. */
async function works(path: string): Promise<string> {
  const remedy = 'Install Google Chrome or Chromium, or set CHROME_PATH to one that starts.';
  const { code, stderr } = await capture([path, '--version'], { timeoutMs: 60_000 });
  if (code === 0) return path;
  throw new WorldError(`${path} does not start`, { remedy, lastLines: stderr.trim().split('\n').slice(-10) });
}

/** A headless browser that talks to nobody but the pages it is told to open. */
export function launchBrowser(extra: readonly string[] = []): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === undefined)
    throw new WorldError('no Chrome or Chromium', { remedy: 'Install one, or set CHROME_PATH.' });
  const quiet = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  // Chrome's own sandbox refuses to run as root.
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args: [...quiet, ...root, ...extra] });
}
