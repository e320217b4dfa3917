// Makes what is missing or stale: packages, the bundled program, the site. One maker at a time per clone; a second
// waits, then finds everything made.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

import { isFresh, writeStamp } from './fresh.mjs';
import { showWork } from './progress.mjs';

const STEPS = { packages, program, site };

export async function make(root, parts) {
  const release = await lock(root);
  try {
    for (const part of Object.keys(STEPS)) {
      // Another start may have made it while this one waited.
      if (!parts.includes(part) || isFresh(root, part)) continue;
      await STEPS[part](root);
      writeStamp(root, part);
    }
  } finally {
    release();
  }
}

async function packages(root) {
  const wanted = Object.keys(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages).length - 1;
  const work = showWork('Installing packages (about 200 MB to download, 440 MB on disk, once)', () => {
    const done = countPackages(join(root, 'node_modules'));
    return `${Math.min(done, wanted)} of about ${wanted}`;
  });
  await runNpm(root, ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], work);
}

/** Packages of other platforms are in the lock file but not installed, so the count ends somewhat lower. */
function countPackages(folder) {
  let count = 0;
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (name.startsWith('@')) count += readdirSync(join(folder, name)).length;
    else if (!name.startsWith('.')) count++;
  }
  return count;
}

async function program(root) {
  const work = showWork('Building the program');
  const { bundle } = await import('./bundle.mjs');
  try {
    await bundle(root);
  } catch (error) {
    // What counts the seconds would keep a failed start alive for ever.
    work.fail();
    throw error;
  }
  work.done();
}

async function site(root) {
  const work = showWork('Building the site');
  const astro = join(root, 'node_modules', 'astro', 'bin', 'astro.mjs');
  await run(root, process.execPath, [astro, 'build', '--root', join(root, 'site')], work);
}

/** npm from the Node that runs us may be absent (a managed Node brings none), so the one on PATH is used. */
function runNpm(root, args, work) {
  const own = process.env.npm_execpath;
  return own && /npm-cli\.[cm]?js$/.test(own)
    ? run(root, process.execPath, [own, ...args], work)
    : run(root, 'npm', args, work);
}

export function run(cwd, program, args, work) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}` };
    // A parent npm hands its own settings down as variables; they are not meant for this call.
    for (const name of Object.keys(env))
      if (
        /^npm_(config_(?!cache|registry|userconfig|globalconfig|prefix|.*proxy|cafile|noproxy|strict)|lifecycle|package)/i.test(
          name,
        )
      )
        delete env[name];
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => (output = (output + chunk).slice(-20_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const fail = (why) => {
      work.fail();
      const lines = output.trim().split('\n').slice(-30).join('\n');
      const error = new Error(`${work.what} failed: ${why}\n${lines}`);
      error.remedy =
        'Check the network and the free disk space, then run the same command again; what was fetched is not fetched twice.';
      reject(error);
    };
    child.once('error', (error) => fail(error.code === 'ENOENT' ? `${program} is not on PATH` : error.message));
    child.once('close', (code, signal) => {
      if (code !== 0) return fail(signal ?? `exit code ${code}`);
      work.done();
      resolve();
    });
  });
}

/** A folder is made or not made, on every file system; who holds it writes its process id inside. */
async function lock(root) {
  const path = join(root, '.dej', 'make.lock');
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}`;
  let told = false;
  for (;;) {
    rmSync(mine, { recursive: true, force: true });
    mkdirSync(mine);
    writeFileSync(join(mine, 'pid'), String(process.pid));
    try {
      // A rename onto a folder that isn't empty fails, and the pid is inside from the first moment.
      renameSync(mine, path);
      return () => rmSync(path, { recursive: true, force: true });
    } catch {
      rmSync(mine, { recursive: true, force: true });
      if (isStale(path)) {
        rmSync(path, { recursive: true, force: true });
        continue;
      }
      if (!told) console.error('Another start is preparing this clone; waiting for it …');
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function isStale(path) {
  try {
    process.kill(Number(readFileSync(join(path, 'pid'), 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH' || error.code === 'ENOENT';
  }
}
