import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { start } from '#src/process.ts';

/** Opens an address in the learner's browser. False where there is none to open, as on a server. */
export async function openBrowser(address: string): Promise<boolean> {
  for (const argv of await openers(address)) {
    try {
      const child = await start(argv, { output: 'ignore', detach: true, group: true });
      // An opener that fails does so at once or never tells; its exit code is taken where it comes.
      const { code } = await child.exited;
      if (code === 0) return true;
    } catch {
      continue;
    }
  }
  return false;
}

async function openers(address: string): Promise<[string, ...string[]][]> {
  if (process.platform === 'darwin') return [['open', address]];
  if (await isWindowsSubsystem())
    return [
      ['wslview', address],
      ['explorer.exe', address],
    ];
  const hasScreen = process.env['DISPLAY'] !== undefined || process.env['WAYLAND_DISPLAY'] !== undefined;
  return hasScreen ? [['xdg-open', address]] : [];
}

async function isWindowsSubsystem(): Promise<boolean> {
  if (process.platform !== 'linux' || !existsSync('/proc/sys/kernel/osrelease')) return false;
  return /microsoft/i.test(await readFile('/proc/sys/kernel/osrelease', 'utf8'));
}
