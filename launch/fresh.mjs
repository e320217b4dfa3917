// Decides whether what was made is still what its inputs would give. Cheap enough to run at every start: file sizes and
// times are compared first, contents only when those differ.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// As in launch.mjs: cheaper than an import.
const require = createRequire(import.meta.url);
const { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } = require('node:fs');

/** What each part is made from and which file must be there once it is made. */
export const PARTS = {
  packages: { inputs: ['package-lock.json'], made: 'node_modules/.package-lock.json' },
  program: { inputs: ['src', 'launch', 'package-lock.json'], made: 'build/cli.mjs' },
  site: {
    inputs: [
      'site',
      'concepts',
      'challenges',
      'projects',
      'plan',
      'docs/primers',
      'src/content',
      'src/study',
      'src/random.ts',
      'src/runner/event.ts',
      'GLOSSARY.md',
      'package-lock.json',
    ],
    made: 'site/dist/index.html',
  },
};
const SKIPPED = new Set(['node_modules', 'dist', '.astro', '__pycache__']);

export function isFresh(root, part) {
  const { made } = PARTS[part];
  if (!existsSync(join(root, made))) return false;
  const stamp = readStamp(root, part);
  if (stamp === undefined) return false;
  const files = inputsOf(root, part);
  if (stamp.stat === statPrint(root, files)) return true;
  if (stamp.content !== contentPrint(root, files)) return false;
  // Only times changed, as after a checkout: remember them, so that the next start is quick again.
  writeStamp(root, part);
  return true;
}

export function writeStamp(root, part) {
  const files = inputsOf(root, part);
  const path = stampPath(root, part);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ stat: statPrint(root, files), content: contentPrint(root, files) }));
}

function readStamp(root, part) {
  try {
    return JSON.parse(readFileSync(stampPath(root, part), 'utf8'));
  } catch {
    return undefined;
  }
}

/** The stamp of the packages lies among them, so that deleting node_modules deletes it too. */
function stampPath(root, part) {
  return part === 'packages' ? join(root, 'node_modules', '.dej-stamp.json') : join(root, '.dej', `${part}.stamp.json`);
}

function inputsOf(root, part) {
  const found = [];
  const walk = (relative) => {
    for (const entry of readdirSync(join(root, relative), { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue;
      const path = `${relative}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else found.push(path);
    }
  };
  for (const input of PARTS[part].inputs) {
    const stat = statSync(join(root, input), { throwIfNoEntry: false });
    if (stat?.isDirectory()) walk(input);
    else if (stat) found.push(input);
  }
  return found.sort();
}

/** The list itself, not a hash of it: loading the hash costs more than comparing a few kilobytes. */
function statPrint(root, files) {
  let print = '';
  for (const file of files) {
    const { size, mtimeMs } = statSync(`${root}/${file}`);
    print += `${file} ${size} ${mtimeMs}\n`;
  }
  return print;
}

function contentPrint(root, files) {
  const { createHash } = require('node:crypto');
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}
