// The one entry of the project: `npm start`, `npm test` and `./dej` all come through here. It runs on Node 18 or newer,
// needs nothing installed, and brings everything else into being before it hands over.
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// An import of node:fs touches all it exports, streams included, which takes longer than this whole file.
const { existsSync, readFileSync } = module.createRequire(import.meta.url)('node:fs');

const root = dirname(fileURLToPath(import.meta.url));
const [verb = 'start', ...rest] = process.argv.slice(2);
const FLOOR = 24;

process.env.DEJ_ROOT = root;
// No tool we start reports home; each has its own switch.
process.env.ASTRO_TELEMETRY_DISABLED = '1';
process.env.DO_NOT_TRACK = '1';

try {
  await main();
} catch (error) {
  if (process.env.DEJ_DEBUG === '1' || !error.remedy) console.error(error);
  else console.error(`${error.message}\n${error.remedy}`);
  process.exitCode = 2;
}

async function main() {
  // Needs nothing that would have to be prepared, on any Node.
  if (verb === 'dej' && rest.length === 1 && rest[0] === '--version') {
    console.log(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version);
    return;
  }
  // `npm run docs` makes it from the verbs themselves.
  if (verb === 'dej' && rest.length === 1 && ['--help', '-h', 'help'].includes(rest[0])) {
    // Whoever reads may have gone away.
    process.stdout.on('error', () => {});
    process.stdout.write(readFileSync(join(root, 'launch', 'help.txt'), 'utf8'));
    return;
  }
  if (Number.parseInt(process.versions.node, 10) < FLOOR) {
    const { handOver } = await import('./launch/runtime.mjs');
    return handOver(root, FLOOR, process.argv.slice(1));
  }
  if (verb === 'dej' || verb === 'start') {
    const args = verb === 'start' ? ['open', ...rest] : rest;
    await prepare(args[0] === 'open' ? ['packages', 'program', 'site'] : ['packages', 'program']);
    // The compile cache saves parsing our own bundle at each start.
    module.enableCompileCache?.(join(root, '.dej', 'compile-cache'));
    const { main: cli } = await import('./build/cli.mjs');
    return cli(args);
  }
  const { hand } = await import('./launch/tasks.mjs');
  await prepare(
    verb === 'test' || verb === 'bench' || verb === 'gate' ? ['packages', 'program', 'site'] : ['packages'],
  );
  return hand(root, verb, rest);
}

async function prepare(parts) {
  const { isFresh } = await import('./launch/fresh.mjs');
  const stale = parts.filter((part) => !isFresh(root, part));
  if (stale.length === 0 && existsSync(join(root, 'node_modules'))) return;
  const { make } = await import('./launch/make.mjs');
  await make(root, stale);
}
